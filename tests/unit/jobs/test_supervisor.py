"""Jobs in a real worker process: done, broken, cancelled, and what happens when the process dies."""

from __future__ import annotations

import os
import pickle
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.unit.jobs.conftest import Desk
from tlstudio.domain.errors import WorkerDied
from tlstudio.domain.events import Event, Note, Progress
from tlstudio.domain.findings import CheckResult
from tlstudio.domain.importing import ImportPreview, ImportRequest, ImportResult
from tlstudio.jobs import supervisor as supervising
from tlstudio.jobs.messages import Broke, Control, Done, Lane, Request, Steer, WasCancelled
from tlstudio.jobs.tasks import TASKS, lane_of
from tlstudio.workflow.previewing import preview_import


def request(source: Path, tmp_path: Path, name: str = "imported") -> ImportRequest:
    return ImportRequest(source, tmp_path / name)


def lock(project: Path) -> sqlite3.Connection:
    """Keeps every writer of the project waiting until the connection is closed."""
    db = sqlite3.connect(project / "project.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    return db


def wait_for(desk: Desk, kind: type[Event]) -> Event:
    while True:
        _, message = desk.next()
        if isinstance(message, kind):
            return message


def test_a_job_answers_what_the_function_answers(desk: Desk, source: Path) -> None:
    done = desk.run("preview_import", source=source)
    assert isinstance(done, Done)
    assert isinstance(done.result, ImportPreview)
    assert done.result == preview_import(source)


def test_events_come_before_the_result_and_jobs_one_after_another(desk: Desk, source: Path, tmp_path: Path) -> None:
    first = desk.submit("import", request=request(source, tmp_path))
    second = desk.submit("check", project=tmp_path / "imported")
    done = desk.last_word(second)
    assert isinstance(done, Done)
    assert isinstance(done.result, CheckResult)
    jobs = [job for job, _ in desk.seen]
    assert jobs == sorted(jobs) == [first] * jobs.count(first) + [second] * jobs.count(second)
    of_first = [message for job, message in desk.seen if job == first]
    assert isinstance(of_first[0], Note)
    assert Progress("Reading images", 20, 20, 0.0).done in [m.done for m in of_first if isinstance(m, Progress)]
    assert isinstance(of_first[-1], Done)
    assert isinstance(of_first[-1].result, ImportResult)


def test_a_named_failure_keeps_its_words(desk: Desk, tmp_path: Path) -> None:
    broke = desk.run("preview_import", source=tmp_path / "nowhere")
    assert isinstance(broke, Broke)
    assert broke.error.kind == "NothingToImport"
    assert (broke.error.what, broke.error.path) == ("The file or folder is not there.", str(tmp_path / "nowhere"))
    assert broke.error.remedy


def test_a_defect_is_told_without_a_traceback_and_the_worker_lives_on(desk: Desk, source: Path) -> None:
    broke = desk.run("preview_import", no_such_argument=1)
    assert isinstance(broke, Broke)
    assert broke.error.kind == "StudioError"
    assert "TypeError" in broke.error.what
    unknown = desk.run("no_such_task")
    assert isinstance(unknown, Broke)
    assert unknown.error.kind == "WrongUsage"
    assert isinstance(desk.run("preview_import", source=source), Done)


def test_cancelled_while_running(desk: Desk, many_images: Path, source: Path, tmp_path: Path) -> None:
    desk.on_message(lambda job, message: isinstance(message, Note) and desk.supervisor.cancel(job))
    assert desk.run("import", request=request(many_images, tmp_path)) == WasCancelled()
    assert not (tmp_path / "imported").exists(), "a cancelled import leaves nothing"
    desk.on_message(lambda job, message: None)
    assert isinstance(desk.run("preview_import", source=source), Done)


def test_paused_and_resumed(desk: Desk, many_images: Path, tmp_path: Path) -> None:
    desk.on_message(lambda job, message: isinstance(message, Note) and desk.supervisor.pause(job))
    job = desk.submit("import", request=request(many_images, tmp_path))
    wait_for(desk, Note)
    desk.supervisor.resume(job)
    assert isinstance(desk.last_word(job), Done)


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_is_paused_before_its_turn_waits_when_that_comes(
    desk: Desk, source: Path, project: Path, *, many_images: Path, tmp_path: Path, goes_on: bool
) -> None:
    with closing(lock(project)):
        first = desk.submit("import", request=ImportRequest(source, project))
        second = desk.submit("import", request=request(many_images, tmp_path))
        desk.supervisor.pause(second)
        if goes_on:
            desk.supervisor.resume(second)
    assert isinstance(desk.last_word(first), Done)
    if not goes_on:
        while desk.next()[0] != second:
            pass
        time.sleep(1.0)
        assert desk._messages.qsize() <= 1, "it has told that it begins, and tells no more"
        desk.supervisor.resume(second)
    assert isinstance(desk.last_word(second), Done)


def test_cancelled_while_paused(desk: Desk, many_images: Path, tmp_path: Path) -> None:
    desk.on_message(lambda job, message: isinstance(message, Note) and desk.supervisor.pause(job))
    job = desk.submit("import", request=request(many_images, tmp_path))
    wait_for(desk, Note)
    desk.supervisor.cancel(job)
    assert desk.last_word(job) == WasCancelled()


def test_cancelled_while_waiting_in_the_queue(desk: Desk, source: Path, project: Path, tmp_path: Path) -> None:
    with closing(lock(project)):
        first = desk.submit("import", request=ImportRequest(source, project))
        second = desk.submit("import", request=request(source, tmp_path))
        desk.supervisor.cancel(second)
        assert desk.last_word(second) == WasCancelled()
        assert not any(job == first and isinstance(m, Done) for job, m in desk.seen)
    assert isinstance(desk.last_word(first), Done)
    assert not (tmp_path / "imported").exists()


def test_a_job_that_does_not_hear_is_ended_with_its_process(
    desk: Desk, source: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is suspended does not hear of its end either, so it has to be killed."""
    monkeypatch.setattr(supervising, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(supervising, "INSIST_SECONDS", 0.1)
    with closing(lock(project)):
        job = desk.submit("import", request=ImportRequest(source, project))
        wait_for(desk, Note)
        old = desk.worker()
        old.suspend()
        desk.supervisor.cancel(job)
        assert desk.last_word(job) == WasCancelled()
    assert not old.is_running()
    assert isinstance(desk.run("import", request=request(source, tmp_path)), Done)


def test_cancelling_what_is_over_or_never_was_does_nothing(desk: Desk, source: Path) -> None:
    job = desk.submit("preview_import", source=source)
    assert isinstance(desk.last_word(job), Done)
    for number in (job, 0, 99):
        desk.supervisor.cancel(number)
        desk.supervisor.stop(number)
    assert isinstance(desk.run("preview_import", source=source), Done)


def test_a_killed_worker_breaks_its_job_and_the_next_one_works(
    desk: Desk, many_images: Path, source: Path, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(_job: int, message: object) -> None:
        if isinstance(message, Note):
            killed.append(desk.worker().pid)
            desk.worker().kill()

    desk.on_message(kill)
    job = desk.submit("import", request=request(many_images, tmp_path))
    following = desk.submit("preview_import", source=source)
    broke = desk.last_word(job)
    assert isinstance(broke, Broke)
    assert isinstance(broke.error, WorkerDied)
    if os.name != "nt":
        assert "memory was full" in broke.error.what, "as when the system kills what takes too much"
    assert isinstance(desk.last_word(following), Done)
    assert desk.worker().pid not in killed


def test_a_worker_killed_at_rest_is_replaced_unnoticed(desk: Desk, source: Path) -> None:
    desk.run("preview_import", source=source)
    old = desk.worker()
    old.kill()
    while old.is_running() and old.status() != psutil.STATUS_ZOMBIE:
        threading.Event().wait(0.01)
    assert isinstance(desk.run("preview_import", source=source), Done)


def test_closing_ends_thread_and_process_and_cancels_what_is_left(source: Path, project: Path) -> None:
    desk = Desk()
    with closing(lock(project)):
        first = desk.submit("import", request=ImportRequest(source, project))
        second = desk.submit("preview_import", source=source)
        wait_for(desk, Note)
        worker = desk.worker()
        desk.supervisor.close()
    desk.close()
    assert not psutil.pid_exists(worker.pid) or not worker.is_running()
    assert desk.last_word(first) == WasCancelled()
    assert desk.last_word(second) == WasCancelled()
    assert desk.thread not in threading.enumerate()
    desk.supervisor.cancel(first)
    desk.supervisor.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, which only Linux has")
def test_the_light_worker_never_loads_torch_or_qt(desk: Desk, source: Path, tmp_path: Path) -> None:
    light = {name for name in TASKS if lane_of(name) is Lane.LIGHT}
    assert {"preview_import", "import", "check", "view_image", "predict", "read_bundle"} <= light
    assert isinstance(desk.run("import", request=request(source, tmp_path)), Done)
    project = tmp_path / "imported"
    assert isinstance(desk.run("check", project=project), Done)
    assert isinstance(desk.run("view_image", project=project, path=source / "red" / "red_00.png"), Done)
    for name in light - {"import", "check", "view_image"}:
        assert isinstance(desk.run(name), Broke), "called without arguments: its module is loaded, nothing is done"
    maps = Path(f"/proc/{desk.worker().pid}/maps").read_text()
    assert "numpy" in maps
    for library in ("libtorch", "libQt6", "PySide6"):
        assert library not in maps


def test_messages_survive_the_pipe() -> None:
    for message in (
        Request(1, "check", {"project": Path("x")}),
        Steer(1, Control.STOP),
        Broke(WorkerDied("Gone.")),
        Done(3),
    ):
        assert type(pickle.loads(pickle.dumps(message))) is type(message)


def test_what_need_not_wait_for_a_training_goes_beside_it() -> None:
    assert {lane_of("evaluate"), lane_of("train"), lane_of("recommend")} == {Lane.HEAVY}
    assert lane_of("evaluate", training=True) is lane_of("keep_first", training=True) is Lane.BESIDE
    assert {lane_of(name, training=True) for name in ("train", "recommend", "find_rate", "check_closely")} == {
        Lane.HEAVY
    }
    assert lane_of("predict", training=True) is Lane.LIGHT


def test_a_worker_beside_a_training_gives_its_memory_back(beside: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done = beside.run("device")
    assert isinstance(done, Done) and str(done.result).startswith("Processor"), "the other processor is the training's"
    first = beside.worker()
    monkeypatch.setattr(supervising, "IDLE_SECONDS", 0.2)
    assert isinstance(beside.run("device"), Done)
    end = time.monotonic() + 60
    while first.is_running():  # psutil's own `wait` would take the exit code that the supervisor waits for
        assert time.monotonic() < end, "it never ends"
        time.sleep(0.05)
    assert isinstance(beside.run("device"), Done), "the next job gets another one"


def test_a_worker_beside_that_dies_does_not_speak_for_the_training() -> None:
    assert "The training goes on." in supervising._died(-9, Lane.BESIDE).what
    assert "The training goes on." not in supervising._died(-9, Lane.HEAVY).what
