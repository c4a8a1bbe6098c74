"""Runs: who trains them, what is left of them after a crash, and their history."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import psutil
import pytest

from tlstudio.domain.errors import RunNotFound, RunNotReady
from tlstudio.domain.runs import EpochRow, Mode, RunState, TrainResult, TrainSettings
from tlstudio.domain.values import Interval
from tlstudio.storage import runs
from tlstudio.storage.project import Project

Pets = Callable[..., Project]
SETTINGS = TrainSettings("net.tag", Mode.BALANCED, seed=7)


@pytest.fixture
def made(pets: Pets) -> Project:
    return pets(["cat", "dog"])


def start(project: Project) -> str:
    return runs.start_run(project, SETTINGS, ("cat", "dog"))


def finish(project: Project, run: str) -> TrainResult:
    result = TrainResult(
        run, "net.tag", Mode.BALANCED, 3, Interval(0.8, 0.6, 0.9), 0.75, "epoch 2", "It was best.", 12.0
    )
    runs.finish_run(project, result)
    return result


def orphan(project: Project, run: str, *, pid: int, started: float) -> None:
    """As if process `pid`, started then, were training the run."""
    with project.write() as db:
        db.execute("UPDATE runs SET process = ?, process_started = ? WHERE id = ?", (pid, started, run))


def epoch(number: int, loss: float = 0.5) -> EpochRow:
    return EpochRow(number, loss, 0.6, 0.7, 1e-3, 2.0)


def test_a_started_run_is_running_and_keeps_its_settings(made: Project) -> None:
    run = start(made)
    row = runs.get_run(made, run)
    assert (row.state, row.settings, row.classes) == (RunState.RUNNING, SETTINGS, ("cat", "dog"))
    config = json.loads((made.run_folder(run) / "config.json").read_text())
    assert TrainSettings.from_json(config["settings"]) == SETTINGS
    assert config["classes"] == ["cat", "dog"]


def test_a_finished_run_tells_what_it_reached(made: Project) -> None:
    run = start(made)
    result = finish(made, run)
    row = runs.get_run(made, run)
    assert (row.state, row.epochs, row.chosen, row.reason) == (RunState.FINISHED, 3, "epoch 2", "It was best.")
    assert (row.accuracy, row.balanced_accuracy, row.seconds) == (result.accuracy, 0.75, 12.0)


def test_a_run_whose_process_is_gone_is_interrupted(made: Project) -> None:
    run = start(made)
    orphan(made, run, pid=2**22 + 1, started=1.0)
    assert runs.get_run(made, run).state is RunState.INTERRUPTED


def test_a_reused_process_number_is_not_the_trainer(made: Project) -> None:
    run = start(made)
    orphan(made, run, pid=os.getpid(), started=psutil.Process().create_time() - 3600)
    assert runs.list_runs(made)[0].state is RunState.INTERRUPTED


def test_an_interrupted_run_is_taken_over_and_a_failed_one_too(made: Project) -> None:
    run = start(made)
    orphan(made, run, pid=2**22 + 1, started=1.0)
    assert runs.reopen_run(made, run).settings == SETTINGS
    assert runs.get_run(made, run).state is RunState.RUNNING
    runs.fail_run(made, run, "The disk is full.")
    row = runs.get_run(made, run)
    assert (row.state, row.message) == (RunState.FAILED, "The disk is full.")
    runs.reopen_run(made, run)
    assert runs.get_run(made, run).message == ""


def test_a_finished_or_running_run_is_not_resumed(made: Project) -> None:
    run = start(made)
    other = psutil.Process(os.getppid())
    orphan(made, run, pid=other.pid, started=other.create_time())
    with pytest.raises(RunNotReady, match="still running"):
        runs.reopen_run(made, run)
    finish(made, run)
    with pytest.raises(RunNotReady, match="finished"):
        runs.reopen_run(made, run)


def test_a_run_that_an_error_left_running_in_this_process_can_be_taken_over(made: Project) -> None:
    """On a full disk not even the failure could be written; a process trains one run at a time, so it is free."""
    run = start(made)
    assert runs.reopen_run(made, run).id == run


def test_choosing_takes_the_newest_finished_one(made: Project) -> None:
    with pytest.raises(RunNotFound, match="No model"):
        runs.choose_run(made, None)
    first, second, third = start(made), start(made), start(made)
    finish(made, first)
    finish(made, second)
    assert runs.choose_run(made, None).id == second
    assert runs.choose_run(made, first).id == first
    with pytest.raises(RunNotReady):
        runs.choose_run(made, third)
    with pytest.raises(RunNotFound, match="no-such-run"):
        runs.choose_run(made, "no-such-run")


def test_failing_later_does_not_wipe_an_earlier_result(made: Project) -> None:
    run = start(made)
    finish(made, run)
    runs.fail_run(made, run, "Afterwards.")
    assert runs.get_run(made, run).accuracy is not None


def test_history_grows_and_drops_epochs_that_are_done_again(made: Project) -> None:
    run = start(made)
    assert runs.read_history(made, run) == ()
    for number in (1, 2, 3):
        runs.append_epoch(made, run, epoch(number))
    runs.append_epoch(made, run, epoch(2, loss=0.4))
    assert runs.get_run(made, run).history == (epoch(1), epoch(2, loss=0.4))


def test_lines_of_earlier_and_later_versions_are_read(made: Project) -> None:
    run = start(made)
    runs.append_epoch(made, run, epoch(1))
    path = made.run_folder(run) / runs.METRICS
    known = json.loads(path.read_text())
    earlier = {name: value for name, value in known.items() if name != "train_accuracy"}
    lines = [earlier, {**known, "epoch": 2, "train_accuracy": 0.75, "of_2030": [1]}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first, second = runs.read_history(made, run)
    assert (first, first.train_accuracy) == (epoch(1), None)
    assert (second.epoch, second.train_accuracy) == (2, 0.75)


@pytest.mark.parametrize(
    "damage",
    [b'{"epoch": 2, "train_l', b"\x00\x00\x00", b"\xff\xfe\xfd", b"[1, 2]", b"null", b'{"epoch": 2}', b"", b'"x"'],
    ids=str,
)
def test_a_damaged_line_ends_the_history(made: Project, damage: bytes) -> None:
    run = start(made)
    runs.append_epoch(made, run, epoch(1))
    with (made.run_folder(run) / "metrics.jsonl").open("ab") as file:
        file.write(damage + b"\n")
    assert runs.read_history(made, run) == (epoch(1),)
    runs.append_epoch(made, run, epoch(2))
    assert runs.read_history(made, run) == (epoch(1), epoch(2))
