"""The whole cycle of a run on tiny pictures with a bundled model: modes, resuming, stopping, failing by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.conftest import TEST_MODEL, Recorder
from tlstudio.domain.errors import (
    Cancelled,
    DeviceMissing,
    FileTrouble,
    NotEnoughImages,
    RunNotFound,
    RunNotReady,
    WeightsMissing,
)
from tlstudio.domain.events import EpochDone, FirstResult, Note, Started, StepDone, sentence
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Adapter, Mode, RunState, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage import clocks, runs
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.workflow import labeling, spent
from tlstudio.workflow import runs as run_list
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train


def settings(mode: Mode, **more: object) -> TrainSettings:
    return TrainSettings(TEST_MODEL, mode, **{"input_size": 32, "epochs": 3, "batch_size": 8, **more})  # type: ignore[arg-type]


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(14, groups=5), place, group_from=r"name:^(part\d+)"))
    return place


def check_records(project: Path, run: str, watch: Recorder) -> None:
    """The log says what was reported, in its order; the table of mix-ups counts each validation image once."""
    kept = run_list.records(project)
    assert kept == run_list.records(project, run)
    told = [line.text for line in kept.log]
    reported = [sentence(e) for e in watch.events if sentence(e)]
    assert [text for text in told if text in reported] == reported
    assert any(text.startswith("Training is done.") for text in told)
    judged = [e for e in watch.events if isinstance(e, FirstResult | EpochDone)]
    images = sum(sum(counts) for counts in judged[0].confusion)
    assert images > 0 and all(sum(sum(counts) for counts in e.confusion) == images for e in judged)
    assert sum(sum(counts) for counts in kept.confusion) == images and len(kept.classes) == len(kept.confusion)
    shares = [e.train_accuracy for e in judged if isinstance(e, EpochDone)]
    assert shares == [r.train_accuracy for r in runs.get_run(Project(project), run).history]
    assert all(share is not None and 0 <= share <= 1 for share in shares)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_run_learns_and_is_kept(project: Path, mode: Mode, recorder: Callable) -> None:
    watch = recorder()
    result = train(project, settings(mode, rehearse=False), reporter=watch)
    assert result.accuracy.value > 0.8
    assert isinstance(watch.events[0], Started)
    assert len(watch.of(FirstResult)) == 1
    assert len(watch.of(EpochDone)) == (0 if mode is Mode.QUICK else 3)
    row = runs.get_run(Project(project), result.run)
    assert row.state is RunState.FINISHED
    assert len(row.history) == result.epochs
    check_records(project, result.run, watch)
    folder = project / "runs" / result.run
    assert (folder / "model" / "model.safetensors").is_file()
    assert not (folder / "checkpoint.safetensors").exists()
    found = evaluate(project, result.run, Split.TEST)
    assert found.accuracy.value > 0.8
    assert found.n == sum(sum(r) for r in found.confusion)


def test_never_worse_than_the_first_result(project: Path, recorder: Callable) -> None:
    watch = recorder()
    result = train(
        project, settings(Mode.THOROUGH, learning_rate=5.0), reporter=watch
    )  # a rate that destroys the model
    first = watch.of(FirstResult)[0]
    assert result.accuracy.value >= first.accuracy.value  # type: ignore[attr-defined]


def weights_of(project: Path, run: str) -> dict[str, np.ndarray]:
    return load_file(project / "runs" / run / "model" / "model.safetensors")


def test_an_interrupted_run_goes_on_to_the_same_model(project: Path, recorder: Callable) -> None:
    whole = train(project, settings(Mode.THOROUGH, rehearse=False))
    watch = recorder(cancel=lambda e: isinstance(e, StepDone) and e.epoch == 3)
    with pytest.raises(Cancelled):
        train(project, settings(Mode.THOROUGH, rehearse=False), reporter=watch)
    run = watch.of(Started)[0].run  # type: ignore[attr-defined]
    assert runs.get_run(Project(project), run).state is RunState.INTERRUPTED
    result = train(project, settings(Mode.QUICK), resume=run)  # the run's own settings count
    assert (result.run, result.epochs, result.mode) == (run, 3, Mode.THOROUGH)
    assert not (project / "runs" / run / spent.NAME).exists()
    a, b = weights_of(project, whole.run), weights_of(project, run)
    assert all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("rehearse", [False, True])
def test_stop_keeps_the_best(project: Path, recorder: Callable, rehearse: bool) -> None:
    watch = recorder(stop=lambda e: isinstance(e, EpochDone) and e.epoch == 1)
    result = train(project, settings(Mode.BALANCED, epochs=50, rehearse=rehearse), reporter=watch)
    assert result.stopped
    assert result.epochs == 1
    assert runs.get_run(Project(project), result.run).state is RunState.FINISHED


@pytest.mark.parametrize(("wish", "spoken"), [({}, True), ({"adapter": Adapter.LORA, "adapter_rank": 2}, False)])
def test_where_memory_is_short_small_additions_are_offered(
    project: Path, recorder: Callable, monkeypatch: pytest.MonkeyPatch, wish: dict[str, object], spoken: bool
) -> None:
    monkeypatch.setattr(devices, "free", lambda _: 1_000_000)
    watch = recorder()
    run = train(project, settings(Mode.BALANCED, epochs=1, **wish), reporter=watch).run
    notes = [event.text for event in watch.events if isinstance(event, Note)]
    assert any("small additions (LoRA" in note for note in notes) is spoken
    assert not any("lora" in name for name in weights_of(project, run)), "they are part of the weights by now"


def test_named_failures(project: Path, make_images: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing):
        train(project, TrainSettings("resnet50.a1_in1k", Mode.QUICK))
    with pytest.raises(DeviceMissing):
        train(project, settings(Mode.QUICK, device="mps"))
    assert runs.list_runs(Project(project)) == []
    with pytest.raises(RunNotFound):
        train(project, settings(Mode.QUICK), resume="no-such-run")
    finished = train(project, settings(Mode.QUICK))
    with pytest.raises(RunNotReady):
        train(project, settings(Mode.QUICK), resume=finished.run)
    place = tmp_path / "poor"
    import_images(ImportRequest(make_images(1, name="poor-images"), place))
    with pytest.raises(NotEnoughImages, match="Too few images"):
        train(place, settings(Mode.QUICK))


def test_without_validation_images(make_images: Callable[..., Path], tmp_path: Path) -> None:
    place = tmp_path / "p"
    import_images(ImportRequest(make_images(12), place, val_fraction=0.0))
    quick = train(place, settings(Mode.QUICK))  # out of fold
    tuned = train(place, settings(Mode.BALANCED, rehearse=False))  # holds some back
    assert quick.accuracy.value > 0.8
    assert tuned.accuracy.value > 0.8


def test_images_that_vanished_are_left_out(project: Path, recorder: Callable) -> None:
    victim = next((project.parent / "images" / "red").iterdir())
    victim.unlink()
    result = train(project, settings(Mode.QUICK), reporter=recorder())
    assert result.accuracy.value > 0.8


def test_a_relabeled_image_changes_what_is_learned(project: Path) -> None:
    before = train(project, settings(Mode.QUICK))
    from tlstudio.workflow.browsing import images

    wrong = [i.id for i in images(project) if i.label == "red" and i.split is Split.TRAIN][:4]
    labeling.set_label(project, wrong, "blue")
    after = train(project, settings(Mode.QUICK))
    assert not np.array_equal(
        weights_of(project, before.run)["head.weight"], weights_of(project, after.run)["head.weight"]
    )


def test_a_renamed_class_keeps_its_figures(project: Path) -> None:
    result = train(project, settings(Mode.QUICK))
    before = evaluate(project, result.run)
    labeling.rename_class(project, "red", "scarlet")
    after = evaluate(project, result.run)
    assert after.n == before.n
    assert after.accuracy == before.accuracy
    assert "scarlet" in after.classes
    assert "red" not in after.classes


def test_a_file_changed_after_the_import_is_left_out_where_the_old_one_is_kept(
    project: Path, recorder: Callable
) -> None:
    victim = next((project.parent / "images" / "red").iterdir())
    victim.write_bytes(next((project.parent / "images" / "blue").iterdir()).read_bytes())
    watch = recorder()
    train(project, settings(Mode.QUICK), reporter=watch, changed="keep")
    assert isinstance(watch.events[0], Started)
    assert any("1 image has changed since the import. The old ones are kept" in n.text for n in watch.of(Note))
    assert any("can't be read any more" in getattr(e, "text", "") for e in watch.events)


def test_a_defect_leaves_a_run_that_can_be_resumed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr("tlstudio.workflow.fitting.save_network", broken)
        with pytest.raises(RuntimeError):
            train(project, settings(Mode.BALANCED))
    run = runs.list_runs(Project(project))[0]
    assert run.state is RunState.FAILED
    assert train(project, settings(Mode.BALANCED), resume=run.id).run == run.id


def test_a_project_that_is_moved_meanwhile_is_not_brought_back_empty(project: Path, recorder: Callable) -> None:
    away = project.with_name("moved")

    def move(event: object) -> bool:
        if isinstance(event, EpochDone) and not away.exists():
            project.rename(away)
        return False

    with pytest.raises(FileTrouble, match="not there any more"):
        train(project, settings(Mode.BALANCED), reporter=recorder(cancel=move))
    assert not project.exists()
    away.rename(project)
    run = runs.list_runs(Project(project))[0]
    assert train(project, settings(Mode.BALANCED), resume=run.id).run == run.id


def test_resuming_with_other_images_is_refused(project: Path, recorder: Callable) -> None:
    with pytest.raises(Cancelled):
        train(project, settings(Mode.BALANCED), reporter=recorder(cancel=lambda e: isinstance(e, EpochDone)))
    run = runs.list_runs(Project(project))[0]
    shutil.rmtree(project / "cache" / "pixels")
    next((project.parent / "images" / "red").iterdir()).unlink()
    with pytest.raises(RunNotReady, match="not the ones"):
        train(project, settings(Mode.BALANCED), resume=run.id)


def test_a_resumed_run_took_the_time_of_both_parts(
    project: Path, recorder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake, jump = clocks.awake, 0.0
    monkeypatch.setattr(clocks, "awake", lambda: awake() + jump)

    def work_for_long(event: object) -> bool:
        nonlocal jump
        if isinstance(event, FirstResult):
            jump += 2000.0
        return isinstance(event, EpochDone)

    with pytest.raises(Cancelled):
        train(project, settings(Mode.BALANCED, rehearse=False), reporter=recorder(cancel=work_for_long))
    run = runs.list_runs(Project(project))[0].id
    jump += 50_000.0  # a night without work
    result = train(project, settings(Mode.BALANCED), resume=run)
    assert 2000.0 < result.seconds < 3000.0
    assert runs.get_run(Project(project), run).seconds == pytest.approx(result.seconds, abs=0.01)


def test_a_pause_does_not_count_as_training_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    awake, lunch = clocks.awake, 0.0
    monkeypatch.setattr(clocks, "awake", lambda: awake() + lunch)

    def wait_a_while(event: object) -> bool:
        nonlocal lunch
        if isinstance(event, Started):
            with clocks.pause():
                lunch = 1800.0
        return False

    watch = Recorder(cancel=wait_a_while)
    result = train(project, settings(Mode.QUICK), reporter=watch)
    assert lunch and result.seconds < 600
    assert runs.list_runs(Project(project))[0].seconds == pytest.approx(result.seconds, abs=0.01)
    assert [e.seconds < 600 for e in watch.of(FirstResult) if isinstance(e, FirstResult)] == [True]
