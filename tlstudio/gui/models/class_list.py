"""The classes of a project as a list for the buckets: name, count, and a last row for images without a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from tlstudio.domain.values import ImageClass
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_UNLABELED = "No class yet"


class ClassListModel(QAbstractListModel):
    """rename_wanted: (old name, new name) after the user edited a row; the page renames and gives the classes anew."""

    CountRole = Qt.ItemDataRole.UserRole + 1
    LabelRole = Qt.ItemDataRole.UserRole + 2  # the class name, None for the images without one

    rename_wanted = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._classes: list[ImageClass] = []
        self._unlabeled = 0

    def set_classes(self, classes: Sequence[ImageClass], unlabeled: int) -> None:
        self.beginResetModel()
        self._classes, self._unlabeled = list(classes), unlabeled
        self.endResetModel()

    def set_counts(self, classes: Sequence[ImageClass], unlabeled: int) -> None:
        """New numbers; the rows stay, and with them focus and selection, unless the classes themselves changed."""
        same = [c.name for c in classes] == [c.name for c in self._classes]
        if not same or bool(unlabeled) != bool(self._unlabeled):
            self.set_classes(classes, unlabeled)
            return
        self._classes, self._unlabeled = list(classes), unlabeled
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def classes(self) -> list[ImageClass]:
        return self._classes

    def label(self, row: int) -> str | None:
        return self._classes[row].name if row < len(self._classes) else None

    def row_of(self, label: str | None) -> int:
        return next((n for n in range(self.rowCount()) if self.label(n) == label), -1)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._classes) + bool(self._unlabeled)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        label = self.label(index.row())
        count = self._unlabeled if label is None else self._classes[index.row()].count
        name = _UNLABELED if label is None else label
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{isolated(name)}, {messages.count(count, 'image')}"
        return {self.CountRole: count, self.LabelRole: label}.get(role)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        old, new = self.label(index.row()), str(value).strip()
        if role != Qt.ItemDataRole.EditRole or old is None or not new or new == old:
            return False
        self.rename_wanted.emit(old, new)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        plain = flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDropEnabled | flag.ItemNeverHasChildren
        return plain | flag.ItemIsEditable if self.label(index.row()) is not None else plain
