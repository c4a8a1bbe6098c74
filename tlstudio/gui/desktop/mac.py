"""macOS: the percentage as the badge of the dock's icon, which is what Qt offers there, and Qt's notifications."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from tlstudio.gui.desktop.tray import Tray


class MacDesktop:
    """The badge is a whole number; without work there is none."""

    def __init__(self, window: QWidget) -> None:
        self._tray = Tray(window)

    def progress(self, share: float | None) -> None:
        application = QApplication.instance()
        if isinstance(application, QGuiApplication):
            application.setBadgeNumber(0 if share is None else round(100 * share))

    def notify(self, title: str, text: str) -> None:
        self._tray.notify(title, text)

    def end(self) -> None:
        self.progress(None)
        self._tray.end()
