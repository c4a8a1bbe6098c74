"""Notifications through Qt's icon in the notification area, on Windows and macOS. The icon is there only with the message."""

from __future__ import annotations

from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from tlstudio.gui.later import later

SHOWN_MS = 15_000  # an icon that goes takes its message along, so it stays longer than the message does


class Tray:
    """A click on the message brings the window to the front."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._icon: QSystemTrayIcon | None = None

    def notify(self, title: str, text: str) -> None:
        if not QSystemTrayIcon.supportsMessages():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(self._window.windowIcon(), self._window)
            self._icon.messageClicked.connect(self._raise)
        self._icon.show()
        self._icon.showMessage(title, text, self._window.windowIcon(), SHOWN_MS)
        later(self._icon, self._icon.hide, SHOWN_MS)

    def end(self) -> None:
        if self._icon is not None:
            self._icon.hide()

    def _raise(self) -> None:
        if self._window.isMinimized():
            self._window.showNormal()
        self._window.raise_()
        self._window.activateWindow()
