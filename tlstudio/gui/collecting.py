"""Python's cyclic garbage collection, in the window's own thread and in no other.

By itself the collector runs in whichever thread happens to make the next object. Here some threads wait for workers, and among
the garbage may be pictures, timers and widgets, which Qt lets only the window's thread destroy: done elsewhere, that ends in a
crash some time later, at a place that has nothing to do with it.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

LOOK_MS = 1000


class Collector(QObject):
    """Collects from a timer what is due by the collector's own thresholds, until `end`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collects the oldest generation that is due, and with it all younger ones."""
        due = [age for age, count in enumerate(gc.get_count()) if count > self._thresholds[age] > 0]
        if due:
            gc.collect(due[-1])

    def end(self) -> None:
        """Gives the collection back to the interpreter."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()
