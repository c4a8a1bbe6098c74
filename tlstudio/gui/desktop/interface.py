"""What every platform offers to the rest of the window, and which one this is."""

from __future__ import annotations

import logging
import sys
from typing import Protocol

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

# Platforms of Qt that draw on no desktop: tests, screenshots, remote frame buffers.
NO_DESKTOP = frozenset({"offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs"})

log = logging.getLogger(__name__)


class Desktop(Protocol):
    """None of it blocks, and none of it raises."""

    def progress(self, share: float | None) -> None:
        """How far the work is, 0 … 1; None when there is none, or nobody knows."""

    def notify(self, title: str, text: str) -> None:
        """Tells the user who is looking elsewhere."""

    def end(self) -> None:
        """Takes everything back that is still shown."""


class NoDesktop:
    """Where there is nothing to show anything on."""

    def progress(self, share: float | None) -> None:
        pass

    def notify(self, title: str, text: str) -> None:
        pass

    def end(self) -> None:
        pass


def desktop_of(window: QWidget) -> Desktop:
    """The desktop that this window stands on."""
    if QGuiApplication.platformName() in NO_DESKTOP:
        return NoDesktop()
    try:
        if sys.platform == "win32":
            from tlstudio.gui.desktop.windows import WindowsDesktop

            return WindowsDesktop(window)
        if sys.platform == "darwin":
            from tlstudio.gui.desktop.mac import MacDesktop

            return MacDesktop(window)
        from tlstudio.gui.desktop.linux import LinuxDesktop, session_bus

        address = session_bus()
        return LinuxDesktop(address) if address else NoDesktop()
    except (OSError, AttributeError, ImportError) as error:
        log.debug("no progress outside the window: %s", error)
        return NoDesktop()
