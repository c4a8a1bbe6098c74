"""The figures of each class as a table: how many are found, how often a finding is right."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Qt

from tlstudio.domain.results import ClassFigures, Evaluation
from tlstudio.domain.values import Interval
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages
from tlstudio.gui.models.rows import Index, RowsModel

_HEADS = ("Class", "Sensitivity", "Specificity", "PPV", "Images")
_TIPS = (
    "",
    "Of the images of this class, how many are recognised.",
    "Of the images of other classes, how many are not taken for this one.",
    "Positive predictive value: when the model says this class, how often it is right. It depends on how common the class is.",
    "How many held-out images carry this label.",
)


class ClassFiguresModel(RowsModel[tuple[str, ClassFigures]]):
    """One row a class, in the run's order."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(_HEADS), parent)

    def show_figures(self, evaluation: Evaluation) -> None:
        self.beginResetModel()
        self._rows = [(name, evaluation.per_class[name]) for name in evaluation.classes if name in evaluation.per_class]
        self.endResetModel()

    def name(self, row: int) -> str:
        return self._rows[row][0]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return _HEADS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name, figures = self._rows[index.row()]
        shares = (figures.sensitivity, figures.specificity, figures.ppv)
        cells = (name, *map(_figure, shares), messages.number(figures.n))
        words = cells[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return words
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{isolated(name)}, {_HEADS[index.column()]}: {words}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[index.column()] or name
        return None


def _figure(interval: Interval | None) -> str:
    return "–" if interval is None else interval.percent()
