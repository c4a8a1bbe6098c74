"""One process that decodes: what runs in it, and the near end of its pipe. See `guard` for why there is one."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import pickle
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any

from tlstudio.domain.errors import ImageRefused, WorkerDied

NAME = "tlstudio-decoder"
START_SECONDS = 120.0
END_SECONDS = 5.0
# A process whose owner died while a file kept it busy for ever ends itself after this long.
LAST_RESORT_SECONDS = 900.0
RENEW_SECONDS = 60.0
NO_MEMORY = "The picture does not fit into memory."


_starting = threading.Lock()


class DecoderDied(Exception):
    """The process ended before it answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one item: its value, or why it was refused, or the defect that showed."""

    value: Any = None
    refused: str | None = None
    failure: Exception | None = None


class DecoderProcess:
    """A spawned process that decodes one item after another. To be used by one thread at a time."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        _allow_children()
        self._connection, far = context.Pipe()
        self._process: BaseProcess = context.Process(target=serve, args=(far,), name=NAME, daemon=True)
        with _without_interrupts(), _without_main():
            self._process.start()
        far.close()
        self._give_up = time.monotonic() + START_SECONDS
        self.answers = 0

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
        raise WorkerDied(
            "The part of the program that reads images could not be started.",
            remedy="Close other programs and try again; if it happens again, install the program anew.",
        ) from RuntimeError(reason)

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

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
            head = self._connection.recv_bytes()
            (count,) = struct.unpack_from("<I", head)
            buffers = [self._connection.recv_bytes() for _ in range(count)]
        except (EOFError, OSError) as error:
            raise DecoderDied from error
        answer: Answer = pickle.loads(memoryview(head)[4:], buffers=buffers)
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


def message(function: Callable[[Any], Any], item: object) -> bytes:
    """What `DecoderProcess.ask` hands over."""
    return pickle.dumps((function, item))


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


# --- in the process ---------------------------------------------------------------------------------------------------


def serve(connection: Connection) -> None:
    """Entry point of the spawned process: answers until its owner hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    last_resort = _LastResort(_be_quiet())
    with suppress(EOFError, OSError):
        connection.send(_warm_up())
        while True:
            if not connection.poll(0):
                last_resort.rest()
            task = connection.recv_bytes()
            last_resort.work()
            _send(connection, _answer(task))


class _LastResort:
    """Ends this process when one file takes LAST_RESORT_SECONDS or a little more, though C code never let go of the interpreter.

    The clock is a thread, and to start and to join one for each file costs several milliseconds on a busy machine, as much as a
    small picture does. So it runs on from file to file and is renewed now and then, and is stopped only for want of files.
    """

    def __init__(self, file: int) -> None:
        """file: descriptor of where the dump goes that comes with the end."""
        self._file = file
        self._since: float | None = None

    def work(self) -> None:
        now = time.monotonic()
        if self._since is None or now - self._since > RENEW_SECONDS:
            faulthandler.dump_traceback_later(LAST_RESORT_SECONDS + RENEW_SECONDS, exit=True, file=self._file)
            self._since = now

    def rest(self) -> None:
        if self._since is not None:
            faulthandler.cancel_dump_traceback_later()
            self._since = None


def _be_quiet() -> int:
    """Nothing that a decoder prints may reach the terminal, or the JSON of the command line. Returns where it goes."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        with suppress(OSError):  # a windowed program may have neither
            os.dup2(null, stream)
    return null


def _warm_up() -> str:
    """Loads the decoders, so that the first file is not charged for it; returns what went wrong."""
    try:
        import_module("tlstudio.images.prepare")
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _answer(task: bytes) -> Answer:
    try:
        function, item = pickle.loads(task)
        return Answer(function(item))
    except ImageRefused as error:
        return Answer(refused=error.what)
    except MemoryError:
        return Answer(refused=NO_MEMORY)
    except Exception as error:
        return Answer(failure=_portable(error))


def _portable(error: Exception) -> Exception:
    """The error itself if it survives the way to the owner, else its name; never words that may quote a file's content."""
    with suppress(Exception):
        if type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    return RuntimeError(type(error).__name__)


def _send(connection: Connection, answer: Answer) -> None:
    """Arrays go beside the pickle, as the bytes they are: pictures of megabytes are not copied into it."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(answer, protocol=5, buffer_callback=buffers.append)
    connection.send_bytes(struct.pack("<I", len(buffers)) + head)
    for buffer in buffers:
        connection.send_bytes(buffer.raw())
