"""The bridge between the window and the workers, with the real worker processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtTest import QTest

from tlstudio.domain.errors import NothingToImport, WorkerDied
from tlstudio.domain.importing import ImportPreview, ImportRequest
from tlstudio.gui.job_bridge import Job, JobBridge
from tlstudio.jobs import supervisor


class Listener(QObject):
    """Writes down what a job says, and on which thread it is heard."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.heard: list[tuple[str, object]] = []
        self.threads: set[QThread] = set()
        job.event.connect(lambda event: self._hear("event", event))
        job.finished.connect(lambda result: self._hear("finished", result))
        job.failed.connect(lambda error: self._hear("failed", error))
        job.cancelled.connect(lambda: self._hear("cancelled", None))
        job.ended.connect(lambda: self._hear("ended", None))

    def _hear(self, what: str, value: object) -> None:
        self.heard.append((what, value))
        self.threads.add(QThread.currentThread())

    @property
    def words(self) -> list[str]:
        return [what for what, _ in self.heard if what != "event"]

    def value(self, what: str) -> object:
        return next(value for said, value in self.heard if said == what)


def wait(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        QTest.qWait(10)


@pytest.fixture(scope="module")
def bridge(nothing_left: None) -> Iterator[JobBridge]:
    running = JobBridge()
    yield running
    running.close()


def test_result_comes_on_the_windows_thread(bridge: JobBridge, shapes: Path) -> None:
    job = bridge.submit("preview_import", "Looking", source=shapes)
    ear = Listener(job)
    assert bridge.running("preview_import") is job
    wait(lambda: job.over)
    assert ear.words == ["finished", "ended"]
    preview = ear.value("finished")
    assert isinstance(preview, ImportPreview)
    assert set(preview.classes) == {"disc", "square", "cross"}
    assert ear.threads == {bridge.thread()}
    assert bridge.running("preview_import") is None


def test_failure_keeps_its_name_and_remedy(bridge: JobBridge, tmp_path: Path) -> None:
    job = bridge.submit("preview_import", source=tmp_path)
    ear = Listener(job)
    wait(lambda: job.over)
    assert ear.words == ["failed", "ended"]
    error = ear.value("failed")
    assert isinstance(error, NothingToImport)
    assert error.remedy


def test_jobs_wait_for_each_other_and_can_be_cancelled_while_they_wait(
    bridge: JobBridge, tmp_path: Path, make_folder
) -> None:
    source = make_folder(tmp_path / "many", each=60)
    first = bridge.submit("import", "Importing", request=ImportRequest(source, tmp_path / "project", may_ask=False))
    second = bridge.submit("preview_import", source=source)
    third = bridge.submit("preview_import", source=source)
    ears = Listener(first), Listener(second)
    begun: list[bool] = []
    third.begun.connect(lambda: begun.append(first.over))
    assert (first.queued, second.queued, third.queued) == (False, True, True)
    second.cancel()
    wait(lambda: second.over)
    assert ears[1].words == ["cancelled", "ended"]
    assert third.queued, "the first one is not done"
    wait(lambda: first.over)
    assert begun == [True] and not third.queued
    wait(lambda: third.over)
    assert ears[0].words == ["finished", "ended"]
    assert any(what == "event" for what, _ in ears[0].heard)
    assert first.latest is not None


def test_a_killed_worker_costs_its_job_and_nothing_else(
    bridge: JobBridge, tmp_path: Path, shapes: Path, make_folder
) -> None:
    source = make_folder(tmp_path / "many", each=400)
    job = bridge.submit("import", "Importing", request=ImportRequest(source, tmp_path / "project", may_ask=False))
    ear = Listener(job)
    wait(lambda: ear.heard)
    for child in psutil.Process().children():
        if "resource_tracker" not in " ".join(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
    wait(lambda: job.over)
    assert ear.words == ["failed", "ended"]
    assert isinstance(ear.value("failed"), WorkerDied)
    again = bridge.submit("preview_import", source=shapes)
    ear = Listener(again)
    wait(lambda: again.over)
    assert ear.words == ["finished", "ended"]


def test_closing_cancels_and_leaves_nothing(
    nothing_left: None, tmp_path: Path, make_folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "CLOSING_SECONDS", 60.0)  # time to tidy up, on a busy machine too
    threads = set(threading.enumerate())
    source = make_folder(tmp_path / "many", each=200)
    running = JobBridge()
    job = running.submit("import", "Importing", request=ImportRequest(source, tmp_path / "project", may_ask=False))
    wait(lambda: job.latest is not None)
    running.close()
    running.close()  # harmless
    assert not [t for t in threading.enumerate() if t not in threads and not isinstance(t, threading._DummyThread)]
    assert not (tmp_path / "project" / "project.db").exists()  # a cancelled import leaves no half project
