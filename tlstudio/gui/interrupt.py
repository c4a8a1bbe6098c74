"""Ctrl+C in the terminal that the window was started from."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QWidget

from tlstudio.gui.later import later


class Interrupt(QObject):
    """Ctrl+C in the terminal closes the window as its own button would; no timer is needed to notice it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._near, self._far = socket.socketpair()
        for end_of_pair in (self._near, self._far):
            end_of_pair.setblocking(False)
        self._notifier = QSocketNotifier(self._near.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self._window = window
        self._old_handler = signal.signal(signal.SIGINT, self._interrupted)
        self._old_descriptor = signal.set_wakeup_fd(self._far.fileno())

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._near.recv(64)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        later(self._window, self._window.close)

    def end(self) -> None:
        signal.set_wakeup_fd(self._old_descriptor)
        signal.signal(signal.SIGINT, self._old_handler)
        self._notifier.setEnabled(False)
        self._near.close()
        self._far.close()
