"""Clocks that differ in when they stand still: while the computer sleeps, and while the user has paused the work. A training
neither loses its time limit in a bag or in a pause nor thinks that it has become slow there.

Python's monotonic clock stands still on Linux and macOS and goes on under Windows (CLOCK_MONOTONIC, mach_absolute_time and,
up to Python 3.12, GetTickCount64: PEP 418).
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICKS = 1e7  # of Windows's interrupt time in a second
PLATFORM: str = sys.platform


def awake() -> float:
    """Seconds since some moment, without those in which the computer slept."""
    if PLATFORM == "win32":
        ticks = ctypes.c_ulonglong()
        kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there on Windows only
        if kernel.QueryUnbiasedInterruptTime(ctypes.byref(ticks)):
            return ticks.value / TICKS
    return time.monotonic()


def always() -> float:
    """Seconds since some moment, those included in which the computer slept; nobody can set it."""
    if PLATFORM == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if PLATFORM == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)  # goes on there, unlike `time.monotonic`
    return time.monotonic()


class _Pauses:
    """Of this process, which does one piece of work at a time. lost: seconds of those that are over. since: None out of one."""

    def __init__(self) -> None:
        self.lost = 0.0
        self.since: float | None = None


_pauses = _Pauses()


def working() -> float:
    """Seconds since some moment, without those in which the computer slept or the work was paused: what work has taken."""
    now = awake() if _pauses.since is None else _pauses.since
    return now - _pauses.lost


@contextmanager
def pause() -> Iterator[None]:
    """Within it, `working` stands still. A pause within a pause is part of it."""
    if _pauses.since is not None:
        yield
        return
    _pauses.since = awake()
    try:
        yield
    finally:
        _pauses.lost += awake() - _pauses.since
        _pauses.since = None


class SleepWatch:
    """Tells how long the computer has slept since it was asked last."""

    def __init__(self) -> None:
        self._apart = always() - awake()

    def slept(self) -> float:
        """Seconds; the two clocks are not read at quite the same moment, so a few milliseconds say nothing."""
        before, self._apart = self._apart, always() - awake()
        return max(0.0, self._apart - before)
