"""Threads that keep decoding processes busy: each owns one process, hands it files, and replaces it when it fails.

A process is given its next file before it has answered for the last one, so that it never waits for its owner. Its files are
answered in the order they were given: what goes wrong is the first one's doing.

A process that somebody suspends answers nothing, takes nothing and says nothing of it; its lane may then be stuck in the middle
of a message. So one more thread looks after them all and ends what stands still; its files go to another process.
"""

from __future__ import annotations

import pickle
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from tlstudio.domain.values import Refusal
from tlstudio.images import decoder_process
from tlstudio.images.decoder_loop import UNFETCHED
from tlstudio.images.decoder_process import DecoderDied, DecoderProcess, message

A = TypeVar("A")
B = TypeVar("B")

GIVEN = UNFETCHED  # files a process holds at most: the one it works on, and the next
# A longer task is not handed over ahead: a process that is writing its answer does not read, and both would wait for ever.
SHORT = 16_384
POLL_SECONDS = 0.1
# A process that is about to end its file anyway stays warm when the user cancels.
GRACE_SECONDS = 0.2
TOO_LONG = "Reading the file took too long."
TOO_LARGE = "Reading the file takes too much memory."
CRASHED = "The file makes the decoder crash."
SUSPENDED = "The part of the program that reads images was suspended again and again from outside."
TIMES_SUSPENDED = 3  # after which a file is given up


class Stopped(Exception):
    """Nobody waits for the results any more."""


class _TooLarge(Exception):
    """The process holds more memory than it may."""


class Pool(Protocol):
    """Where processes come from and go back to. `seconds`: for a file; more_seconds: for a large one that is late. `memory`:
    bytes that a process may hold, None for any.
    """

    seconds: float
    memory: int | None

    def borrow(self, stop: threading.Event) -> DecoderProcess: ...
    def give_back(self, process: DecoderProcess) -> None: ...
    def more_seconds(self, path: str, stop: threading.Event) -> float: ...


@dataclass(slots=True)
class _Task:
    path: str
    message: bytes
    future: Future[Any] = field(default_factory=Future)
    asked: bool = False
    suspended: int = 0  # processes that were, while it was their first


class Lanes(Generic[A, B]):
    """The threads of one loop over many files; they start one by one as files come in, and end with `leave`."""

    def __init__(
        self, pool: Pool, width: int, function: Callable[[A], B | Refusal], path: Callable[[A], object]
    ) -> None:
        self._pool = pool
        self._width = width
        self._function = pickle.dumps(function)
        self._path = path
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lanes: list[_Lane] = []
        self._left = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="decode-watch")

    def submit(self, item: A) -> Future[B | Refusal]:
        """Queues an item. Raises what pickling raises."""
        task = _Task(str(self._path(item)), message(self._function, item))
        self._tasks.put(task)
        if len(self._threads) < self._width:
            lane = _Lane(self._pool, self._tasks, self._stop)
            self._lanes.append(lane)
            if not self._threads:
                self._watch.start()
            self._threads.append(threading.Thread(target=lane.run, name=f"decode-{len(self._threads)}"))
            self._threads[-1].start()
        return task.future

    def leave(self) -> None:
        """Stops what is under way and ends the threads."""
        self._stop.set()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(POLL_SECONDS)
            while thread.is_alive():
                for lane in self._lanes:
                    lane.end_if_suspended(0.0)
                thread.join(POLL_SECONDS)
        self._left.set()
        if self._threads:
            self._watch.join()

    def _look_after(self) -> None:
        while not self._left.wait(decoder_process.LOOK_SECONDS):
            for lane in list(self._lanes):
                lane.end_if_suspended()


class _Lane:
    """One thread's share: a process, and the files it was given; the first of them is the one it works on."""

    def __init__(self, pool: Pool, tasks: queue.SimpleQueue[_Task | None], stop: threading.Event) -> None:
        self._pool = pool
        self._tasks = tasks
        self._stop = stop
        self._process: DecoderProcess | None = None
        self._given: deque[_Task] = deque()
        self._last = False

    def end_if_suspended(self, patience: float | None = None) -> None:
        """See `DecoderProcess`; called from other threads."""
        process = self._process
        if process is not None:
            process.end_if_suspended(patience)

    def run(self) -> None:
        try:
            while self._take():
                self._answer_first()
        except Stopped:
            self._drop()
        except BaseException as error:  # whatever it is: who waits for these files must hear of it, or waits for ever
            given = list(self._given)
            with suppress(Exception):
                self._drop()
            self._process = None
            for task in given:
                task.future.set_exception(error)
        if self._process is not None:
            self._pool.give_back(self._process)

    def _take(self) -> bool:
        """Takes what there is to do, waiting for it only with empty hands. False at the end of all."""
        while not self._last and len(self._given) < GIVEN:
            try:
                task = self._tasks.get(block=not self._given)
            except queue.Empty:
                break
            if task is None:
                self._last = True
            elif not self._stop.is_set():
                self._given.append(task)
        return bool(self._given)

    def _answer_first(self) -> None:
        """Waits for the first file's answer; a file whose process died of an earlier one is left for another go."""
        first = self._given[0]
        try:
            process = self._process = self._process or self._pool.borrow(self._stop)
            self._hand_over(process)
            if self._in_time(process, first.path):
                answer = process.receive()
                if answer.failure is not None:
                    first.future.set_exception(answer.failure)
                else:
                    first.future.set_result(
                        answer.value if answer.refused is None else Refusal(first.path, answer.refused)
                    )
            else:
                self._drop()
                first.future.set_result(Refusal(first.path, TOO_LONG))
        except _TooLarge:
            self._drop()
            first.future.set_result(Refusal(first.path, TOO_LARGE))
        except DecoderDied:
            # Only a fresh process proves that it was this file, and not an earlier one or the system.
            fresh, suspended = process.answers == 0, process.suspended
            self._drop()
            first.suspended += suspended
            again = first.suspended < TIMES_SUSPENDED if suspended else not fresh
            if again:
                return
            first.future.set_result(Refusal(first.path, SUSPENDED if suspended else CRASHED))
        except Stopped:
            raise
        except Exception as error:
            self._drop()
            first.future.set_exception(error)
        self._given.popleft()

    def _hand_over(self, process: DecoderProcess) -> None:
        for i, task in enumerate(self._given):
            if not task.asked and (i == 0 or len(task.message) <= SHORT):
                process.ask(task.message)
                task.asked = True

    def _in_time(self, process: DecoderProcess, path: str) -> bool:
        """Whether an answer (or the process's end) came in time. Raises Stopped when nobody wants it any more, _TooLarge."""
        end = time.monotonic() + self._pool.seconds
        asked_for_more = False
        while not process.answered(POLL_SECONDS):
            if self._pool.memory is not None and process.memory() > self._pool.memory:
                raise _TooLarge
            if self._stop.is_set():
                if process.answered(GRACE_SECONDS):
                    break
                raise Stopped
            if time.monotonic() < end or process.stands:
                continue
            if asked_for_more:
                return False
            end, asked_for_more = end + self._pool.more_seconds(path, self._stop), True
        return True

    def _drop(self) -> None:
        """Ends the process, and with it what it still had to do."""
        if self._process is not None:
            self._process.kill()
            self._process = None
        for task in self._given:
            task.asked = False
