"""The line above a page that says what went well or wrong, and the toast at its foot that offers to undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from tlstudio.domain.wording import directed
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.overlay import Overlay

GOOD_NEWS_MS = 8_000
TOAST_MS = 8_000


class Text:
    CLOSE = "Close this message"
    MESSAGE = "Message"


def announce(widget: QWidget, text: str) -> None:
    """Lets a screen reader say a sentence that appeared without taking the focus."""
    from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


class MessageBar(QFrame):
    """One sentence with its tone. Good news leaves by itself; trouble stays until it is closed or replaced."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "window.message", Text.MESSAGE)
        self.setProperty("role", "message")
        self._do: Callable[[], None] | None = None
        self._mark = QLabel()
        self.label = named(QLabel(), "window.message_text", Text.MESSAGE)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action = named(QPushButton(), "window.message_action", "")
        self.action.clicked.connect(self._act)
        self.close_button = named(QToolButton(), "window.message_close", Text.CLOSE)
        self.close_button.setToolTip(Text.CLOSE)
        self.close_button.setFixedSize(theme.HIT, theme.HIT)
        icons.set_icon(self.close_button, "close", "muted", 16)
        self.close_button.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.M, theme.XS, theme.XS, theme.XS)
        row.setSpacing(theme.S)
        row.addWidget(self._mark)
        row.addWidget(self.label, 1)
        row.addWidget(self.action)
        row.addWidget(self.close_button)
        self._timer = QTimer(self, singleShot=True, interval=GOOD_NEWS_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, tone: str, action: str = "", do: Callable[[], None] | None = None) -> None:
        """tone: `good`, `caution` or `bad`; the mark differs with it, so that colour is not the only sign."""
        self._do = do
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        icons.set_icon(self._mark, tone, tone)
        self.label.setText(directed(text))
        self.label.setAccessibleName(text)
        self.action.setText(action)
        self.action.setAccessibleName(action)
        self.action.setVisible(bool(action))
        self._timer.stop()
        if tone == "good" and not action:
            self._timer.start()
        self.show()
        announce(self, text)

    def _act(self) -> None:
        if self._do is not None:
            self._do()


_BUTTON = 120  # room for the button of a toast


class Toast(Overlay):
    """A sentence at the foot of the page for a few seconds, with one button, such as Undo."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        named(self, "window.toast", Text.MESSAGE)
        self._do: Callable[[], None] | None = None
        self.label = named(QLabel(), "window.toast_text", Text.MESSAGE)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.action = named(QPushButton(), "window.toast_action", "")
        self.action.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard with the page
        self.action.setProperty("role", "flat")
        self.action.clicked.connect(self._act)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.XS, theme.S, theme.XS)
        row.setSpacing(theme.S)
        row.addWidget(self.label)
        row.addWidget(self.action)
        self.setMinimumHeight(theme.HIT + theme.S + theme.XS)
        self._timer = QTimer(self, singleShot=True, interval=TOAST_MS)
        self._timer.timeout.connect(self.hide)

    def say(self, text: str, action: str, do: Callable[[], None] | None) -> None:
        self._do = do
        self._wrap(directed(text))
        self.action.setText(action)
        self.action.setAccessibleName(f"{action}: {text}")
        self.action.setVisible(bool(action))
        self._row.setContentsMargins(theme.L, theme.XS, theme.S if action else theme.L, theme.XS)
        self._row.activate()
        self.appear()
        self._timer.start()
        announce(self, text)

    def _wrap(self, text: str) -> None:
        """In several lines where one would be wider than the page."""
        room = self.host.width() - 2 * theme.L - theme.L - theme.S - _BUTTON
        wide = self.label.fontMetrics().horizontalAdvance(text) > room
        self.label.setWordWrap(wide)
        self.label.setMinimumWidth(room if wide else 0)
        self.label.setText(text)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
        super().leaveEvent(event)

    def _act(self) -> None:
        self.hide()
        if self._do is not None:
            self._do()
