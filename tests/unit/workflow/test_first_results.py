"""The first result as a run of its own: what it is, when it is made, and that it leaves the other training alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from tests.conftest import TEST_MODEL, Recorder
from tlstudio.domain.errors import Cancelled, RunNotFound, RunNotReady
from tlstudio.domain.events import FirstKept, FirstResult, Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, RunState, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage.project import Project
from tlstudio.workflow import runs
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.first_results import keep_first
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

SETTINGS = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, epochs=2, batch_size=8, rehearse=False)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(14), place))
    return place


def weights(project: Path, run: str) -> dict[str, object]:
    return dict(load_file(next((project / "runs" / run / "model").glob("*.safetensors"))))


def same(one: dict[str, object], other: dict[str, object]) -> bool:
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)  # type: ignore[attr-defined]


def test_it_is_the_quick_training_of_those_images_and_can_be_used(project: Path, recorder: Callable) -> None:
    watch = recorder()
    done = train(project, SETTINGS, reporter=watch)
    kept = keep_first(project, done.run)
    (first,) = watch.of(FirstResult)
    assert kept.accuracy == first.accuracy and kept.mode is Mode.QUICK and kept.chosen == "probe"
    quick = train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    assert same(weights(project, kept.run), weights(project, quick.run))
    assert evaluate(project, kept.run, Split.TEST).accuracy == evaluate(project, quick.run, Split.TEST).accuracy
    assert keep_first(project, done.run).run == kept.run, "once only"
    assert [row.id for row in runs.list_runs(project)] == [quick.run, done.run, kept.run]
    assert runs.run(project, kept.run).first_of == kept.first_of == done.run and not quick.first_of


def test_kept_within_the_training_it_is_there_at_once_and_changes_nothing(project: Path, recorder: Callable) -> None:
    alone = train(project, SETTINGS)
    watch = recorder()
    seen: list[RunState] = []

    def look(event: object) -> bool:
        if isinstance(event, FirstKept):
            assert event.run == runs.list_runs(project)[1].id
            seen.extend(row.state for row in runs.list_runs(project)[:2])
        return False

    watch = recorder(cancel=look)
    beside = train(project, SETTINGS, reporter=watch, keep_first=True)
    assert seen == [RunState.RUNNING, RunState.FINISHED]
    assert len(watch.of(FirstResult)) == 1, "the inner run tells nothing as if it were the outer one"
    assert same(weights(project, alone.run), weights(project, beside.run))
    assert keep_first(project, beside.run).run == runs.list_runs(project)[1].id
    assert any("can be used now" in line.text for line in runs.records(project, beside.run).log)


def test_an_interrupted_training_is_still_the_one_to_go_on_with(project: Path, recorder: Callable) -> None:
    def second_epoch(event: object) -> bool:
        return getattr(event, "epoch", 0) == 2

    with pytest.raises(Cancelled):
        train(project, SETTINGS, reporter=recorder(cancel=second_epoch), keep_first=True)
    found = runs.resumable(project)
    assert found is not None and found.mode is Mode.BALANCED
    newest = runs.newest_finished(project)
    assert newest is not None and newest.mode is Mode.QUICK, "what can be used is used where no run is named"
    done = train(project, SETTINGS, resume=found.id, keep_first=True)
    assert [row.id for row in runs.list_runs(project)] == [done.run, newest.id], "no second one after resuming"


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (RunNotReady("No room.", remedy="Make some."), "could not be kept. No room. Make some."),
        (RuntimeError("a defect"), "could not be kept, because of an error in the program."),
    ],
)
def test_what_goes_wrong_with_it_is_told_and_the_training_goes_on(
    project: Path, recorder: Callable, monkeypatch: pytest.MonkeyPatch, trouble: Exception, told: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr("tlstudio.workflow.first_results.complete", refuse)
    watch = recorder()
    done = train(project, SETTINGS, reporter=watch, keep_first=True)
    assert any(told in e.text for e in watch.of(Note))
    assert runs.run(project, done.run).state is RunState.FINISHED


def test_cut_short_it_is_made_at_the_next_wish(project: Path, recorder: Callable) -> None:
    done = train(project, SETTINGS)
    with pytest.raises(Cancelled):
        keep_first(project, done.run, recorder(cancel=lambda e: isinstance(e, FirstResult)))
    assert [row.state for row in runs.list_runs(project)] == [RunState.FINISHED, RunState.INTERRUPTED]
    assert runs.resumable(project) is None, "it is nothing that the user would go on with"
    kept = keep_first(project, done.run)
    assert [(row.id, row.state) for row in runs.list_runs(project)][1:] == [(kept.run, RunState.FINISHED)]


def test_cancelled_while_it_is_compared_it_is_there(project: Path, recorder: Callable) -> None:
    done = train(project, SETTINGS)
    kept = keep_first(project, done.run, recorder(cancel=lambda e: "Comparing" in getattr(e, "text", "")))
    assert keep_first(project, done.run).run == kept.run


def test_a_range_of_brightness_is_taken_over(project: Path) -> None:
    done = train(project, SETTINGS)
    kept_range = project / "runs" / done.run / "depth.json"
    kept_range.write_text(json.dumps({"low": 3.0, "high": 900.0, "images": 20}))
    kept = keep_first(project, done.run)
    assert (project / "runs" / kept.run / "depth.json").read_text() == kept_range.read_text()


def test_there_is_none_of_a_quick_training_or_an_unknown_one(project: Path, recorder: Callable) -> None:
    watch: Recorder = recorder()
    quick = train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32), reporter=watch, keep_first=True)
    assert len(runs.list_runs(project)) == 1
    with pytest.raises(RunNotReady):
        keep_first(project, quick.run)
    with pytest.raises(RunNotFound):
        keep_first(project, "nowhere")
    assert Project.open(project).run_folder(quick.run).is_dir()
