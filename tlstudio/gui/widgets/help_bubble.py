"""Short explanations where they are needed: the small "?" beside a word, and the page's own on F1."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.message_bar import announce
from tlstudio.gui.widgets.overlay import Popover

WIDTH = 360


class Bubble(Popover):
    """A title and a few sentences."""

    def __init__(self, anchor: QWidget, title: str, text: str) -> None:
        super().__init__(anchor, WIDTH)
        named(self, "window.help_bubble", title or text)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        if title:
            heading = QLabel(title)
            heading.setProperty("role", "card-title")
            heading.setWordWrap(True)
            column.addWidget(heading)
        self.label = named(QLabel(text), "window.help_text", text)
        self.label.setWordWrap(True)
        column.addWidget(self.label)


def show_bubble(anchor: QWidget, title: str, text: str) -> Bubble:
    """Opens a bubble at `anchor`."""
    bubble = Bubble(anchor, title, text)
    bubble.open()
    announce(bubble, text)
    return bubble


class HelpButton(QToolButton):
    """The small "?" beside a word that not everybody knows."""

    def __init__(self, text: str, name: str, accessible: str, title: str = "") -> None:
        super().__init__()
        named(self, name, accessible)
        self._title, self._text = title, text
        self.setToolTip(accessible)
        self.setFixedSize(theme.HIT, theme.HIT)
        icons.set_icon(self, "help", "muted", 16)
        self.clicked.connect(self._open)

    def _open(self) -> None:
        show_bubble(self, self._title, self._text)
