"""Tables as people save them: any delimiter, any usual encoding, quoted fields, Excel's `sep=` line, JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from tlstudio.domain.errors import FileTrouble
from tlstudio.images.decode import SUFFIXES

DELIMITERS = (",", ";", "\t", "|")
LOOK = 65_536  # characters that the delimiter is told from


@dataclass(frozen=True, slots=True)
class Table:
    """rows: cells in the order of `columns`; a missing cell is empty. where: the place of each row, for people ("Row 17").

    trouble: {index of a row: why it can't be used}.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    where: list[str]
    trouble: dict[int, str]

    def cell(self, row: int, column: int) -> str:
        return self.reader(column)(self.rows[row])

    @staticmethod
    def reader(column: int) -> Callable[[list[str]], str]:
        """What takes a column's cell out of a row; a missing cell, or the column -1, is empty."""
        if column < 0:
            return lambda cells: ""
        return lambda cells: cells[column].strip() if column < len(cells) else ""


def read_table(path: Path, data: bytes) -> Table:
    """A table from the bytes of a CSV (any delimiter) or JSON lines file. Raises FileTrouble where it is none."""
    text = decode(data)
    if path.suffix.lower() == ".jsonl":
        return _from_lines(path, text)
    try:
        return _from_csv(path, text)
    except csv.Error as error:
        raise FileTrouble(
            f"The file can't be read as a table: {error}.", remedy="Save it again as CSV.", path=path
        ) from error


def decode(data: bytes) -> str:
    """Text from bytes: by its mark, else UTF-8, else the code page that Windows uses in the west."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if data.startswith(b"\xef\xbb\xbf"):
        return data.decode("utf-8-sig", "replace")
    head = data[:400]
    if head.count(0) * 3 > len(head):  # every second byte of western UTF-16 is zero
        return data.decode("utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


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
    names: list[str] = []
    for number, cell in enumerate(heading, start=1):
        name = cell.strip() or f"column {number}"
        times = sum(1 for other in names if other == name or other.startswith(f"{name} ("))
        names.append(f"{name} ({times + 1})" if times else name)
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
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
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
