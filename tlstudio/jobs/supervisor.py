"""Keeps one worker process busy, and the window alive when that process is not."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

from tlstudio.domain.errors import MemoryFull, WorkerDied
from tlstudio.jobs.messages import LAST_WORDS, Broke, Control, Lane, Message, Request, Steer, WasCancelled
from tlstudio.jobs.process import WorkerProcess

Listener = Callable[[int, Message], None]

# A job that hears nothing for this long after Cancel is ended with its process; a new process takes its place.
GRACE_SECONDS = 10.0
# After which one that does not even end when asked to (suspended, or waiting for a drive) is killed.
INSIST_SECONDS = 2.0
CLOSING_SECONDS = 5.0
IDLE_SECONDS = 60.0  # after which the worker of the lane beside a training gives its memory back


class Supervisor:
    """Runs jobs one after another in one spawned worker process, and replaces the process when it dies.

    `serve` blocks and belongs on a thread of its own; every other method may be called from any thread. The listener is
    called on the serving thread, with the job's number and its message; the last one is Done, Broke or WasCancelled.
    The worker of the lane beside a training ends when it has had nothing to do for IDLE_SECONDS; the next job starts another.
    """

    def __init__(self, lane: Lane, listener: Listener) -> None:
        self._lane = lane
        self._listener = listener
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._queue: deque[Request] = deque()
        self._steers: deque[Steer] = deque()
        self._wishes: dict[int, Steer] = {}  # for jobs that are not begun
        self._closing = False
        self._current: Request | None = None
        self._cancelled_at: float | None = None
        self._heard = False  # whether the worker has said anything about the current job
        self._tried_again = 0
        self._worker: WorkerProcess | None = None
        self._wake_far, self._wake_near = multiprocessing.get_context("spawn").Pipe(duplex=False)

    # --- any thread ---

    def submit(self, task: str, arguments: dict[str, Any]) -> int:
        """Queues a job and returns its number."""
        with self._lock:
            number = next(self._numbers)
            self._queue.append(Request(number, task, arguments))
        self._wake()
        return number

    def cancel(self, job: int) -> None:
        self._steer(job, Control.CANCEL)

    def stop(self, job: int) -> None:
        """Asks the job to end soon with the best result so far."""
        self._steer(job, Control.STOP)

    def pause(self, job: int) -> None:
        self._steer(job, Control.PAUSE)

    def resume(self, job: int) -> None:
        self._steer(job, Control.RESUME)

    def close(self) -> None:
        """Makes `serve` end the worker and return; a running job is cancelled, its checkpoints stay."""
        self._closing = True
        self._wake()

    def _steer(self, job: int, control: Control) -> None:
        with self._lock:
            self._steers.append(Steer(job, control))
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_near.send(None)

    # --- the serving thread ---

    def serve(self) -> None:
        """Runs until `close`. Starts the worker at once, so that it is warm when the first job comes."""
        try:
            self._ensure_worker()
            while not self._closing:
                self._forward_steers()
                self._start_next()
                self._wait()
        finally:
            self._finish()

    def _ensure_worker(self) -> WorkerProcess:
        if self._worker is None:
            self._worker = WorkerProcess(self._lane)
        return self._worker

    def _start_next(self) -> None:
        if self._current is not None:
            return
        if self._worker is not None and wait([self._worker.process.sentinel], 0):
            self._replace(self._worker)  # died while it had nothing to do: no job need suffer for it
        with self._lock:
            self._current = self._queue.popleft() if self._queue else None
        if self._current is not None:
            self._cancelled_at, self._heard = None, False
            worker = self._ensure_worker()
            worker.send(self._current)
            wish = self._wishes.pop(self._current.number, None)
            if wish is not None:
                worker.send(wish)

    def _forward_steers(self) -> None:
        while True:
            with self._lock:
                if not self._steers:
                    return
                steer = self._steers.popleft()
                waiting = next((r for r in self._queue if r.number == steer.number), None)
                if waiting is not None and steer.control in (Control.CANCEL, Control.STOP):
                    self._queue.remove(waiting)
            if waiting is not None and steer.control in (Control.CANCEL, Control.STOP):
                self._wishes.pop(steer.number, None)
                self._listener(steer.number, WasCancelled())
            elif waiting is not None:
                self._wishes[steer.number] = steer  # to wait, or not to: told when its turn comes
            elif self._current is not None and steer.number == self._current.number:
                if steer.control is Control.CANCEL:
                    self._cancelled_at = time.monotonic()
                self._ensure_worker().send(steer)

    def _wait(self) -> None:
        worker = self._worker
        sources: list[Any] = [self._wake_far]
        if worker is not None:
            sources += [worker.connection, worker.process.sentinel]
        idle = self._lane is Lane.BESIDE and worker is not None and self._current is None
        ready = wait(sources, IDLE_SECONDS if idle else None if self._cancelled_at is None else 0.5)
        if self._wake_far in ready:
            self._wake_far.recv()
        if worker is None:
            return
        if idle and not ready:
            worker.end(CLOSING_SECONDS)
            self._worker = None
        elif worker.connection in ready:
            self._receive(worker)
        elif worker.process.sentinel in ready:
            self._replace(worker)
        elif self._cancelled_at is not None:
            _insist(worker, time.monotonic() - self._cancelled_at - GRACE_SECONDS)

    def _receive(self, worker: WorkerProcess) -> None:
        try:
            number, message = worker.connection.recv()
        except (EOFError, OSError):
            self._replace(worker)
            return
        if self._current is None or number != self._current.number:
            return
        self._heard = True
        if isinstance(message, LAST_WORDS):
            self._current = self._cancelled_at = None
        self._listener(number, message)

    def _replace(self, worker: WorkerProcess) -> None:
        """The process is gone: tell whose job it took. The next job starts a new one, so a broken start can't spin."""
        worker.process.join(1.0)  # its pipes close a moment before its exit code is known
        code = worker.process.exitcode
        worker.end(0.0)
        self._worker = None
        if self._current is None:
            return
        request, self._current = self._current, None
        cancelled = self._cancelled_at is not None
        self._cancelled_at = None
        if not (self._heard or cancelled or request.number == self._tried_again):
            # The worker was already dying when it got the job: nothing was begun, so another worker gets it, once.
            self._tried_again = request.number
            with self._lock:
                self._queue.appendleft(request)
            return
        self._listener(request.number, WasCancelled() if cancelled else Broke(_died(code, self._lane)))

    def _finish(self) -> None:
        # A worker without a job has nothing to put in order, and one that still loads torch would not even listen.
        patience = 0.0
        if self._current is not None:
            patience = CLOSING_SECONDS
            number, self._current = self._current.number, None
            self._listener(number, WasCancelled())
        if self._worker is not None:
            self._worker.end(patience)
            self._worker = None
        with self._lock:
            left, self._queue = list(self._queue), deque()
        for request in left:
            self._listener(request.number, WasCancelled())
        self._wake_far.close()
        self._wake_near.close()


def _insist(worker: WorkerProcess, overdue: float) -> None:
    """Ends the process of a job that is `overdue` seconds late in hearing of its end."""
    if overdue > INSIST_SECONDS:
        worker.process.kill()
    elif overdue > 0:
        worker.process.terminate()


def _died(code: int | None, lane: Lane) -> WorkerDied:
    """The plain message for an exit code; the kernel's out-of-memory killer uses signal 9."""
    if code == -9 and lane is Lane.BESIDE:
        return MemoryFull(
            "The system ended this work, most likely because the memory was full. The training goes on.",
            remedy="Try again when the training is done, or close other programs.",
        )
    if code == -9:
        return MemoryFull(
            "The system ended the work, most likely because the memory was full.",
            remedy=(
                "Close other programs and resume; or train again with a smaller model or input size, "
                "or with small additions (LoRA) only."
            ),
        )
    return WorkerDied(
        "The part of the program that does the work ended unexpectedly.",
        remedy="Nothing is lost. Resume, or try again; if it happens again, the log file tells more.",
    )
