"""The button that ends work under way. Only a person puts the keyboard on it: a key that was meant for something else, because a
control vanished under it, must never end a training.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QWidget

STOP = "Cancel"  # what most of them say
PAGES = "window.pages"  # the object name of what shows one page of the window at a time


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
    """Puts the keyboard beside `near`, where no key does anything by itself: on what holds it within the page that is shown, or
    on the page, so that the page's shortcuts go on working.
    """
    pages = near.window().findChild(QStackedWidget, PAGES)
    page = pages.currentWidget() if isinstance(pages, QStackedWidget) else None
    place = near.parentWidget()
    while place is not None and not (place.isVisible() and place.isEnabled()):
        place = place.parentWidget()
    if page is not None and place is not page and (place is None or not page.isAncestorOf(place)):
        place = page
    if place is not None:
        place.setFocus(Qt.FocusReason.MouseFocusReason)  # as if a person had clicked there
