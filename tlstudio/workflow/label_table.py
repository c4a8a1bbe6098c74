"""The lines of exported tables. A table's first columns have the names that an import knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tlstudio.domain.safe_text import table
from tlstudio.domain.values import ImageRow
from tlstudio.storage.journal_lines import JournalLine

TABLE_COLUMNS = (
    "path", "class", "group", "split", "excluded", "unsure", "note", "author", "time", "width", "height", "content",
)  # fmt: skip
# None of these is taken for a file's name by an import, so that the journal is never mistaken for a list of images.
HISTORY_COLUMNS = ("change", "time", "author", "action", "title", "object", "field", "before", "after", "taken back")
ACTIONS = {"import": "import", "label": "edit", "undo": "undo", "redo": "redo"}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An image that leaves. author, at: of the change that gave it its class; at in seconds since the epoch."""

    row: ImageRow
    author: str
    at: float | None
    columns: Mapping[str, str]


def table_row(image: Outgoing, place: str, further: Sequence[str]) -> list[str]:
    """The cells under TABLE_COLUMNS and the further ones."""
    row = image.row
    return [
        place,
        row.label or "",
        row.group or "",
        row.split.value,
        "yes" if row.excluded else "",
        "yes" if row.unsure else "",
        row.note,
        image.author,
        when(image.at),
        str(row.width),
        str(row.height),
        row.content,
        *(image.columns.get(name, "") for name in further),
    ]


def history_row(line: JournalLine) -> list[str]:
    """The cells under HISTORY_COLUMNS."""
    return [
        str(line.change),
        when(line.at),
        line.author,
        ACTIONS[line.kind],
        line.title,
        line.object,
        line.field,
        line.before,
        line.after,
        "yes" if line.taken_back else "",
    ]


def when(at: float | None) -> str:
    """`2026-03-01T09:30:00Z`; empty for an unknown time."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_csv(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with the mark that lets spreadsheets see it; no cell is one that they calculate."""
    return table([heading, *rows]).encode("utf-8-sig")
