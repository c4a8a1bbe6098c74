"""Two clocks, one of which stands still while the computer sleeps: a training neither loses its time limit in a bag nor thinks
that it has become slow there.

Python's monotonic clock stands still on Linux and macOS and goes on under Windows (CLOCK_MONOTONIC, mach_absolute_time and,
up to Python 3.12, GetTickCount64: PEP 418).
"""

from __future__ import annotations

import ctypes
import sys
import time

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


class SleepWatch:
    """Tells how long the computer has slept since it was asked last."""

    def __init__(self) -> None:
        self._apart = always() - awake()

    def slept(self) -> float:
        """Seconds; the two clocks are not read at quite the same moment, so a few milliseconds say nothing."""
        before, self._apart = self._apart, always() - awake()
        return max(0.0, self._apart - before)
