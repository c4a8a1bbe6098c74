"""Functions for decoding processes that do what damaged files make decoders do. Found there by their import path."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import DiskFull, ImageRefused
from tlstudio.domain.values import Refusal


def decode(item: str) -> str | Refusal:
    """What the item says: `good…`, `abort`, `hang` …"""
    kind = item.partition(" ")[0]
    return ACTIONS[kind](item) if kind in ACTIONS else item.upper()


def abort(_item: str) -> str:
    os.abort()


def exit_at_once(_item: str) -> str:
    os._exit(0)


def segfault(_item: str) -> str:
    return ctypes.string_at(8).decode()


def leave(_item: str) -> str:
    sys.exit(3)


def hang(_item: str) -> str:
    while True:
        time.sleep(1)


def spin(_item: str) -> str:
    """Never lets go of the interpreter, as C code may do."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return "never"


def no_memory(_item: str) -> str:
    raise MemoryError


def refuse(_item: str) -> str:
    raise ImageRefused("Not today.")


def defect(item: str) -> str:
    raise KeyError(item)


def named_defect(_item: str) -> str:
    raise DiskFull("The disk is full.")


class Unportable(Exception):
    def __init__(self, one: str, other: str) -> None:
        super().__init__(one)
        self.other = other


def unportable(_item: str) -> str:
    raise Unportable("patient", "name")


def refusal(item: str) -> Refusal:
    return Refusal(item, "As a value.")


def talk(_item: str) -> str:
    os.write(1, b"noise on standard output\n")
    os.write(2, b"TIFFReadDirectory: Warning\n")
    return "said"


def slow(item: str) -> str:
    time.sleep(0.2)
    return item


def crash_second(item: str) -> str:
    """Good in a fresh process, fatal in a used one: the fault of the file before."""
    ASKED.append(item)
    if len(ASKED) > 1:
        os.abort()
    return item


ASKED: list[str] = []
ACTIONS = {
    "abort": abort,
    "exit": exit_at_once,
    "segfault": segfault,
    "leave": leave,
    "hang": hang,
    "spin": spin,
    "memory": no_memory,
    "refuse": refuse,
    "defect": defect,
    "full": named_defect,
    "unportable": unportable,
    "refusal": refusal,
    "talk": talk,
    "slow": slow,
    "second": crash_second,
}


def whoami(_item: object) -> tuple[int, bool, str]:
    """The process, whether torch or Qt is loaded in it, and its name."""
    heavy = {"torch", "PySide6", "sklearn"} & set(sys.modules)
    return os.getpid(), bool(heavy), multiprocessing.current_process().name


def block(edge: int) -> npt.NDArray[np.uint8]:
    return (np.arange(edge * edge * 3) % 251).astype(np.uint8).reshape(edge, edge, 3)


def blocks(edges: list[int]) -> list[npt.NDArray[np.uint8]]:
    return [block(edge) for edge in edges]


def grow(item: bytes) -> npt.NDArray[np.uint8]:
    """Much for little, and much for much."""
    return np.full(3_000_000, len(item) % 256, np.uint8)


def touch_and_hang(item: Path) -> str:
    """Leaves its process number in a file, then never comes back."""
    item.write_text(str(os.getpid()))
    return hang("")


def touch_and_spin(item: Path) -> str:
    """The same, and never lets go of the interpreter."""
    item.write_text(str(os.getpid()))
    return spin("")


def nested(item: str) -> list[object]:
    """A worker process that uses decoding processes itself."""
    from tlstudio.images.guard import Guard

    with Guard(1) as guard:
        return [result for _, result in guard.in_order(decode, [item, "abort", item])]


def never_ready(*_arguments: object) -> None:
    """A process that starts and never gets further."""
    time.sleep(600)


def suspend_once(mark: Path) -> int:
    """Suspends its own process in the middle of the work, the first time for each mark."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return os.getpid()


def suspend_always(mark: Path) -> int:
    with mark.open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGSTOP)
    return os.getpid()


def suspend_while_answering(mark: Path) -> npt.NDArray[np.uint8]:
    """Is suspended while its answer, too large for any pipe, is on the way."""
    if not mark.exists():
        mark.touch()
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGSTOP)).start()
    return np.full(200_000_000, 7, np.uint8)


def suspended_at_birth(*_arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)
