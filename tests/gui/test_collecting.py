"""Garbage is collected in the window's thread and in no other."""

from __future__ import annotations

import gc
import threading
import weakref

from PySide6.QtCore import QObject

from tlstudio.gui.collecting import Collector


class Ring:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def make_rings(count: int) -> weakref.ref[Ring]:
    first = Ring()
    for _ in range(count):
        Ring()
    return weakref.ref(first)


def test_other_threads_leave_garbage_to_the_window(qapp) -> None:
    owner = QObject()
    collector = Collector(owner)
    try:
        gc.collect()
        found: list[weakref.ref[Ring]] = []
        other = threading.Thread(target=lambda: found.append(make_rings(5000)))
        other.start()
        other.join()
        assert found[0]() is not None, "the thread that made it did not collect it"
        collector.look()
        assert found[0]() is None
    finally:
        collector.end()
    assert gc.isenabled()


def test_little_garbage_waits(qapp) -> None:
    owner = QObject()
    collector = Collector(owner)
    try:
        gc.collect()
        ring = make_rings(1)
        collector.look()
        assert ring() is not None
    finally:
        collector.end()
