"""What is over is let go of: deeds whose owner has gone, listeners of jobs that have ended, windows that were closed."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtTest import QTest

from tests.bench.cycles import cycle
from tests.gui.conftest import fill_folder
from tlstudio.domain.importing import ImportRequest
from tlstudio.gui.job_bridge import SIGNALS, Job, JobBridge
from tlstudio.gui.later import later
from tlstudio.gui.main_window import MainWindow
from tlstudio.gui.session import Session
from tlstudio.jobs import supervisor
from tlstudio.workflow.importing import import_images


class Owner(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def deed(self) -> None:
        self.done += 1


def go(owner: QObject) -> None:
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_deed_is_done_once_and_in_a_later_turn(qapp) -> None:
    owner = Owner()
    later(owner, owner.deed)
    assert owner.done == 0
    QTest.qWait(50)
    assert owner.done == 1
    assert owner.children() == []


def test_a_deed_whose_owner_has_gone_is_neither_done_nor_kept(qapp) -> None:
    for deed in (lambda owner: owner.deed, lambda owner: lambda: [owner.deed()]):
        owner = Owner()
        there, done = weakref.ref(owner), []
        later(owner, deed(owner))
        go(owner)
        QTest.qWait(30)
        done.append(owner.done)
        del owner
        gc.collect()
        assert (there(), done) == (None, [0])


def test_a_job_that_has_ended_keeps_nobody(qapp) -> None:
    """Though a listener knows the job itself."""
    bridge = JobBridge()
    try:
        job = bridge.submit("device")
        listener = Owner()
        there = weakref.ref(listener), weakref.ref(job)
        heard = []
        job.ended.connect(lambda listener=listener, job=job: heard.append((listener.done, job.over)))  # type: ignore[misc]
        for _ in range(2400):
            QTest.qWait(50)
            if job.over:
                break
        assert heard == [(0, True)]
        heard.clear()
        del listener, job
        gc.collect()
        assert [ref() for ref in there] == [None, None]
    finally:
        bridge.close()


def test_every_signal_of_a_job_is_cut(qapp) -> None:
    named = {name for name, value in vars(Job).items() if type(value).__name__ == "Signal"}
    assert named == {signal.partition("(")[0] for signal in SIGNALS}
    job = Job("device", "", {}, None)  # type: ignore[arg-type]
    heard: list[str] = []
    values = {"event": (1,), "finished": (1,), "failed": (1,), "pause_changed": (True,)}
    for name in named:
        getattr(job, name).connect(lambda *_, name=name: heard.append(name))
        getattr(job, name).emit(*values.get(name, ()))
    assert set(heard) == named
    heard.clear()
    job.cut()
    job.cut()
    for name in named:
        getattr(job, name).emit(*values.get(name, ()))
    assert heard == []


def alive() -> list[object]:
    """Windows and sessions that anybody still knows."""
    for _ in range(3):
        gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), MainWindow | Session)]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_window_that_was_closed_is_gone(qapp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Closed while it is looked after, at once, and when all is done."""
    monkeypatch.setattr(supervisor, "CLOSING_SECONDS", 0.5)
    import_images(ImportRequest(fill_folder(tmp_path / "shapes"), tmp_path / "project", group_from="none"))
    others = {id(each) for each in alive()}  # of tests before this one
    cycle(tmp_path / "project", number, train=False)
    assert [type(each).__name__ for each in alive() if id(each) not in others] == []
