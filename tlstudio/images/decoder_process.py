"""One process that decodes, as its owner holds it: the near end of its pipe. See `guard` for why there is one."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from types import ModuleType

import psutil

from tlstudio.domain.errors import WorkerDied
from tlstudio.images.decoder_loop import COUNT, PIPED, PLACE, ROOM, UNFETCHED, Answer, serve

NAME = "tlstudio-decoder"
START_SECONDS = 120.0
END_SECONDS = 5.0
# So long a process may stand still that somebody has suspended (SIGSTOP, a task manager).
SUSPENDED_SECONDS = 5.0
LOOK_SECONDS = 0.5  # between two looks whether it is

log = logging.getLogger(__name__)

_starting = threading.Lock()


class DecoderDied(Exception):
    """The process ended before it answered."""


class DecoderProcess:
    """A spawned process that decodes one item after another. To be used by one thread at a time, `end_if_suspended` aside.

    suspended: whether it was ended because somebody had kept it from running; then nothing is the fault of a file.
    """

    def __init__(self) -> None:
        """Raises WorkerDied where the system has no room for another process."""
        context = multiprocessing.get_context("spawn")
        _allow_children()
        try:
            # Has no name, so nothing is left of it, however either side ends.
            room = RawArray(ctypes.c_char, UNFETCHED * ROOM)
        except (OSError, MemoryError) as error:
            raise not_started() from error
        self._connection, far = context.Pipe()
        self._room = memoryview(room).cast("B")
        self._process: BaseProcess = context.Process(target=serve, args=(far, room), name=NAME, daemon=True)
        with _without_interrupts(), _without_main():
            self._process.start()
        far.close()
        self._give_up = time.monotonic() + START_SECONDS
        self._looked, self._stood = time.monotonic(), 0.0
        self.answers = 0
        self.suspended = False

    def is_ready(self, seconds: float) -> bool:
        """Waits up to `seconds` for the process to be able to work. Raises WorkerDied when it can't even start."""
        try:
            if self._connection.poll(seconds):
                reason = self._connection.recv()
            elif time.monotonic() < self._give_up:
                return False
            else:
                reason = "it does not answer"
        except (EOFError, OSError):
            reason = "it ended"
        if not reason:
            return True
        raise not_started() from RuntimeError(reason)

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    def memory(self) -> int:
        """Bytes of main memory that it holds now; 0 once it has ended."""
        try:
            return int(psutil.Process(self._process.pid).memory_info().rss)
        except (psutil.Error, ValueError):
            return 0

    def end_if_suspended(self, patience: float | None = None) -> None:
        """Looks whether somebody keeps it from running. One that has stood still for `patience` seconds (without a word:
        SUSPENDED_SECONDS) is ended, whatever its owner's threads are waiting for. To be called often, from any thread.

        What counts is time between looks, so that a computer or a whole program that was asleep ends nothing.
        """
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS and patience is None:
            return
        gap, self._looked = min(now - self._looked, 2 * LOOK_SECONDS), now
        try:
            process = psutil.Process(self._process.pid)
            self._stood = self._stood + gap if process.status() == psutil.STATUS_STOPPED else 0.0
            if self._stood and self._stood >= (SUSPENDED_SECONDS if patience is None else patience):
                self.suspended = True
                log.warning("a decoding process was suspended from outside; it is replaced")
                process.kill()
        except (psutil.Error, ValueError):
            return  # it has ended, which whoever waits for it notices

    @property
    def stands(self) -> bool:
        """Whether it was found suspended when it was last looked at."""
        return self._stood > 0

    def ask(self, task: bytes) -> None:
        """Hands over the next item as a `message`; a dead process is noticed when it is waited for."""
        with suppress(OSError):
            self._connection.send_bytes(task)

    def answered(self, seconds: float) -> bool:
        """Waits up to `seconds` for the answer, or for the process's end."""
        return self._connection.poll(seconds)

    def receive(self) -> Answer:
        """The answer to the first item that has none yet. Raises DecoderDied."""
        try:
            head = memoryview(self._connection.recv_bytes())
            (arrays,) = COUNT.unpack_from(head)
            pickled = COUNT.size + arrays * PLACE.size
            where = PLACE.iter_unpack(head[COUNT.size : pickled])
            buffers = [
                self._connection.recv_bytes() if begin == PIPED else bytes(self._room[begin : begin + size])
                for begin, size in where
            ]
        except (EOFError, OSError) as error:
            raise DecoderDied from error
        answer: Answer = pickle.loads(head[pickled:], buffers=buffers)
        self.answers += 1
        return answer

    def hang_up(self) -> None:
        """Lets the process end by itself; `kill` waits for it."""
        self._connection.close()

    def kill(self, patience: float = 0.0) -> None:
        """Ends the process, at once or when it has not ended by itself after `patience` seconds, and forgets it."""
        self._connection.close()
        if patience:
            self._process.join(patience)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(END_SECONDS)
        with suppress(ValueError):  # one that waits for a dead drive can't be ended even so; the system does it later
            self._process.close()


def not_started() -> WorkerDied:
    return WorkerDied(
        "The part of the program that reads images could not be started.",
        remedy="Close other programs and try again; if it happens again, install the program anew.",
    )


def message(function: bytes, item: object) -> bytes:
    """What `DecoderProcess.ask` hands over. function: pickled, so that it is pickled once for all items."""
    return b"".join((COUNT.pack(len(function)), function, pickle.dumps(item)))


def _allow_children() -> None:
    """Lets the worker process have children, which is forbidden to a process that may be ended without a word to them.

    Ours need no word: the end of their pipe tells them.
    """
    here = multiprocessing.current_process()
    if here.daemon:
        here.daemon = False


@contextmanager
def _without_main() -> Iterator[None]:
    """A spawned process would first run its owner's main module again; what it does here is never found there.

    So a script that calls this program needs no `if __name__ == "__main__":`, and its own work is not done twice.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl+C in a terminal reaches every process; a child started meanwhile never hears of it, from its first moment."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
