"""What runs in a decoding process: it reads tasks from its pipe, one after another, and answers each. See `guard`.

A task is the length of a pickled function, that function, and a pickled item. An answer is the number of its arrays, where each
of them lies, and a pickled `Answer` that lacks them; those that found no room in the shared memory follow it through the pipe.
"""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import os
import pickle
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from typing import Any

from tlstudio.domain.errors import ImageRefused

# A process that a file keeps busy for ever, and that nothing else has ended, ends itself after this long.
LAST_RESORT_SECONDS = 900.0
RENEW_SECONDS = 60.0
NO_MEMORY = "The picture does not fit into memory."
# Answers that may wait at the same time to be fetched; whoever asks must not ask for more.
UNFETCHED = 2
# Room for one answer's arrays in the memory that both sides share: a model's input of 590 pixels. Larger ones take the pipe.
ROOM = 2**20
PIPED = -1
COUNT, PLACE = struct.Struct("<I"), struct.Struct("<qq")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one item: its value, or why it was refused, or the defect that showed."""

    value: Any = None
    refused: str | None = None
    failure: Exception | None = None


def serve(connection: Connection, room: Any) -> None:
    """Entry point of the spawned process: answers until its owner hangs up. room: shared memory for the arrays of answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_owner()
    # There is one such process a core; numpy's library of matrix products, not loaded yet, would start as many threads in each.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    last_resort, shared = _LastResort(_be_quiet()), memoryview(room).cast("B")
    with suppress(EOFError, OSError):
        connection.send(_warm_up())
        for begin in cycle(range(0, UNFETCHED * ROOM, ROOM)):
            task = connection.recv_bytes()
            last_resort.work()
            _send(connection, _answer(task), shared, begin)


def end_with_owner() -> None:
    """Ends this process at once when its owner is gone, whatever it is doing; without an owner does nothing.

    The owner holds one end of a pipe into which nothing is ever written. A thread waits for its end everywhere; but C code
    may keep the interpreter from every thread, so where the system can (Linux: fcntl(2), O_ASYNC) a signal that is not caught
    comes as well. Elsewhere such a process ends with its LAST_RESORT_SECONDS.
    """
    owner = multiprocessing.parent_process()
    if owner is None:
        return

    def wait() -> None:
        wait_for([owner.sentinel])
        os._exit(1)

    threading.Thread(target=wait, name="owner", daemon=True).start()
    if sys.platform == "linux":
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(owner.sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(owner.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(owner.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


class _LastResort:
    """Ends this process when one file takes LAST_RESORT_SECONDS or a little more, though C code never let go of the interpreter.

    The clock is a thread, and to start and to join one for each file costs several milliseconds on a busy machine, as much as a
    small picture does. So it runs on from file to file and is renewed now and then. A process that has had nothing to do for
    that long ends as well; nobody misses it.
    """

    def __init__(self, file: int) -> None:
        """file: descriptor of where the dump goes that comes with the end."""
        self._file = file
        self._since = -math.inf

    def work(self) -> None:
        """A file begins."""
        now = time.monotonic()
        if now - self._since > RENEW_SECONDS:
            faulthandler.dump_traceback_later(LAST_RESORT_SECONDS + RENEW_SECONDS, exit=True, file=self._file)
            self._since = now


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
        begin = COUNT.size
        end = begin + COUNT.unpack_from(task)[0]
        return Answer(_function(task[begin:end])(pickle.loads(memoryview(task)[end:])))
    except ImageRefused as error:
        return Answer(refused=error.what)
    except MemoryError:
        return Answer(refused=NO_MEMORY)
    except Exception as error:
        return Answer(failure=_portable(error))


@lru_cache(maxsize=4)
def _function(pickled: bytes) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = pickle.loads(pickled)
    return function


def _portable(error: Exception) -> Exception:
    """The error itself if it survives the way to the owner, else its name; never words that may quote a file's content."""
    with suppress(Exception):
        if type(pickle.loads(pickle.dumps(error))) is type(error):
            return error
    return RuntimeError(type(error).__name__)


def _send(connection: Connection, answer: Answer, room: memoryview, begin: int) -> None:
    """Arrays go beside the pickle, as the bytes they are: into the shared memory from `begin` on, or through the pipe."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(answer, protocol=5, buffer_callback=buffers.append)
    places, piped, end = [], [], begin + ROOM
    for buffer in map(pickle.PickleBuffer.raw, buffers):
        if begin + len(buffer) <= end:
            room[begin : begin + len(buffer)] = buffer
            places.append(PLACE.pack(begin, len(buffer)))
            begin += len(buffer)
        else:
            places.append(PLACE.pack(PIPED, len(buffer)))
            piped.append(buffer)
    connection.send_bytes(b"".join((COUNT.pack(len(buffers)), *places, head)))
    for buffer in piped:
        connection.send_bytes(buffer)
