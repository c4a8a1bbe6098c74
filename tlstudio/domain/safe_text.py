"""Text that somebody else wrote, made safe for where it goes: terminals, logs, tables, files.

Names of files, classes, projects and people come from strangers' disks and tables. A terminal obeys escape sequences in them, a
spreadsheet calculates what begins like a formula, and bytes that are no text can't be written down at all. Whatever is printed,
logged or written as a table goes through one of these functions.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable
from typing import Any

_NO_TEXT = re.compile("[\ud800-\udfff]")
# Control signs, the two separators that count as line ends, and the signs that turn the direction of what follows (UAX 9);
# isolates stay, because the program sets names apart by them.
_SIGNS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_SIGNS_BUT_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_IN_CELLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_PICTURES = re.compile("[\u2400-\u241f\u2421]")
_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")

# What a spreadsheet takes for a formula, in ASCII and in full width, and an apostrophe that was put before one.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = "=+\\-@\t\r\n＝＋－＠"
_CELL = re.compile(f"'*[ \u00a0]*[{_FORMULA}]")
_MARKED_CELL = re.compile(f"'+[ \u00a0]*[{_FORMULA}]")


def storable(text: str) -> str:
    """The text with � for what is none: bytes of a file name in no encoding, halves of a pair."""
    return text if text.isascii() else _NO_TEXT.sub("\ufffd", text)


def visible(text: str, *, lines: bool = False) -> str:
    """One line for people: control signs as pictures (`␛` for an escape), nothing that moves a cursor or turns the direction.

    lines: ends of lines stay, for text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return (_SIGNS_BUT_LINES if lines else _SIGNS).sub(_picture, storable(text))


def _picture(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\u2424" if sign[0] in "\u2028\u2029" else "\ufffd"


def cell(text: str) -> str:
    """A cell of a table for people and spreadsheets: what would be calculated gets an apostrophe before it.

    `from_cell` takes it away again. Control signs but ends of lines and tabs become pictures, as a table may be shown in a
    terminal; `with_controls` finds a file under its own name again.
    """
    text = storable(text.replace("\r\n", "\n"))
    if not text.isprintable():
        text = _IN_CELLS.sub(_picture, text)
    return f"'{text}" if _CELL.match(text) else text


def from_cell(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if text[:1] == "'" and _MARKED_CELL.match(text) else text


def with_controls(text: str) -> str:
    """The name that `cell` and `visible` made pictures in."""
    return (
        text
        if text.isascii()
        else _PICTURES.sub(lambda sign: "\x7f" if sign[0] == "\u2421" else chr(ord(sign[0]) - 0x2400), text)
    )


def table(rows: Iterable[Iterable[str | float | None]]) -> str:
    """Lines of CSV. Text goes through `cell`; figures are written as they are, None is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([cell(each) if isinstance(each, str) else each for each in row] for row in rows)
    return text.getvalue()


def json_text(value: Any) -> str:
    """One line of JSON that every reader takes and no terminal obeys.

    Control signs are written as `\\u009b`; a figure that is none (infinite, not a number) becomes null, as JSON has no word
    for it.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)
    return _IN_JSON.sub(_escaped, text)


def parse_json(text: str | bytes) -> Any:
    """What a file says that anybody may have written. Raises ValueError for what is no JSON, and for what is nested too deep."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _escaped(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
