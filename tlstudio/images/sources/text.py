"""Tables as people save them: any delimiter, any usual encoding, quoted fields, Excel's `sep=` line, JSON lines.

What no list of images has (thousands of columns, lines of megabytes) is refused before it is taken apart.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from tlstudio.domain.errors import FileTrouble
from tlstudio.domain.importing import Encoding
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.sources.encodings import damaged, decode, mended

DELIMITERS = (",", ";", "\t", "|")
LOOK = 65_536  # characters that the delimiter is told from
MOST_COLUMNS = 5_000
MOST_CELLS = 50_000_000  # of entries that name their fields one by one
LONGEST_LINE = 4 * 1024 * 1024  # bytes
NOT_TEXT = "It holds bytes that are no text. If the whole table is in another encoding, say in which (--encoding)."


@dataclass(frozen=True, slots=True)
class Table:
    """rows: cells in the order of `columns`; a missing cell is empty. where: the place of each row, for people ("Row 17").

    trouble: {index of a row: why it can't be used}. encoding: how the text was read, None where there was nothing to choose.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    where: list[str]
    trouble: dict[int, str]
    encoding: Encoding | None = None

    def cell(self, row: int, column: int) -> str:
        return self.reader(column)(self.rows[row])

    @staticmethod
    def reader(column: int) -> Callable[[list[str]], str]:
        """What takes a column's cell out of a row; a missing cell, or the column -1, is empty."""
        if column < 0:
            return lambda cells: ""
        return lambda cells: cells[column].strip() if column < len(cells) else ""


def read_table(path: Path, data: bytes, encoding: str = "") -> Table:
    """A table from the bytes of a CSV (any delimiter) or JSON lines file.

    encoding: empty to find it out. Raises FileTrouble where it is no table, or has more columns or longer lines than any list
    of images, and WrongUsage for an encoding that there isn't.
    """
    _need_lines(path, data)
    found = decode(data, encoding)
    lines = path.suffix.lower() == ".jsonl"
    try:
        table = _from_lines(path, found.text) if lines else _from_csv(path, found.text)
    except csv.Error as error:
        raise FileTrouble(
            f"The file can't be read as a table: {error}.", remedy="Save it again as CSV.", path=path
        ) from error
    table = replace(table, encoding=found.encoding)
    return _without_damage(table) if damaged(found.text) else table


def _need_lines(path: Path, data: bytes) -> None:
    """Raises FileTrouble for a line that would fill the memory with cells."""
    start, number = 0, 1
    while len(data) - start > LONGEST_LINE:
        end = max(data.rfind(b"\n", start, start + LONGEST_LINE), data.rfind(b"\r", start, start + LONGEST_LINE))
        if end < 0:
            raise FileTrouble(
                f"Line {number:,} of the file is longer than {LONGEST_LINE // 1024**2} MB, too long for a list of images.",
                remedy="Choose the file that lists the images, or save it again as CSV.",
                path=path,
            )
        number += data.count(b"\n", start, end + 1)
        start = end + 1


def _without_damage(table: Table) -> Table:
    """Rows with bytes that are no text can't be used; names of columns are shown with � for them."""
    trouble = {i: NOT_TEXT for i, row in enumerate(table.rows) if any(damaged(cell) for cell in row)}
    rows = [[mended(cell) for cell in row] if i in trouble else row for i, row in enumerate(table.rows)]
    return replace(
        table, columns=_names([mended(c) for c in table.columns]), rows=rows, trouble=table.trouble | trouble
    )


def _from_csv(path: Path, text: str) -> Table:
    delimiter, start = _delimiter(text)
    # More than a field may have by default: a cell may hold a whole report.
    csv.field_size_limit(16 * 1024 * 1024)
    records = list(csv.reader(io.StringIO(text[start:], newline=""), delimiter=delimiter))
    # Nearly every row says something in its first cell already.
    numbered = [
        (n, r) for n, r in enumerate(records, start=1) if r and (r[0].strip() or any(cell.strip() for cell in r))
    ]
    if not numbered:
        return Table(path.name, (), [], [], {})
    first = numbered[0][1]
    if len(first) > MOST_COLUMNS:
        raise FileTrouble(
            f"The table has {len(first):,} columns; a list of images has {MOST_COLUMNS:,} at most.",
            remedy="Choose the file that lists the images, or leave columns out that say nothing of them.",
            path=path,
        )
    if any(_is_image(cell) for cell in first):  # no heading: the first line is an image already
        columns = tuple(f"column {i}" for i in range(1, len(first) + 1))
    else:
        columns = _names(first)
        numbered = numbered[1:]
    rows = [row for _, row in numbered]
    trouble = {
        i: f"It has {len(row)} cells, the table has {len(columns)} columns."
        for i, row in enumerate(rows)
        if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :])
    }
    return Table(path.name, columns, rows, [f"Row {n}" for n, _ in numbered], trouble)


def _delimiter(text: str) -> tuple[str, int]:
    """The delimiter and where the table begins: `sep=;` in the first line says it, else the columns' agreement."""
    line = text[: text.find("\n") + 1] if "\n" in text else text
    if line.lower().startswith("sep=") and len(line.strip("\r\n")) == 5:
        return line[4], len(line)
    sample = text[:LOOK]
    return max(DELIMITERS, key=lambda d: _agreement(sample, d, whole=len(sample) == len(text))), 0


def _agreement(sample: str, delimiter: str, *, whole: bool) -> tuple[float, int]:
    """The share of lines as wide as the first one, and that width; nothing for a single column."""
    try:
        widths = [len(r) for r in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if r]
    except csv.Error:
        return 0.0, 0
    if not whole and len(widths) > 1:
        widths.pop()  # the last line may be cut
    if not widths or widths[0] < 2:
        return 0.0, 0
    return Counter(widths)[widths[0]] / len(widths), widths[0]


def _names(heading: Sequence[str]) -> tuple[str, ...]:
    """Column names: trimmed, none empty, none twice."""
    names: dict[str, None] = {}
    times: Counter[str] = Counter()
    for number, cell in enumerate(heading, start=1):
        plain = name = cell.strip() or f"column {number}"
        times[plain] += 1
        while name in names:
            name = f"{plain} ({times[plain]})"
            times[plain] += name in names
        names[name] = None
    return tuple(names)


def _is_image(cell: str) -> bool:
    return PurePath(cell.strip()).suffix.lower() in SUFFIXES


def _from_lines(path: Path, text: str) -> Table:
    """One JSON object a line; the columns are all names that occur."""
    rows: list[dict[str, str]] = []
    where: list[str] = []
    trouble: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        where.append(f"Line {number}")
        try:
            rows.append(flat(json.loads(line)))
        except (ValueError, RecursionError):
            trouble[len(rows)] = "It is no JSON object."
            rows.append({})
    if len(trouble) == len(rows) and rows:
        raise FileTrouble("The file holds no JSON objects.", remedy="Choose another file.", path=path)
    return from_objects(path.name, rows, where, trouble)


def from_objects(name: str, rows: Sequence[dict[str, str]], where: list[str], trouble: dict[int, str]) -> Table:
    """A table whose columns are all names that occur. Raises FileTrouble for more names, or cells, than any list of images
    has.
    """
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    if len(columns) > MOST_COLUMNS or len(columns) * len(rows) > MOST_CELLS:
        raise FileTrouble(
            f"{name} has {len(columns):,} different fields in {len(rows):,} entries, more than a list of images has.",
            remedy="Choose the file that lists the images, or leave fields out that say nothing of them.",
        )
    return Table(name, columns, [[row.get(c, "") for c in columns] for row in rows], where, trouble)


def flat(value: Any) -> dict[str, str]:
    """A JSON object as cells: text as it is, everything else as JSON. Raises ValueError for anything but an object."""
    if not isinstance(value, dict):
        raise ValueError("no object")
    return {str(k): plain(v) for k, v in value.items() if v is not None}


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def head(table: Table, lines: int) -> Iterator[tuple[str, ...]]:
    """The first rows, for people."""
    for row in range(min(lines, len(table.rows))):
        yield tuple(table.cell(row, column) for column in range(len(table.columns)))
