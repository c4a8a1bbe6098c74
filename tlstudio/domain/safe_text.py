"""Text that somebody else wrote, made safe for where it goes: terminals, logs, tables, files.

Names of files, classes, projects and people come from strangers' disks and tables. A terminal obeys escape sequences in them, a
spreadsheet calculates what begins like a formula, and bytes that are no text can't be written down at all. Whatever is printed,
logged or written as a table goes through one of these functions.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NO_TEXT = re.compile("[\ud800-\udfff]")
# Control signs, the two separators that count as line ends, and the signs that turn the direction of what follows (UAX 9);
# isolates stay, because the program sets names apart by them.
_SIGNS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
_SIGNS_BUT_LINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")
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

    `from_cell` takes it away again, so nothing is lost between the two.
    """
    text = storable(text)
    return f"'{text}" if _CELL.match(text) else text


def from_cell(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if text[:1] == "'" and _MARKED_CELL.match(text) else text


def json_text(value: Any) -> str:
    """One line of JSON that every reader takes and no terminal obeys; control signs are written as `\\u009b`."""
    return _IN_JSON.sub(_escaped, json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


def _escaped(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"
