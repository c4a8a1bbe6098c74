"""What all tables of the window share: a list of rows under a fixed number of columns."""

from __future__ import annotations

from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
R = TypeVar("R")


class RowsModel(QAbstractTableModel, Generic[R]):
    """columns: how many there are."""

    def __init__(self, columns: int, parent: QObject | None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._rows: list[R] = []

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else self._columns
