"""The buttons beside the primary one: those of a training under way, and those of a page at rest."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

from tlstudio.gui import icons
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.widgets.stop_button import StopButton


class Text:
    """Words of the buttons."""

    pause, resume, stop = "Pause", "Resume", "Stop and keep best"
    again, other = "Train again", "Choose another model"


class TrainButtons(QObject):
    """Each signal is a button's deed. `again_button` is one that changes the project."""

    pause = Signal()
    stop = Signal()
    other = Signal()
    again = Signal()

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.pause_button = _button(page, "pause", Text.pause, "pause")
        self.stop_button = _placed(page, StopButton(Text.stop, "train.stop"), "stop")
        self.other_button = _button(page, "other", Text.other)
        self.again_button = _button(page, "again", Text.again, "refresh")
        for button, deed in (
            (self.pause_button, self.pause),
            (self.stop_button, self.stop),
            (self.other_button, self.other),
            (self.again_button, self.again),
        ):
            button.clicked.connect(deed)

    def show_state(self, *, live: bool, paused: bool, stopping: bool) -> None:
        """live: a training is under way. stopping: the user has asked for its end."""
        for button in (self.pause_button, self.stop_button):
            button.setVisible(live)
            button.setEnabled(not stopping)
        for button in (self.other_button, self.again_button):
            button.setVisible(not live)
        words = Text.resume if paused else Text.pause
        self.pause_button.setText(words)
        self.pause_button.setAccessibleName(words)
        icons.set_icon(self.pause_button, "play" if paused else "pause", "text", 16)


def _button(page: Page, name: str, words: str, icon: str = "") -> QPushButton:
    return _placed(page, named(QPushButton(words), f"train.{name}", words), icon)


def _placed(page: Page, button: QPushButton, icon: str) -> QPushButton:
    if icon:
        icons.set_icon(button, icon, "text", 16)
    page.extra.addWidget(button)
    return button
