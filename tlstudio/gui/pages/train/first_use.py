"""The first result of the training under way, to be used while that goes on."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import FirstResult, Started
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.session import Session


class Text:
    """Words of the first result."""

    use, job = "Use the first result", "Keeping the first result"
    kept, see = "The first result can be used now.", "See it"
    wait = "The results can be opened when the training is done."
    soon = "You can use the first result as soon as it is there."
    ready = "Inspect it, export it and predict with it while the training goes on."


class FirstUse(QObject):
    """Follows one training. changed: what can be done is another thing now, or there is another run. look: the user wants to see
    this run. A page that is not shown any more is told by a toast: nobody is taken away from where they have gone on to.
    """

    changed = Signal()
    look = Signal(str)

    def __init__(self, session: Session, page: QWidget) -> None:
        super().__init__(page)
        self._session, self._page = session, page
        self.quick = True  # the training ends with its first result
        self._there = False
        self._run = ""
        self._keeping: Job | None = None

    def begin(self, settings: TrainSettings) -> None:
        """A training starts."""
        self.quick = settings.mode is Mode.QUICK
        self.forget()

    def forget(self) -> None:
        """Nobody waits for it any more: the training has reached more, or another project is open."""
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
        waits = self._there and bool(self._run) and self._keeping is None
        return waits and not self.quick and not self._session.read_only.reason

    def hint(self) -> str:
        """What can be done, as a sentence."""
        if self.quick:
            return Text.wait
        if self._keeping is not None:
            return f"{Text.job} …"
        if self._session.read_only.reason:
            return self._session.read_only.reason
        return Text.ready if self.possible else Text.soon

    def use(self) -> None:
        """Makes it a run of its own, beside the training; `look` follows, unless the training has reached more meanwhile."""
        if not self.possible or self._session.project is None:
            return
        wanted = {"project": self._session.project, "run": self._run}
        self._keeping = job = self._session.bridge.submit("keep_first", Text.job, **wanted)
        job.finished.connect(lambda result: self._done(job, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._over(job))
        self.changed.emit()

    def _done(self, job: Job, result: TrainResult) -> None:
        if not self._over(job) or job.cancelling:
            return
        if self._page.isVisible():
            self.look.emit(result.run)
            return
        opening = self._session.openings
        self._session.toast.emit(
            Text.kept,
            Text.see,
            lambda: self.look.emit(result.run) if opening == self._session.openings else None,
        )

    def _failed(self, job: Job, error: StudioError) -> None:
        if self._over(job):
            self._session.tell(error)

    def _over(self, job: Job) -> bool:
        """False where nobody waits for it any more."""
        waited = job is self._keeping
        if waited:
            self._keeping = None
        if job.arguments["project"] == self._session.project:
            self.changed.emit()
        return waited
