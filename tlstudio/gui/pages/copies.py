"""Large copies of single images, made by the worker, because the window never opens a user's file itself."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from tlstudio.domain.values import ImageRow
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer

_KEPT = 6


class ImageCopies(QObject):
    """`want` an image and `arrived` brings its copy. Only the newest wish waits while one is being made.

    arrived: (ImageRow, QPixmap). trouble: (ImageRow, StudioError). deep_arrived: (ImageRow, DeepImage or None), see `serve_deep`.
    """

    arrived = Signal(object, object)
    trouble = Signal(object, object)
    deep_arrived = Signal(object, object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._busy = False
        self._next: ImageRow | None = None
        self._deep_job: Job | None = None

    def serve_deep(self, viewer: ImageViewer) -> None:
        """Brings the values of every image that a viewer shows, as far as it has more than 8 bits."""
        viewer.needs_copy.connect(self._want_deep)
        viewer.closed.connect(self._leave_deep)
        self.deep_arrived.connect(viewer.set_deep)

    def _want_deep(self, row: ImageRow) -> None:
        self._leave_deep()
        job = self._deep_job = self._session.bridge.submit("view_deep", path=row.path)
        # What can't be read is told by its copy.
        job.finished.connect(lambda image: self.deep_arrived.emit(row, image))

    def _leave_deep(self) -> None:
        """Only the newest wish counts; large files are not read for an image that has left the screen."""
        job, self._deep_job = self._deep_job, None
        if job is not None:
            job.cancel()

    def want(self, row: ImageRow) -> None:
        found = self._kept.get(row.content)
        if found is not None:
            self.arrived.emit(row, found)
        elif self._busy:
            self._next = row
        else:
            self._ask(row)

    def _ask(self, row: ImageRow) -> None:
        if self._session.project is None:
            return
        self._busy = True
        job = self._session.bridge.submit("view_image", project=self._session.project, path=row.path)
        job.finished.connect(lambda file: self._done(row, file))
        job.failed.connect(lambda error: self.trouble.emit(row, error))
        job.ended.connect(self._go_on)

    def _done(self, row: ImageRow, file: Path) -> None:
        pixmap = QPixmap(str(file))
        if pixmap.isNull():
            return
        self._kept[row.content] = pixmap
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(row, pixmap)

    def _go_on(self) -> None:
        self._busy = False
        following, self._next = self._next, None
        if following is not None:
            self.want(following)
