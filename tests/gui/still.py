"""Jobs for tests that need no worker."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class StillJob(QObject):
    """A job that does what the test says."""

    event = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.wishes: list[str] = []

    def cancel(self) -> None:
        self.wishes.append("cancel")
