"""Between the window and the workers: starts jobs by name and brings their messages back as Qt signals.

One thread per lane runs the lane's supervisor, which owns one worker process. Nothing here runs a task itself, so a crash
of a worker never reaches the window.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SIGNAL, QObject, Qt, QThread, Signal

from tlstudio.domain.errors import StudioError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tlstudio.jobs.supervisor import Supervisor

CLOSE_PATIENCE_MS = 15_000
# As Qt writes the signals of a job.
SIGNALS = (
    *("event(PyObject)", "finished(PyObject)", "failed(PyObject)", "cancelled()", "ended()"),
    *("begun()", "pause_changed(bool)", "ending()", "placed()"),
)


class Job(QObject):
    """One task under way. `event` carries the domain's events, `finished` the task's result, `failed` a StudioError.

    Exactly one of finished, failed and cancelled is emitted, and `ended` after it. task: its name. title: shown in the job
    strip, empty to stay out of it. latest: the last event, for pages that are opened while the job runs. queued: others are
    before it; `begun` tells when they are done. paused: the user wants it to wait; `pause_changed` tells. cancelling, stopping:
    the user wants it to end; `ending` tells. places: parts of pages that show its progress and the way out of it; while one of
    them is seen, the job strip does not say the same again.
    """

    event = Signal(object)  # type: ignore[assignment]  # hides QObject.event, which no job overrides
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()
    begun = Signal()
    pause_changed = Signal(bool)
    ending = Signal()
    placed = Signal()

    def __init__(self, task: str, title: str, arguments: dict[str, Any], lane: _Lane) -> None:
        super().__init__()
        self.task = task
        self.title = title
        self.arguments = arguments
        self.number = -1
        self.latest: object | None = None
        self.over = False
        self.queued = False
        self.cancelling = False
        self.stopping = False
        self.paused = False
        self.places: list[QWidget] = []
        self._lane = lane

    def show_in(self, place: QWidget) -> Job:
        """`place` is visible only while it shows this job; returns the job."""
        self.places.append(place)
        self.placed.emit()
        return self

    def leave(self, place: QWidget) -> None:
        """`place` shows something else."""
        self.places = [known for known in self.places if known is not place]
        self.placed.emit()

    def cancel(self) -> None:
        """Asks the task to end without a result; `cancelled` follows."""
        self.cancelling = True
        self._tell("cancel")
        self.ending.emit()

    def stop(self) -> None:
        """Asks the task to end now and keep the best so far, also out of a pause; `finished` follows."""
        self.stopping = True
        self._tell("stop")
        self._set_paused(False)
        self.ending.emit()

    def pause(self) -> None:
        self._tell("pause")
        self._set_paused(True)

    def resume(self) -> None:
        self._tell("resume")
        self._set_paused(False)

    def begin(self) -> None:
        """Nothing is before it any more."""
        if self.queued:
            self.queued = False
            self.begun.emit()

    def cut(self) -> None:
        """Nobody hears of it any more. What a listener knows, the job and a page among it, would else be kept for ever: Qt
        holds the listener and Python does not see that, so it never finds the circle.
        """
        for signal in SIGNALS:
            if self.receivers(SIGNAL(signal)):
                getattr(self, signal.partition("(")[0]).disconnect()

    def _set_paused(self, paused: bool) -> None:
        if self.paused != paused and not self.over:
            self.paused = paused
            self.pause_changed.emit(paused)

    def _tell(self, wish: str) -> None:
        if not self.over:
            self._lane.tell(self, wish)


class _Lane(QThread):
    """Serves one supervisor for the life of the window. Its `message` signal crosses into the window's thread."""

    message = Signal(int, object)

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName(f"lane.{name}")
        self._name = name
        self._supervisor: Supervisor | None = None

    def begin(self) -> None:
        """Starts the worker process; called once the window is painted, or by the first job."""
        if self._supervisor is None:
            from tlstudio.jobs.messages import Lane
            from tlstudio.jobs.supervisor import Supervisor

            self._supervisor = Supervisor(Lane(self._name), self.message.emit)
            self.start()

    def run(self) -> None:
        assert self._supervisor is not None
        self._supervisor.serve()

    def submit(self, task: str, arguments: dict[str, Any]) -> int:
        self.begin()
        assert self._supervisor is not None
        return self._supervisor.submit(task, arguments)

    def tell(self, job: Job, wish: str) -> None:
        if self._supervisor is not None:
            getattr(self._supervisor, wish)(job.number)

    def end(self) -> None:
        if self._supervisor is not None:
            self._supervisor.close()


class JobBridge(QObject):
    """The window's only way to work that takes longer than a blink."""

    job_started = Signal(object)
    job_ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = {name: _Lane(name, self) for name in ("light", "heavy", "beside")}
        self._jobs: dict[tuple[str, int], Job] = {}
        self._handlers = {
            "light": self._on_light,
            "heavy": self._on_heavy,
            "beside": self._on_beside,
        }
        for name, lane in self._lanes.items():
            lane.message.connect(self._handlers[name], Qt.ConnectionType.QueuedConnection)
        self._closed = False

    def start(self) -> None:
        """Starts the usual workers, so that what they load is there when it is needed."""
        if not self._closed:
            for name in ("light", "heavy"):
                self._lanes[name].begin()

    def submit(self, task: str, title: str = "", **arguments: Any) -> Job:
        """Queues a task by name and returns at once. `title` is shown in the job strip; without one the job stays quiet.

        While a training is queued or under way, what need not wait for its end runs beside it.
        """
        from tlstudio.jobs.tasks import lane_of

        name = lane_of(task, training=self.running("train") is not None).value
        lane = self._lanes[name]
        job = Job(task, title, arguments, lane)
        job.queued = self._first_of(name) is not None
        # The lane answers through a queued signal, so the job is in the table before its first message is read.
        job.number = lane.submit(task, arguments)
        self._jobs[name, job.number] = job
        self.job_started.emit(job)
        return job

    def jobs(self) -> list[Job]:
        """All jobs that are queued or under way, oldest first."""
        return list(self._jobs.values())

    def running(self, task: str) -> Job | None:
        """The newest job of this task that is queued or under way."""
        return next((job for job in reversed(self._jobs.values()) if job.task == task), None)

    def _first_of(self, lane: str) -> Job | None:
        """The oldest job of a lane, which is the one that its worker is at."""
        return next((job for (each, _), job in self._jobs.items() if each == lane), None)

    def computing(self) -> bool:
        """True while a model is at work in some worker: what is timed now would seem slow."""
        return any(lane != "light" for lane, _ in self._jobs)

    def close(self) -> None:
        """Cancels what is under way and ends the workers. Returns when no thread or process of theirs is left."""
        if self._closed:
            return
        self._closed = True
        for job in self.jobs():
            job.cancel()
        for lane in self._lanes.values():
            lane.end()
        for lane in self._lanes.values():
            if not lane.wait(CLOSE_PATIENCE_MS):
                _kill_children()
                lane.wait(CLOSE_PATIENCE_MS)
        for job in self.jobs():
            job.cut()
        self._jobs.clear()

    def _on_light(self, number: int, message: object) -> None:
        self._deliver("light", number, message)

    def _on_heavy(self, number: int, message: object) -> None:
        self._deliver("heavy", number, message)

    def _on_beside(self, number: int, message: object) -> None:
        self._deliver("beside", number, message)

    def _deliver(self, lane: str, number: int, message: object) -> None:
        from tlstudio.jobs.messages import Broke, Done, WasCancelled

        job = self._jobs.get((lane, number))
        if job is None:
            return
        match message:
            case Done(result=result):
                self._end(lane, job, job.finished.emit, result)
            case Broke(error=error):
                self._end(lane, job, job.failed.emit, error)
            case WasCancelled():
                self._end(lane, job, job.cancelled.emit)
            case _:
                job.latest = message
                job.event.emit(message)

    def _end(self, lane: str, job: Job, announce: Callable[..., None], *result: object) -> None:
        self._jobs.pop((lane, job.number), None)
        job.over = True
        if following := self._first_of(lane):
            following.begin()
        announce(*result)
        job.ended.emit()
        self.job_ended.emit(job)
        job.cut()


def error_text(error: StudioError) -> str:
    """A failure as the window says it: what happened and what to do, without the file's full path in the sentence."""
    return f"{error.what} {error.remedy}".strip()


def _kill_children() -> None:
    """The last resort at closing: a worker that neither answers nor ends is killed, because nobody would see it again."""
    import multiprocessing

    for process in multiprocessing.active_children():
        process.kill()
