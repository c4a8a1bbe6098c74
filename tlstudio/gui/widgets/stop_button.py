"""The button that ends work under way. Only a person puts the keyboard on it: a key that was meant for something else, because a
control vanished under it, must never end a training.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget


class StopButton(QPushButton):
    """Takes the focus by Tab, mouse or shortcut, and passes it on when something else puts it here."""

    def __init__(self, words: str = "", name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self.setObjectName(name)
        self.setAccessibleName(words)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() is Qt.FocusReason.OtherFocusReason:
            rest(self)


def rest(near: QWidget) -> None:
    """Puts the keyboard beside `near`, where no key does anything by itself: on what holds it, as far as that can be seen."""
    place = near.parentWidget()
    while place is not None and not place.isWindow() and not (place.isVisible() and place.isEnabled()):
        place = place.parentWidget()
    if place is None or place.isWindow():
        focused = QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()
    else:
        place.setFocus(Qt.FocusReason.MouseFocusReason)  # as if a person had clicked there
