"""Jobs for tests that need no worker."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget


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
        self.places: list[QWidget] = []
        self.cancelling = False

    def show_in(self, place: QWidget) -> StillJob:
        self.places.append(place)
        return self

    def cancel(self) -> None:
        self.cancelling = True
        self.wishes.append("cancel")
