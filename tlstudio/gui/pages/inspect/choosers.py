"""Above the tabs of the Inspect page: which training, measured on which images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import Split
from tlstudio.gui import theme
from tlstudio.gui.models.run_list import run_name
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import Chooser


class Text:
    """Words of the choosers."""

    run, split = "Training to look at", "Images to measure on"
    splits = "Test images", "Validation images"
    again = "Measure again"
    changed = "You changed labels since this was measured."


class Choosers(QWidget):
    """run_chosen, split_chosen: by the user. again: measure with the labels as they are now."""

    run_chosen = Signal()
    split_chosen = Signal()
    again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run_box = named(Chooser(self), "inspect.run", Text.run)
        self.split_box = named(Chooser(self), "inspect.split", Text.split)
        self.changed_label = named(QLabel(Text.changed, self), "inspect.changed", Text.changed)
        self.changed_label.setProperty("tone", "caution")
        self.again_button = named(QPushButton(Text.again, self), "inspect.again", Text.again)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        row.addWidget(self.run_box)
        row.addWidget(self.split_box)
        row.addStretch(1)
        row.addWidget(self.changed_label)
        row.addWidget(self.again_button)
        self.run_box.currentIndexChanged.connect(lambda _: self.run_chosen.emit())
        self.split_box.currentIndexChanged.connect(lambda _: self.split_chosen.emit())
        self.again_button.clicked.connect(self.again)
        self.show_outdated(False)

    def run(self) -> str:
        return str(self.run_box.currentData() or "")

    def split(self) -> Split | None:
        """None when no images were held out."""
        value = self.split_box.currentData()
        return None if value is None else Split(value)

    def offers(self, split: Split) -> bool:
        """Whether there are images of it."""
        return self.split_box.findData(split.value) >= 0

    def show_runs(self, finished: Sequence[RunRow], wanted: str) -> None:
        """`wanted`: the id of the run to choose; the newest when it is not among them."""
        self.run_box.blockSignals(True)
        self.run_box.clear()
        for row in finished:
            self.run_box.addItem(run_name(row), row.id)
        self.run_box.setCurrentIndex(max(0, self.run_box.findData(wanted)))
        self.run_box.blockSignals(False)

    def show_splits(self, counts: Mapping[str, int]) -> None:
        """Test images where there are any; validation images are the second choice."""
        chosen = self.split_box.currentData()
        self.split_box.blockSignals(True)
        self.split_box.clear()
        for split, words in zip((Split.TEST, Split.VAL), Text.splits, strict=True):
            if counts.get(split.value, 0):
                self.split_box.addItem(words, split.value)
        self.split_box.setCurrentIndex(max(0, self.split_box.findData(chosen)))
        self.split_box.blockSignals(False)

    def show_outdated(self, outdated: bool) -> None:
        self.changed_label.setVisible(outdated)
        self.again_button.setVisible(outdated)
