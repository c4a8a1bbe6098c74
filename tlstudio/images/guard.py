"""Decoding in processes of their own: a file that crashes the decoder, hangs or fills the memory costs that file alone.

The room `jobs` is the one place that starts threads and processes. This pool is the deliberate exception below it: decoders are
C code that is fed with files from anywhere, and both who calls them, the worker process and the command line, must outlive
them. It belongs here because only here it is known what a refused file is.

The processes are spawned when they are first needed, one a core, kept for the next file, and ended when nobody needed them for a
while. They hear of the end of their owner, however sudden, by the end of their pipe.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from tlstudio.domain.errors import WorkerDied
from tlstudio.domain.values import Refusal
from tlstudio.images.decoder_lanes import CRASHED, POLL_SECONDS, TIMES_SUSPENDED, TOO_LARGE, TOO_LONG, Lanes, Stopped
from tlstudio.images.decoder_process import END_SECONDS, DecoderDied, DecoderProcess, message, not_started
from tlstudio.images.ordered import AHEAD, cores, gather

__all__ = ["CRASHED", "DECODERS", "TOO_LARGE", "TOO_LONG", "Guard"]

A = TypeVar("A")
B = TypeVar("B")

SECONDS = 60.0
SECONDS_PER_MEGAPIXEL = 1.0
IDLE_SECONDS = 60.0


class Guard:
    """A pool of decoding processes; may be used from any thread, starts with the first file and again after `close`.

    seconds: what a file may take; a large picture gets SECONDS_PER_MEGAPIXEL on top. idle: seconds after which processes that
    nobody needs are ended. memory: bytes that a process may hold; None for any. pictures: whether the files are pictures, of
    which a large one may take longer.
    """

    def __init__(
        self,
        processes: int | None = None,
        *,
        seconds: float = SECONDS,
        idle: float = IDLE_SECONDS,
        memory: int | None = None,
        pictures: bool = True,
    ) -> None:
        self.seconds = seconds
        self.memory = memory
        self._pictures = pictures
        self._processes = processes
        self._idle_seconds = idle
        self._lock = threading.Lock()
        self._idle: list[DecoderProcess] = []
        self._timer: threading.Timer | None = None
        self._used = 0.0

    def in_order(
        self,
        function: Callable[[A], B | Refusal],
        items: Iterable[A],
        path: Callable[[A], object] = str,
        *,
        waiting: Callable[[], object] | None = None,
    ) -> Iterator[tuple[A, B | Refusal]]:
        """`function` of each item, results in order, memory bounded; a Refusal for an item that could not be decoded.

        function: found by its import path in the other process, so of a module's top level, or a `partial` of one. Items and
        results are pickled; arrays travel beside the pickle. path: the file an item stands for, for the Refusal. waiting: called
        several times a second while a result is waited for, so that a user can cancel even then: `reporter.check_cancelled`.

        An ImageRefused that the function raises becomes a Refusal too; any other exception comes out here. Leaving the loop
        early, for an exception or a cancellation, stops what is under way.
        """
        width = self._width()
        lanes = Lanes[A, B](self, width, function, path)
        return gather(lanes.submit, items, width * AHEAD, waiting=waiting, leaving=lanes.leave)

    def call(
        self,
        function: Callable[[A], B | Refusal],
        item: A,
        path: Path,
        *,
        waiting: Callable[[], object] | None = None,
    ) -> B | Refusal:
        """`function` of one item, see `in_order`."""
        ((_, result),) = self.in_order(function, [item], lambda _: path, waiting=waiting)
        return result

    def close(self) -> None:
        """Ends the processes. What is under way in another thread ends its own."""
        with self._lock:
            ending, self._idle = self._idle, []
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()
        _end(ending)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- for the lanes ---

    def borrow(self, stop: threading.Event) -> DecoderProcess:
        """A process that is ready. Raises WorkerDied when none can be started, Stopped when nobody waits any more."""
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.alive:
                    return process
                process.kill()
        for _ in range(TIMES_SUSPENDED):
            process = DecoderProcess()
            try:
                while not process.is_ready(POLL_SECONDS):
                    process.end_if_suspended()
                    if stop.is_set():
                        raise Stopped
                return process
            except BaseException as error:
                process.kill()
                if not (isinstance(error, WorkerDied) and process.suspended):
                    raise
        raise not_started()

    def give_back(self, process: DecoderProcess) -> None:
        """Keeps a process that has nothing to do for the next who needs one."""
        with self._lock:
            self._used = time.monotonic()
            if len(self._idle) < self._width():
                self._idle.append(process)
                if self._timer is None:
                    self._set_timer(self._idle_seconds)
                return
        process.kill(END_SECONDS)

    def more_seconds(self, path: str, stop: threading.Event) -> float:
        """What a file may take longer for its size; asked only when it is late, and of a process, as any look into a file."""
        if not self._pictures:
            return 0.0
        process = self.borrow(stop)
        try:
            process.ask(message(pickle.dumps(megapixels), path))
            end = time.monotonic() + self.seconds
            while not (answered := process.answered(POLL_SECONDS)) and time.monotonic() < end and not stop.is_set():
                process.end_if_suspended()
            answer = process.receive() if answered else None
        except DecoderDied:
            answer = None
        process.kill()
        return 0.0 if answer is None or not answer.value else answer.value * SECONDS_PER_MEGAPIXEL

    def _set_timer(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._end_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_idle(self) -> None:
        """Ends the processes when nobody needed one for long enough, else looks again later."""
        with self._lock:
            if threading.current_thread() is not self._timer:
                return  # the pool was closed while this one was waiting for its turn
            left = self._used + self._idle_seconds - time.monotonic()
            if left > 0:
                self._set_timer(left)
                return
            ending, self._idle = self._idle, []
            self._timer = None
        _end(ending)

    def _width(self) -> int:
        return self._processes or cores()


def megapixels(path: str) -> float:
    """Size of a picture; runs in a decoding process."""
    from tlstudio.images.decode import read_header

    header = read_header(Path(path))
    return header.width * header.height / 1e6


def _end(processes: list[DecoderProcess]) -> None:
    for process in processes:
        process.hang_up()
    for process in processes:
        process.kill(END_SECONDS)


# The pool of this process. Others are for tests.
DECODERS = Guard()
