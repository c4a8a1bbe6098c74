"""The classes of a folder or a project as a table: name, how many, a few pictures, how they are divided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from PySide6.QtCore import QObject, Qt

from tlstudio.domain.values import ClassOverview, Split
from tlstudio.gui.messages import count, number
from tlstudio.gui.models.rows import Index, RowsModel

ROW_ROLE = Qt.ItemDataRole.UserRole
PICTURES = 24


class Column(IntEnum):
    NAME = 0
    COUNT = 1
    PICTURES = 2
    SPLITS = 3


class Text:
    NO_CLASS = "Without a class"
    HEADERS = ("Class", "Images", "A few of them", "Training, validation, test")


@dataclass(frozen=True, slots=True)
class ClassRow:
    """pictures: thumbnails the program made; empty before the import."""

    name: str
    count: int
    pictures: tuple[Path, ...] = ()
    splits: tuple[tuple[Split, int], ...] = ()


def rows_of_project(parts: Sequence[ClassOverview], thumbnail: Callable[[str], Path]) -> list[ClassRow]:
    """One row a class, in the user's order; images without a class, if there are any, are the last row.

    thumbnail: the file for a content.
    """
    return [
        ClassRow(
            Text.NO_CLASS if part.label is None else part.label,
            part.count,
            tuple(map(thumbnail, part.contents)),
            tuple(part.splits.items()),
        )
        for part in parts
    ]


class ClassTableModel(RowsModel[ClassRow]):
    """ROW_ROLE gives the whole ClassRow to the painter."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(Column), parent)

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    @property
    def rows(self) -> list[ClassRow]:
        return self._rows

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        column = Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return {Column.NAME: row.name, Column.COUNT: number(row.count)}.get(column)
        if role == Qt.ItemDataRole.AccessibleTextRole or (
            role == Qt.ItemDataRole.ToolTipRole and column != Column.COUNT
        ):
            return self._in_words(row, column)
        return None

    @staticmethod
    def _in_words(row: ClassRow, column: Column) -> str:
        if column is Column.SPLITS:
            return ", ".join(f"{split.caption} {number(value)}" for split, value in row.splits)
        return f"{row.name}, {count(row.count, 'image')}"

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return Text.HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == Column.COUNT else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None
