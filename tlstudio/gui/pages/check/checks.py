"""When the data are checked: quickly and unseen after every change, closely while the page is looked at."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.findings import SLOW_KINDS, CheckResult, Finding, FirstFindings, Severity
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.session import Session

SETTLE_MS = 400  # changes come in bursts; one check after the last of them is enough
QUICK, CLOSE = "check", "check_closely"


class Text:
    """Names of the work in the job strip."""

    quick = "Checking images"
    close = "Looking closer at the images"


class Checks(QObject):
    """Keeps what is known about the open project. findings: None until the first check is through.

    changed: other findings. progress: (Progress) of the quick check. closer: (Progress, or None at its end) of the close one.
    stopped: the user ended the quick check. failed: (StudioError) it could not be made. note: (str) why a part was left out.

    The close check shares its worker with training; work that the user asked for there goes first, and the check goes on
    after it. What it has found out until then is kept.
    """

    changed = Signal()
    progress = Signal(object)
    closer = Signal(object)
    stopped = Signal()
    failed = Signal(object)
    note = Signal(str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.findings: tuple[Finding, ...] | None = None
        self.latest: Progress | None = None
        self._session = session
        self._fresh = self._closely_fresh = False
        self._watched = False
        self._quick: Job | None = None
        self._close: Job | None = None
        self._settle = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(self._check_unseen)
        session.project_changed.connect(self._forget)
        session.data_changed.connect(self._outdate)
        session.bridge.job_started.connect(self._make_way)
        session.bridge.job_ended.connect(lambda _: self._look_closer())
        if session.project is not None:  # opened before this page was loaded
            self._settle.start()

    # --- what is known ---

    @property
    def quick(self) -> Job | None:
        """The quick check that is under way."""
        return self._quick

    @property
    def close(self) -> Job | None:
        """The close one."""
        return self._close

    @property
    def running(self) -> bool:
        return self._quick is not None

    @property
    def looking_closer(self) -> bool:
        return self._close is not None

    @property
    def complete(self) -> bool:
        """Everything has been looked at since the last change."""
        return self._fresh and self._closely_fresh

    def serious(self) -> int:
        """Findings that can make the result look better than it is, or worse, and are not set aside."""
        return sum(f.severity is not Severity.LOW and not f.ignored for f in self.findings or ())

    # --- when to check ---

    def watch(self, watched: bool) -> None:
        """The page is shown, or not any more: only then a closer look is worth the work."""
        self._watched = watched
        if not watched:
            return
        if self._fresh or self._quick is not None:
            self._look_closer()
        else:
            self.run()

    def run(self) -> None:
        """Checks the project as it is now, all of it; what is under way for older labels is given up."""
        self._settle.stop()
        self._closely_fresh = False
        self._give_up_close()
        self._start_quick(Text.quick if self.findings is None else "")

    def forget(self, finding: Finding) -> None:
        """It was dealt with: it is not shown any more, unless the next check sees it again."""
        self.findings = tuple(f for f in self.findings or () if f != finding)
        self.changed.emit()

    def mark(self, finding: Finding, reason: str) -> None:
        """It was set aside for this reason, or with none counts again."""
        same = {replace(finding, reason=old) for old in (finding.reason, "", reason)}
        marked = [replace(f, reason=reason) if f in same else f for f in self.findings or ()]
        self.findings = _in_order(marked)
        self.changed.emit()

    def stop_looking(self) -> None:
        """The user ends the close look; it comes again with the next change, or by hand."""
        self._closely_fresh = True
        self._give_up_close()

    def _outdate(self) -> None:
        self._fresh = self._closely_fresh = False
        self._give_up_close()
        self._settle.start()

    def _forget(self) -> None:
        self._outdate()
        self._drop(self._quick)
        self._quick = None
        self.findings = None
        self.changed.emit()

    def _check_unseen(self) -> None:
        """After a change, whether or not the page is shown: the rail counts the findings."""
        summary = self._session.summary
        if summary is not None and summary.images and not self._fresh:
            self._start_quick("")

    # --- the quick check ---

    def _start_quick(self, title: str) -> None:
        project = self._session.project
        if project is None:
            return
        self._drop(self._quick)
        self._fresh = True
        job = self._quick = self._session.bridge.submit(QUICK, title, project=project)
        job.event.connect(lambda event: self._quick_told(job, event))
        job.finished.connect(lambda result: self._quick_done(job, result))
        job.failed.connect(lambda error: self._quick_failed(job, error))
        job.cancelled.connect(lambda: self._quick_stopped(job))

    def _quick_told(self, job: Job, event: object) -> None:
        if job is self._quick and isinstance(event, Progress):
            self.latest = event
            self.progress.emit(event)

    def _quick_done(self, job: Job, result: CheckResult) -> None:
        if job is not self._quick:
            return
        self._quick = None
        # What a close look saw before stands until the next one has looked; a quick check tells it only where it is known.
        told = {f.kind for f in result.findings}
        kept = [f for f in self.findings or () if f.kind in SLOW_KINDS and f.kind not in told]
        self.findings = _in_order([*result.findings, *kept])
        self.changed.emit()
        self._look_closer()

    def _quick_failed(self, job: Job, error: StudioError) -> None:
        if job is self._quick:
            self._quick, self._fresh = None, False
            self.failed.emit(error)

    def _quick_stopped(self, job: Job) -> None:
        if job is self._quick:
            self._quick, self._fresh = None, False
            self.stopped.emit()

    # --- the close one ---

    def _look_closer(self) -> None:
        project = self._session.project
        wanted = self._watched and self._fresh and self._quick is None and not self._closely_fresh
        if not wanted or project is None or self._close is not None or self._other_work():
            return
        job = self._close = self._session.bridge.submit(CLOSE, Text.close, project=project)
        job.event.connect(lambda event: self._close_told(job, event))
        job.finished.connect(lambda result: self._close_done(job, result))
        job.failed.connect(lambda error: self._close_failed(job, error))
        job.cancelled.connect(lambda: self._close_stopped(job))
        self.closer.emit(Progress(Text.close, 0, 0))

    def _close_told(self, job: Job, event: object) -> None:
        if job is not self._close:
            return
        if isinstance(event, Progress):
            self.closer.emit(event)
        elif isinstance(event, FirstFindings):
            self.closer.emit(Progress(Text.close, 0, 0))
        elif isinstance(event, Note) and "not checked" in event.text:
            self.note.emit(event.text)

    def _close_done(self, job: Job, result: CheckResult) -> None:
        if job is self._close:
            self._close, self._closely_fresh = None, True
            self.findings = result.findings
            self.closer.emit(None)
            self.changed.emit()

    def _close_failed(self, job: Job, error: StudioError) -> None:
        if job is self._close:
            self._close, self._closely_fresh = None, True
            self.closer.emit(None)
            self.note.emit(f"{error.what} {error.remedy}".strip())

    def _close_stopped(self, job: Job) -> None:
        if job is self._close:
            self._close, self._closely_fresh = None, True
            self.closer.emit(None)

    def _make_way(self, job: Job) -> None:
        """Somebody wants the worker that the close look uses: it goes on when they are done."""
        if self._close is not None and job is not self._close and _is_heavy(job):
            self._give_up_close()

    def _give_up_close(self) -> None:
        job, self._close = self._close, None
        if job is not None:
            job.cancel()
            self.closer.emit(None)

    def _other_work(self) -> bool:
        return any(_is_heavy(job) for job in self._session.bridge.jobs() if job.task != CLOSE)

    @staticmethod
    def _drop(job: Job | None) -> None:
        if job is not None:
            job.cancel()


def _is_heavy(job: Job) -> bool:
    from tlstudio.jobs.messages import Lane
    from tlstudio.jobs.tasks import lane_of

    return lane_of(job.task) is Lane.HEAVY


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    order = list(Severity)
    return tuple(sorted(findings, key=lambda f: (f.ignored, order.index(f.severity))))
