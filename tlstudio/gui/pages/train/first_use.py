"""The first result of the training under way, to be used while that goes on."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import FirstResult, Started
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.session import Session


class Text:
    """Words of the first result."""

    use, job = "Use the first result", "Keeping the first result"
    wait = "The results can be opened when the training is done."
    soon = "You can use the first result as soon as it is there."
    ready = "Inspect it, export it and predict with it while the training goes on."


class FirstUse(QObject):
    """Follows one training. changed: what can be done is another thing now. kept: the run that can be looked at."""

    changed = Signal()
    kept = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.quick = True  # the training ends with its first result
        self._there = False
        self._run = ""
        self._keeping: Job | None = None

    def begin(self, settings: TrainSettings) -> None:
        """A training starts."""
        self.quick = settings.mode is Mode.QUICK
        self._there, self._run, self._keeping = False, "", None

    def take(self, event: object) -> None:
        """What the training tells."""
        if isinstance(event, Started):
            self._run = event.run
        elif isinstance(event, FirstResult):
            self._there = True
            self.changed.emit()

    @property
    def possible(self) -> bool:
        """Whether `use` does anything."""
        return self._there and bool(self._run) and not self.quick and self._keeping is None

    def hint(self) -> str:
        """What can be done, as a sentence."""
        if self.quick:
            return Text.wait
        if self._keeping is not None:
            return f"{Text.job} …"
        return Text.ready if self.possible else Text.soon

    def use(self) -> None:
        """Makes it a run of its own, beside the training; `kept` follows."""
        if not self.possible or self._session.project is None:
            return
        wanted = {"project": self._session.project, "run": self._run}
        self._keeping = job = self._session.bridge.submit("keep_first", Text.job, **wanted)
        job.finished.connect(lambda result: self._done(job, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._over(job))
        self.changed.emit()

    def _done(self, job: Job, result: TrainResult) -> None:
        if self._over(job):
            self.kept.emit(result.run)

    def _failed(self, job: Job, error: StudioError) -> None:
        if self._over(job):
            self._session.tell(error)

    def _over(self, job: Job) -> bool:
        """False for a job of a training that is not followed any more."""
        if job is not self._keeping:
            return False
        self._keeping = None
        self.changed.emit()
        return True
