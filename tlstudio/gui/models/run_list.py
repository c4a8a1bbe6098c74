"""The runs of a project as a table: model, mode, accuracy, epochs, time, date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt

from tlstudio.domain.runs import Mode, RunRow, RunState
from tlstudio.gui import messages
from tlstudio.gui.models.model_titles import title_of
from tlstudio.gui.models.rows import Index, RowsModel

MODES = {Mode.QUICK: "Quick", Mode.BALANCED: "Balanced", Mode.THOROUGH: "Thorough"}
FIRST = "First result"
PROBE = "probe"  # how the engine names the first result among the candidates
_STATES = {
    RunState.RUNNING: "running",
    RunState.INTERRUPTED: "interrupted",
    RunState.FAILED: "failed",
    RunState.DAMAGED: "damaged",
}
_HEADS = ("Model", "Mode", "Accuracy", "Epochs", "Time", "When")


def mode_of(row: RunRow) -> str:
    """Its mode in words, or that it is the first result of another training."""
    return FIRST if row.first_of else MODES[row.mode]


def run_name(row: RunRow) -> str:
    """One line for choosers: `MobileNetV2 · Balanced · 91 % · yesterday`."""
    parts = [title_of(row.model), mode_of(row)]
    if row.accuracy is not None:
        parts.append(messages.percent(row.accuracy.value))
    parts.append(messages.ago(row.created_at))
    return " · ".join(parts)


def kept_words(chosen: str) -> str:
    """What the engine calls the candidate that became the model, in words."""
    return {PROBE: "the first result", "average of epochs": "the average of epochs"}.get(chosen, chosen)


class RunListModel(RowsModel[RunRow]):
    """Newest first, as given."""

    RunRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(len(_HEADS), parent)

    def set_rows(self, rows: Sequence[RunRow]) -> None:
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row(self, number: int) -> RunRow:
        return self._rows[number]

    def number_of(self, run: str) -> int:
        return next((n for n, row in enumerate(self._rows) if row.id == run), -1)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == self.RunRole:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_HEADS[index.column()]}: {_cell(row, index.column())}"
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):  # whole, where a column is narrow
            return _cell(row, index.column())
        return None


def _cell(row: RunRow, column: int) -> str:
    accuracy = row.accuracy.percent() if row.accuracy is not None else _STATES.get(row.state, "–")
    if row.accuracy is not None and row.state in _STATES:
        accuracy = f"{accuracy}, {_STATES[row.state]}"
    epochs = messages.number(row.epochs) if row.epochs else "–"  # those of a run that is not over are not counted here
    seconds = messages.duration(row.seconds) if row.seconds else "–"
    return (title_of(row.model), mode_of(row), accuracy, epochs, seconds, messages.ago(row.created_at))[column]
