"""Follows the jobs of a window and tells the desktop: how far the newest is, and that a long one is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import EpochDone, Progress, StepDone
from tlstudio.domain.importing import ImportResult
from tlstudio.domain.runs import TrainResult
from tlstudio.gui import messages, preferences
from tlstudio.gui.desktop.interface import Desktop, desktop_of
from tlstudio.gui.job_bridge import Job, error_text

LEAST_SECONDS = 10.0  # a shorter job is not worth a notification


class Text:
    """Words of the notifications."""

    trained = "Training is done"
    trained_more = "{accuracy} of the images kept from it are right."
    imported = "The images are imported"
    imported_more = "{images} in {classes}."
    failed: ClassVar = {"train": "The training failed", "import": "The import failed"}


class Follower(QObject):
    """One for each window. in_front: whether the user is looking at the program. now: seconds, replaceable in tests."""

    NAME = "desktop.follower"

    def __init__(
        self,
        parent: QObject,
        desktop: Desktop,
        in_front: Callable[[], bool] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(self.NAME)
        self._desktop = desktop
        self._in_front = in_front or _in_front
        self._now = now
        self._shares: dict[Job, float | None] = {}
        self._told: int | None = None  # per cent

    def follow(self, job: Job) -> None:
        """A job that the window shows; its progress, and its end where that is worth a word."""
        begun = self._now()
        self._shares[job] = None
        job.event.connect(lambda event: self._take(job, event))
        job.finished.connect(lambda result: self._notify(begun, *_done(job, result)))
        job.failed.connect(lambda error: self._notify(begun, *_failed(job, error)))
        job.ended.connect(lambda: self._drop(job))
        job.pause_changed.connect(lambda _: self._show())
        if job.latest is not None:
            self._take(job, job.latest)

    def _take(self, job: Job, event: object) -> None:
        share = share_of(event)
        if share is not None and job in self._shares:
            self._shares[job] = share
            self._show()

    def _drop(self, job: Job) -> None:
        self._shares.pop(job, None)
        self._show()

    def _show(self) -> None:
        """The newest job whose end is known and that is not paused; said again only when a whole per cent has changed."""
        working = [known for job, known in self._shares.items() if known is not None and not job.paused]
        share = working[-1] if working else None
        percent = None if share is None else round(100 * share)
        if percent != self._told:
            self._told = percent
            self._desktop.progress(share)

    def _notify(self, begun: float, title: str, text: str) -> None:
        long = self._now() - begun >= LEAST_SECONDS
        if title and long and not self._in_front() and preferences.notifications():
            self._desktop.notify(title, text)


def follow(window: QWidget, job: Job) -> None:
    """Follows a job of this window, from whose first job on there is somebody who does."""
    follower = window.findChild(Follower, Follower.NAME, Qt.FindChildOption.FindDirectChildrenOnly)
    if follower is None:
        desktop = desktop_of(window)
        follower = Follower(window, desktop)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(desktop.end)
    follower.follow(job)


def share_of(event: object) -> float | None:
    """How far a job is, 0 … 1; None for what tells nothing of it."""
    match event:
        case Progress(done=done, total=total) if total > 1:
            return min(1.0, done / total)
        case StepDone():
            return min(1.0, (event.epoch - 1 + event.step / max(1, event.steps)) / max(1, event.epochs))
        case EpochDone():
            return min(1.0, event.epoch / max(1, event.epochs))
    return None


def _done(job: Job, result: object) -> tuple[str, str]:
    """Title and text; empty for what is not worth any."""
    match result:
        case TrainResult() if job.task == "train":
            return Text.trained, Text.trained_more.format(accuracy=result.accuracy.percent())
        case ImportResult():
            images = messages.count(result.images, "image")
            classes = messages.count(len(result.classes), "class", "classes")
            return Text.imported, Text.imported_more.format(images=images, classes=classes)
    return "", ""


def _failed(job: Job, error: StudioError) -> tuple[str, str]:
    title = Text.failed.get(job.task, "")
    return title, error_text(error) if title else ""


def _in_front() -> bool:
    return QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
