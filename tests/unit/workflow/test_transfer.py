"""Runs are compared with simpler ways on the images of their own figure, and on the test images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.random_weights import make_random
from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import SILENT, Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.transfer import Method, Verdict
from tlstudio.domain.values import Split
from tlstudio.storage import files, run_records, runs
from tlstudio.storage.project import Project
from tlstudio.workflow import transfer
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train


def settings(mode: Mode, **more: object) -> TrainSettings:
    return TrainSettings(TEST_MODEL, mode, **{"input_size": 32, "epochs": 2, "batch_size": 8, **more})  # type: ignore[arg-type]


def project_of(source: Path, place: Path, *, val: float = 0.2) -> Path:
    import_images(
        ImportRequest(source, place, group_from=r"name:^(part\d+)", val_fraction=val, test_fraction=0.25, seed=1)
    )
    return place


def own(project: Path, run: str) -> transfer.Transfer:
    opened = Project(project)
    return transfer.compare_own(opened, runs.get_run(opened, run), SILENT)


def test_with_validation_images_they_are_compared_on(make_images: Callable[..., Path], tmp_path: Path) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    result = train(project, settings(Mode.THOROUGH))
    found = own(project, result.run)
    assert found.images == "validation images"
    model = found.of(Method.MODEL)
    assert model is not None and model.accuracy == result.accuracy
    assert [b.method for b in found.baselines] == list(Method)
    thumbnails = found.of(Method.THUMBNAILS)
    assert thumbnails is not None and thumbnails.accuracy.value == 1.0  # red, green and blue need no pretrained model
    assert found.verdict is not Verdict.HELPS
    assert run_records.read_transfer(Project(project), result.run) == found


def test_training_ends_with_the_comparison(
    make_images: Callable[..., Path], tmp_path: Path, recorder: Callable
) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    watch = recorder()
    result = train(project, settings(Mode.QUICK), reporter=watch)
    kept = run_records.read_transfer(Project(project), result.run)
    assert kept is not None
    assert kept.sentence in [note.text for note in watch.of(Note)]


@pytest.mark.parametrize(
    ("mode", "rehearse", "images"),
    [
        (Mode.QUICK, None, "training images, each left out once"),
        (Mode.THOROUGH, True, "training images, each left out once"),
        (Mode.THOROUGH, False, "training images that were held back"),
    ],
)
def test_without_validation_images_the_run_s_own_figure_counts(
    make_images: Callable[..., Path], tmp_path: Path, mode: Mode, rehearse: bool | None, images: str
) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p", val=0.0)
    result = train(project, replace(settings(mode), rehearse=rehearse))
    found = own(project, result.run)
    model, probe = found.of(Method.MODEL), found.of(Method.PROBE)
    assert model is not None and probe is not None
    assert (found.images, model.accuracy) == (images, result.accuracy)
    if mode is Mode.QUICK:
        assert probe.accuracy == model.accuracy


def test_test_images_need_the_training_images_no_more(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = make_images(16, groups=8)
    project = project_of(source, tmp_path / "p")
    result = train(project, settings(Mode.BALANCED))
    own(project, result.run)
    first = evaluate(project, result.run)
    assert first.transfer is not None and first.transfer.n == first.n
    assert first.transfer.images == "test images"
    model = first.transfer.of(Method.MODEL)
    assert model is not None and model.accuracy == first.accuracy
    mine, theirs = model.balanced_accuracy, first.balanced_accuracy
    assert (mine.value, mine.low, mine.high) == pytest.approx((theirs.value, theirs.low, theirs.high), abs=1e-12)
    kept = json.loads((project / "runs" / result.run / "transfer-test.json").read_text())
    assert kept["transfer"] == first.to_json()["transfer"] and kept["baselines"] == first.to_json()["baselines"]
    shutil.rmtree(project / "cache" / "features")
    asked = []

    def no_training_images(opened: Project, samples: object) -> list[object]:
        asked.append(samples)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "training_rows", no_training_images)
        assert evaluate(project, result.run).transfer == first.transfer
    assert not asked


def test_an_earlier_run_is_compared_when_it_is_measured(make_images: Callable[..., Path], tmp_path: Path) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    result = train(project, settings(Mode.QUICK))
    for path in (project / "runs" / result.run).glob("baselines*"):
        path.unlink()
    assert evaluate(project, result.run).transfer is not None
    assert (project / "runs" / result.run / "baselines.safetensors").is_file()


def test_without_the_pretrained_model_only_its_bar_is_missing(
    make_images: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable
) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    result = train(project, settings(Mode.THOROUGH, learning_rate=0.001))
    opened = Project(project)
    own(project, result.run)
    # Adjusted, whatever these few images say of it.
    monkeypatch.setattr(transfer, "UNCHANGED", "never")
    monkeypatch.setattr(transfer.weights, "weights_hash", lambda folder: "another")
    watch = recorder()
    found = evaluate(project, result.run, Split.TEST, watch).transfer
    assert found is not None and found.of(Method.PROBE) is None and found.of(Method.THUMBNAILS) is not None
    assert found.of(Method.UNTRAINED) is not None and found.verdict is not Verdict.HELPS
    assert any("replaced by another" in note.text for note in watch.of(Note))
    assert opened.folder == project


def test_damaged_baselines_cost_the_comparison_alone(
    make_images: Callable[..., Path], tmp_path: Path, recorder: Callable
) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    result = train(project, settings(Mode.QUICK))
    files.write_bytes(project / "runs" / result.run / "baselines.safetensors", b"damaged")
    watch = recorder()
    found = evaluate(project, result.run, Split.TEST, watch)
    assert found.transfer is None and found.accuracy.value > 0.8
    assert found.to_json()["baselines"] is None
    assert any("not compared" in note.text for note in watch.of(Note))


def test_cancelling_the_comparison_leaves_the_run_finished(
    make_images: Callable[..., Path], tmp_path: Path, recorder: Callable
) -> None:
    project = project_of(make_images(16, groups=8), tmp_path / "p")
    result = train(project, settings(Mode.QUICK))
    watch = recorder(cancel=lambda event: isinstance(event, Note))
    transfer.compare_when_trained(Project(project), result.run, watch)
    with pytest.raises(Cancelled):
        evaluate(project, result.run, Split.TEST, recorder(cancel=lambda event: isinstance(event, Progress)))


def test_a_network_with_random_weights_is_never_said_to_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted truth: it beats thumbnails on textures, and owes nothing to any pretraining."""
    name = make_random(tmp_path / "weights", "mobilenetv3_small_100", seed=1)
    monkeypatch.setenv("TLSTUDIO_WEIGHTS", str(tmp_path / "weights"))
    project = tmp_path / "p"
    import_images(ImportRequest(stripes(tmp_path / "stripes", 90), project, test_fraction=0.3))
    result = train(project, replace(settings(Mode.QUICK), model=name))
    found = evaluate(project, result.run).transfer
    assert found is not None and found.verdict is not Verdict.HELPS
    assert "helps" not in found.sentence or "can't be told" in found.sentence


def stripes(folder: Path, count: int) -> Path:
    """Two directions of stripes at any place: alike at 16 x 16 pixels on average."""
    from PIL import Image

    rng = np.random.default_rng(4)
    for label in ("across", "along"):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            wave = np.sin(np.arange(32) * 2.1 + rng.uniform(0, 6.3)) * 60
            plain = np.tile(wave, (32, 1)) + rng.normal(0, 30, (32, 32)) + 128
            grey = plain.T if label == "along" else plain
            Image.fromarray(np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)).save(
                folder / label / f"{i}.png"
            )
    return folder


def noise(folder: Path, count: int) -> Path:
    """Two classes that only chance tells apart."""
    from PIL import Image

    rng = np.random.default_rng(3)
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / label / f"{i}.png")
    return folder


def test_noise_is_never_called_a_success(tmp_path: Path) -> None:
    project = tmp_path / "p"
    import_images(ImportRequest(noise(tmp_path / "noise", 60), project))
    result = train(project, settings(Mode.QUICK))
    found = evaluate(project, result.run).transfer
    assert found is not None and found.verdict is not Verdict.HELPS
    assert found.advice
