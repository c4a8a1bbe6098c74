"""Short explanations where they are needed: the small "?" beside a word, and the page's own on F1."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.message_bar import announce
from tlstudio.gui.widgets.overlay import Overlay

WIDTH = 360


class Bubble(Overlay):
    """A card with a title and a few sentences below its anchor. Escape, a click elsewhere or another bubble closes it."""

    def __init__(self, anchor: QWidget, title: str, text: str) -> None:
        super().__init__(anchor.window())
        named(self, "window.help_bubble", title or text)
        self._anchor = anchor
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        if title:
            heading = QLabel(title)
            heading.setProperty("role", "card-title")
            column.addWidget(heading)
        self.label = named(QLabel(text), "window.help_text", text)
        self.label.setWordWrap(True)
        column.addWidget(self.label)
        QApplication.instance().installEventFilter(self)
        self.appear()
        self.setFocus()
        announce(self, text)

    def place(self) -> None:
        self.setFixedWidth(min(WIDTH, self.host.width() - 2 * theme.L))
        self.resize(self.width(), self.heightForWidth(self.width()))
        corner = self._anchor.mapTo(self.host, QPoint(self._anchor.width() - self.width(), self._anchor.height()))
        below = corner.y() + theme.XS
        if below + self.height() > self.host.height() - theme.S:
            below = corner.y() - self._anchor.height() - self.height() - theme.XS
        x = min(max(corner.x(), theme.S), self.host.width() - self.width() - theme.S)
        self.move(x, max(below, theme.S))

    def dismiss(self) -> None:
        QApplication.instance().removeEventFilter(self)
        self.hide()
        self.setParent(None)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._anchor.setFocus()
        self.dismiss()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed_elsewhere = (
            event.type() == QEvent.Type.MouseButtonPress
            and isinstance(event, QMouseEvent)
            and isinstance(watched, QWidget)
            and watched is not self
            and not self.isAncestorOf(watched)
        )
        if pressed_elsewhere:
            self.dismiss()
            # The anchor's own press would open the bubble again at once.
            return watched is self._anchor
        return super().eventFilter(watched, event)


def show_bubble(anchor: QWidget, title: str, text: str) -> Bubble:
    """Opens a bubble at `anchor` and closes the one that may be open in the same window."""
    for old in anchor.window().findChildren(Bubble):
        old.dismiss()
    return Bubble(anchor, title, text)


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
