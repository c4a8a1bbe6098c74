"""How long the window does not answer while something is done to it, measured from inside."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

TICK_MS = 5
PATIENCE = 120.0  # seconds
AFTER_MS = 100  # what a deed leaves for later turns of the window belongs to it


class Ticks:
    """A timer that ticks in the window's thread. Loads Qt only when it is made."""

    def __init__(self, parent: QObject) -> None:
        from PySide6.QtCore import Qt, QTimer

        self._gaps: list[float] = []
        self._work: list[float] = []
        self._last = self._worked = 0.0
        self._timer = QTimer(parent, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now, busy = time.perf_counter(), time.thread_time()
        self._gaps.append((now - self._last) * 1000 - TICK_MS)
        self._work.append((busy - self._worked) * 1000)
        self._last, self._worked = now, busy

    def during(self, deed: Callable[[], object], shown: Callable[[], bool] = lambda: True) -> dict[str, int]:
        """Does it, and waits until `shown`: milliseconds until then; the longest gap between two ticks; and the most processor
        time that the window's thread used between two of them, which other work on the machine lengthens less."""
        from PySide6.QtTest import QTest

        self._gaps.clear()
        self._work.clear()
        self._worked = time.thread_time()
        began = self._last = time.perf_counter()
        self._timer.start()
        deed()
        while not shown():
            assert time.perf_counter() - began < PATIENCE, "it never came to an end"
            QTest.qWait(5)
        QTest.qWait(AFTER_MS)
        self._timer.stop()
        took = (time.perf_counter() - began) * 1000 - AFTER_MS
        return {
            "ms": round(took),
            "longest_stall_ms": round(max(self._gaps)),
            "longest_work_ms": round(max(self._work)),
        }
