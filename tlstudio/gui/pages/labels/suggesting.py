"""Making suggestions from the Labels page: trains a quick model where there is none, then asks it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.labels import SuggestResult
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.pages.labels.suggest_bar import SuggestBar, Text
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.session import Session
from tlstudio.workflow import browsing, models

LEAST = 2  # images that a class needs before a model can learn it


class Suggesting(QObject):
    """Follows its job and keeps the line above the grid true. done: new suggestions are there."""

    done = Signal()

    def __init__(self, session: Session, bar: SuggestBar, gallery: Gallery) -> None:
        super().__init__(bar)
        self._session, self._bar, self._gallery = session, bar, gallery
        self._runs = RunReader(session)
        self._job: Job | None = None
        self._trouble: StudioError | None = None
        self._held_back = 0
        bar.suggest_wanted.connect(self.start)
        bar.stop_wanted.connect(self._stop)
        gallery.shown.connect(self.update)

    def forget(self) -> None:
        """Another project is open: what is under way for the old one goes on without us."""
        self._job, self._trouble, self._held_back = None, None, 0
        self._bar.hide()

    def possible(self) -> bool:
        return sum(c.count >= LEAST for c in self._gallery.classes) >= 2

    def update(self) -> None:
        """Says what there is to say now."""
        project = self._session.project
        if project is None or self._job is not None:
            return
        if not self._gallery.unlabeled:
            self._bar.hide()
            return
        if self._trouble is not None:
            self._bar.show_trouble(self._trouble.what, self._trouble.remedy)
            return
        try:
            standing = browsing.suggestions_standing(project)
        except StudioError as error:
            self._bar.show_trouble(error.what, error.remedy)
            return
        if standing is not None and standing.waiting:
            self._bar.show_waiting(standing.waiting, standing.labeled_since, self._held_back)
        else:
            self._bar.offer(self._gallery.unlabeled, possible=self.possible())

    def start(self) -> None:
        """Suggests with the newest model; a quick one is trained first where there is none."""
        project = self._session.project
        if project is None or self._job is not None:
            return
        self._trouble = None
        if self._runs.finished():
            self._suggest()
            return
        settings = TrainSettings(model=models.default_model(self._gallery.total), mode=Mode.QUICK)
        job = self._session.bridge.submit("train", Text.training, project=project, settings=settings, resume=None)
        self._follow(job, Text.training)
        job.finished.connect(lambda _: self._trained(job))

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()

    def _trained(self, job: Job) -> None:
        self._session.runs_changed.emit()
        if job is self._job:
            self._suggest()

    def _suggest(self) -> None:
        job = self._session.bridge.submit("suggest", Text.looking, project=self._session.project)
        self._follow(job, Text.looking)
        job.finished.connect(lambda result: self._suggested(job, result))

    def _follow(self, job: Job, stage: str) -> None:
        self._job = job.show_in(self._bar.stop)
        self._bar.show_working(stage)
        job.event.connect(lambda event: self._progress(job, event))
        job.failed.connect(lambda error: self._over(job, error))
        job.cancelled.connect(lambda: self._over(job, None))

    def _progress(self, job: Job, event: object) -> None:
        if job is self._job and isinstance(event, Progress):
            self._bar.show_progress(event)

    def _over(self, job: Job, error: StudioError | None) -> None:
        if job is self._job:
            self._job, self._trouble = None, error
            self.update()

    def _suggested(self, job: Job, result: SuggestResult) -> None:
        if job is self._job:
            self._job, self._held_back = None, result.held_back
            self._gallery.show()
            self.done.emit()
