"""The rows that offline prediction sends, as a table that sorts and stays quick with tens of thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar

from PySide6.QtCore import QModelIndex, QObject, Qt

from tlstudio.domain.safe_text import visible
from tlstudio.domain.wording import isolated
from tlstudio.gui.messages import percent
from tlstudio.gui.models.rows import Index, RowsModel

ROW_ROLE = Qt.ItemDataRole.UserRole


class Column(IntEnum):
    PICTURE = 0
    LABEL = 1
    CONFIDENCE = 2
    STATUS = 3
    FILE = 4


class Text:
    HEADERS = ("", "Class", "Confidence", "Status", "File")
    STATUS: ClassVar = {
        "ok": "Confident",
        "uncertain": "Uncertain",
        "unfamiliar": "Unfamiliar",
        "refused": "Not readable",
    }
    MEANING: ClassVar = {
        "ok": "The model is confident of this class.",
        "uncertain": "No class stands out. Look at this image yourself.",
        "unfamiliar": "Unlike the training images. The model may be wrong without knowing it; look yourself.",
        "refused": "This file could not be used.",
    }
    FLAGGED = "Flagged"  # in place of confident, where a threshold decided against the most likely class
    SPOKEN = "{file}: {status}, {label} {confidence}"


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One image. picture: a small copy the program made, or None. Refused images have no label and confidence 0."""

    file: Path
    status: str
    label: str
    confidence: float
    message: str
    picture: Path | None
    probabilities: tuple[tuple[str, float], ...]
    number: int  # in the order they arrived
    raw: dict[str, Any]  # the event's row, for the CSV

    @staticmethod
    def read(row: dict[str, Any], number: int) -> PredictionRow:
        """From a `Predicted` event's row."""
        picture = row.get("thumbnail")
        chances = row.get("probabilities") or {}
        return PredictionRow(
            file=Path(row["file"]),
            status=str(row.get("status") or "refused"),
            label=str(row.get("label") or ""),
            confidence=float(row.get("confidence") or 0.0),
            message=str(row.get("message") or ""),
            picture=Path(picture) if picture else None,
            probabilities=tuple(sorted(((str(k), float(v)) for k, v in chances.items()), key=lambda p: -p[1])),
            number=number,
            raw=row,
        )

    def status_words(self) -> str:
        """The status as the table shows it."""
        if self.status == "ok" and self.probabilities and self.probabilities[0][0] != self.label:
            return Text.FLAGGED
        return Text.STATUS.get(self.status, self.status)

    def in_words(self) -> str:
        """For the tooltip: what the status means, and the most likely classes."""
        lines = [self.message or Text.MEANING.get(self.status, "")]
        lines += [f"{isolated(name)} {percent(value, 1)}" for name, value in self.probabilities[:5]]
        return "\n".join(line for line in lines if line)


ORDER = ("refused", "unfamiliar", "uncertain", "ok")
KEYS: dict[Column, Callable[[PredictionRow], Any]] = {
    Column.PICTURE: lambda row: row.number,
    Column.LABEL: lambda row: (row.label.casefold(), -row.confidence),
    Column.CONFIDENCE: lambda row: row.confidence,
    Column.STATUS: lambda row: (ORDER.index(row.status) if row.status in ORDER else -1, row.number),
    Column.FILE: lambda row: row.file.name.casefold(),
}


class PredictionTableModel(RowsModel[PredictionRow]):
    """ROW_ROLE gives the whole row to the painter. Rows come in batches; a chosen order is kept while they come."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(Column), parent)
        self._sorted_by: tuple[Column, bool] | None = None

    @property
    def rows(self) -> Sequence[PredictionRow]:
        return self._rows

    def clear(self) -> None:
        self.beginResetModel()
        self._rows = []
        self.endResetModel()

    def add(self, rows: Sequence[PredictionRow]) -> None:
        if not rows:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self._rows.extend(rows)
        self.endInsertRows()
        if self._sorted_by is not None:
            self._resort()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted_by = None if column < 0 else (Column(column), order is Qt.SortOrder.DescendingOrder)
        self._resort()

    def _resort(self) -> None:
        """Sorts in place; a selection stays on its image."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [(index, self._rows[index.row()]) for index in before]
        column, down = self._sorted_by or (Column.PICTURE, False)
        self._rows.sort(key=KEYS[column], reverse=down)
        if held:
            place = {row.number: i for i, row in enumerate(self._rows)}
            after = [self.index(place[row.number], index.column()) for index, row in held]
            self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._shown(row, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return visible(str(row.file)) if index.column() == Column.FILE else row.in_words()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            words = {"file": visible(row.file.name), "status": row.status_words(), "label": row.label}
            return Text.SPOKEN.format(
                **{k: isolated(v) for k, v in words.items()},
                confidence=percent(row.confidence) if row.label else row.message,
            )
        return None

    @staticmethod
    def _shown(row: PredictionRow, column: Column) -> str:
        return {
            Column.LABEL: row.label,
            Column.CONFIDENCE: percent(row.confidence) if row.label else "",
            Column.STATUS: row.status_words(),
            Column.FILE: visible(row.file.name),
        }.get(column, "")

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return Text.HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None
