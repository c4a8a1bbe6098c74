"""Several runs side by side: their curves in one picture, and below what they reached and what was set differently."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.run_comparison import RunComparison, side_by_side
from tlstudio.domain.runs import RunRow
from tlstudio.gui import messages, theme
from tlstudio.gui.models.model_titles import title_of
from tlstudio.gui.models.run_list import MODES, kept_words, mode_of
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.model.advanced_fields import SECTIONS
from tlstudio.gui.widgets.curves import Curve, Curves


class Text:
    """Words of the comparison."""

    curves = "Accuracy and loss on images kept from training, and learning rate, by epoch"
    table = "Trainings side by side"
    accuracy, balanced, kept, epochs, took = (
        "Accuracy",
        "Balanced accuracy",
        "Kept",
        "Epochs",
        "Training took",
    )
    model, mode = "Model", "Mode"
    nothing = "–"


class ComparisonPanel(QFrame):
    """`show_runs` two or more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.curves = named(Curves(self), "train.curves", Text.curves)
        self.table = named(QTableWidget(self), "train.side_by_side", Text.table)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setTabKeyNavigation(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.S)
        column.setSpacing(theme.M)
        column.addWidget(self.curves, 3)
        column.addWidget(self.table, 2)

    def show_runs(self, runs: Sequence[RunRow]) -> None:
        """The runs, with their history, in the order of the list."""
        found = side_by_side(runs)
        names = [f"{number} · {_name(run, found)}" for number, run in enumerate(runs, start=1)]
        self.curves.show_curves([_curve(name, run) for name, run in zip(names, runs, strict=True)])
        lines = _lines(found)
        self.table.setColumnCount(len(runs))
        self.table.setRowCount(len(lines))
        for at, name in enumerate(names):
            heading = QTableWidgetItem(name)
            heading.setToolTip(name)
            self.table.setHorizontalHeaderItem(at, heading)
        self.table.setVerticalHeaderLabels([caption for caption, _ in lines])
        for row, (caption, values) in enumerate(lines):
            for at, value in enumerate(values):
                item = QTableWidgetItem(value)
                item.setToolTip(value)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{names[at]}: {caption} {value}")
                self.table.setItem(row, at, item)


def _curve(name: str, run: RunRow) -> Curve:
    history = run.history
    points, losses = ((r.epoch, r.val_accuracy) for r in history), ((r.epoch, r.val_loss) for r in history)
    return Curve(name, tuple(points), run.accuracy, tuple(losses), tuple((r.epoch, r.learning_rate) for r in history))


def _name(run: RunRow, found: RunComparison) -> str:
    """The mode, and the model where there are several."""
    models = any(d.setting == "model" for d in found.differences)
    return f"{mode_of(run)}, {title_of(run.model)}" if models else mode_of(run)


def _lines(found: RunComparison) -> list[tuple[str, list[str]]]:
    """Caption and one value for each run."""
    runs = found.runs
    shares = [Text.nothing if r.balanced_accuracy is None else messages.percent(r.balanced_accuracy) for r in runs]
    lines = [
        (Text.accuracy, [Text.nothing if r.accuracy is None else r.accuracy.percent() for r in runs]),
        (Text.balanced, shares),
        (Text.kept, [kept_words(r.chosen) or Text.nothing for r in runs]),
        (Text.epochs, [messages.number(r.epochs) if r.epochs else Text.nothing for r in runs]),
        (Text.took, [messages.duration(r.seconds) if r.seconds else Text.nothing for r in runs]),
    ]
    for difference in found.differences:
        caption, words = _words(difference.setting)
        lines.append((caption, [words.get(value, str(value)) for value in difference.values]))
    return lines


def _words(setting: str) -> tuple[str, dict[object, str]]:
    """How the Model page calls a setting and its values."""
    if setting == "model":
        return Text.model, {}
    if setting == "mode":
        return Text.mode, {mode.value: words for mode, words in MODES.items()}
    for _, fields in SECTIONS:
        for field in fields:
            if field.setting == setting:
                words = dict(field.choices)
                return field.caption, words | ({field.least: field.special} if field.special else {})
    return setting.replace("_", " "), {}
