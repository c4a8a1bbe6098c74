"""The line that says how far the closer look is, while the first findings can be dealt with already."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout

from tlstudio.domain.events import Progress
from tlstudio.gui import messages, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.stop_button import StopButton

STEPS = 1000


class Text:
    """Words of the line."""

    looking = "Looking closer: text in the images, and labels that may be wrong"
    stop = "Stop looking"
    again = "Look again"


class CloserLine(QFrame):
    """Hidden while nobody looks. stop_wanted: its button. again_wanted: the button after a part was left out."""

    stop_wanted = Signal()
    again_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "check.closer", Text.looking)
        self.setProperty("role", "card")
        self.label = QLabel(Text.looking)
        self.words = QLabel()
        for label in (self.label, self.words):
            label.setWordWrap(True)
        self.words.setProperty("role", "muted")
        self.bar = named(QProgressBar(), "check.closer_progress", Text.looking)
        self.bar.setTextVisible(False)
        self.stop = StopButton(Text.stop, "check.closer_stop")
        self.stop.clicked.connect(self.stop_wanted)
        self.again = named(QPushButton(Text.again), "check.closer_again", Text.again)
        self.again.clicked.connect(self.again_wanted)
        for button in (self.stop, self.again):
            button.setProperty("role", "flat")
        self._told = False
        column = QVBoxLayout()
        column.setSpacing(theme.S)
        for part in (self.label, self.bar, self.words):
            column.addWidget(part)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        row.setSpacing(theme.L)
        row.addLayout(column, 1)
        row.addWidget(self.stop)
        row.addWidget(self.again)
        self.hide()

    def show_progress(self, event: Progress | None) -> None:
        """None at the end. What `tell` said stays until the next look begins."""
        if event is None:
            if not self._told:
                self.hide()
            return
        self._told = False
        self.label.setText(Text.looking)
        self.stop.show()
        self.again.hide()
        self.bar.setVisible(True)
        self.bar.setRange(0, STEPS if event.total else 0)
        if event.total:
            self.bar.setValue(round(STEPS * event.done / event.total))
        self.words.setText(messages.progress(event))
        self.words.setVisible(bool(event.total))
        self.show()

    def tell(self, text: str) -> None:
        """Why a part was left out."""
        self._told = True
        self.label.setText(text)
        self.bar.hide()
        self.words.hide()
        self.stop.hide()
        self.again.show()
        self.show()

    def forget(self) -> None:
        self._told = False
        self.hide()
