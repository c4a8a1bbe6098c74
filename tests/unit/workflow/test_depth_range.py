"""A run that treats a value the same in all images, from the training to the exported model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.conftest import TEST_MODEL, Recorder, paint
from tlstudio.cli.parser import parse
from tlstudio.domain.errors import RunNotReady, WrongUsage
from tlstudio.domain.events import Note, Predicted
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.images.prepare import prepare
from tlstudio.inference.bundle import Bundle
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow.depth_range import FILE, SHALLOW, with_depth
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.folding import cross_validate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.predicting import predict, read_bundle
from tlstudio.workflow.run_data import read_samples
from tlstudio.workflow.training import train

SETTINGS = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, depth="dataset", device="cpu")


def write(path: Path, level: int, seed: int) -> Path:
    """A 16-bit picture whose classes differ by how bright they are, and by nothing else."""
    noise = np.random.default_rng(seed).normal(0, 300, (40, 40))
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, np.clip(level + noise, 0, 65_535).astype(np.uint16))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Recorder]:
    """Test images are far brighter than all others: they may have no say."""
    base = tmp_path_factory.mktemp("deep")
    for k, name in enumerate(("dim", "bright")):
        for i in range(14):
            write(base / "images" / "train" / name / f"{i:02d}.tif", 2000 + 6000 * k, 100 * k + i)
        for i in range(4):
            write(base / "images" / "test" / name / f"{i:02d}.tif", 42_000 + 6000 * k, 900 + 100 * k + i)
    project = import_images(ImportRequest(base / "images", base / "project")).project
    assert sum(row.split is Split.TEST for row in images.list_images(Project.open(project))) == 8
    told = Recorder()
    return project, train(project, SETTINGS, reporter=told).run, told


def spec_of(project: Path, run: str) -> PreprocessSpec:
    saved = json.loads((project / "runs" / run / "model" / "config.json").read_text(encoding="utf-8"))
    return PreprocessSpec.from_json(saved["preprocess"])


def test_the_range_is_that_of_the_training_images(trained: tuple[Path, str, Recorder]) -> None:
    project, run, told = trained
    spec = spec_of(project, run)
    assert spec.depth == "dataset"
    assert spec.low is not None
    assert spec.high is not None
    assert 1000 < spec.low < 2000
    assert 8000 < spec.high < 9500, "the test images, brighter by 40,000, have no say"
    notes = [e.text for e in told.of(Note) if isinstance(e, Note)]
    count = sum(s.part == "train" for s in read_samples(Project.open(project), run))
    assert any("0.5 and 99.5" in note and f"{count} training images" in note for note in notes)


def test_brightness_alone_tells_the_classes(trained: tuple[Path, str, Recorder]) -> None:
    project, run, _ = trained
    assert evaluate(project, run, Split.VAL).accuracy.value == 1.0
    folds = cross_validate(project, run, 3)
    assert folds.accuracy.value >= 28 / 36, "all but the test images, which are white in this range"


def test_the_exported_model_follows_to_the_bit(trained: tuple[Path, str, Recorder], tmp_path: Path) -> None:
    project, run, _ = trained
    bundle = export(project, tmp_path / "model.onnx", run).file
    spec = spec_of(project, run)
    assert read_bundle(bundle).preprocess == spec
    source = tmp_path / "new"
    for name, level in (("dim", 2000), ("middle", 5000), ("bright", 8000)):
        write(source / f"{name}.tif", level, 7)
    told = Recorder()
    predict(bundle, [source], reporter=told)
    said = {Path(e.row["file"]).name: e.row for e in told.of(Predicted) if isinstance(e, Predicted)}
    assert len(said) == 3
    for file, row in said.items():
        own = Bundle(bundle).run(prepare(source / file, spec)[None])[0][0]
        assert list(row["probabilities"].values()) == [float(p) for p in own]
    assert (said["dim.tif"]["label"], said["bright.tif"]["label"]) == ("dim", "bright")
    levels = [int(prepare(source / f"{name}.tif", spec).mean()) for name in ("dim", "middle", "bright")]
    assert levels == sorted(levels)
    assert levels[2] - levels[0] > 150, "one value means the same in all images"


def test_values_beyond_the_range_are_cut_off(trained: tuple[Path, str, Recorder], tmp_path: Path) -> None:
    project, run, _ = trained
    spec = spec_of(project, run)
    assert prepare(write(tmp_path / "white.tif", 50_000, 1), spec).min() == 255
    assert prepare(write(tmp_path / "black.tif", 0, 1), spec).max() == 0


def test_a_run_keeps_its_range(trained: tuple[Path, str, Recorder], tmp_path: Path) -> None:
    """Whatever has become of the images since."""
    project, run, _ = trained
    opened = Project.open(project)
    spec = PreprocessSpec(32)
    again = with_depth(opened, run, spec, settings=SETTINGS, samples=[], reporter=Recorder())
    assert (again.low, again.high) == (spec_of(project, run).low, spec_of(project, run).high)
    plain = TrainSettings(TEST_MODEL, Mode.QUICK)
    assert with_depth(opened, run, spec, settings=plain, samples=[], reporter=Recorder()) == spec
    file = opened.run_folder(run) / FILE
    kept = file.read_bytes()
    file.write_text("{")
    with pytest.raises(RunNotReady):
        with_depth(opened, run, spec, settings=SETTINGS, samples=[], reporter=Recorder())
    file.write_bytes(kept)


def test_without_deep_images_nothing_changes_and_it_is_said(tmp_path: Path) -> None:
    for k, (name, colour) in enumerate((("red", (200, 40, 40)), ("blue", (40, 40, 200)))):
        for i in range(8):
            paint(tmp_path / "images" / name, f"{i}.png", colour, seed=50 * k + i)
    project = import_images(ImportRequest(tmp_path / "images", tmp_path / "project")).project
    told = Recorder()
    run = train(project, SETTINGS, reporter=told).run
    assert spec_of(project, run).depth == "image"
    assert SHALLOW in [e.text for e in told.of(Note) if isinstance(e, Note)]


def test_the_command_and_wrong_words() -> None:
    assert parse(["train", "--project", "x", "--depth", "dataset"]).depth == "dataset"
    assert parse(["train", "--project", "x"]).depth == "image"
    with pytest.raises(WrongUsage, match="depth"):
        TrainSettings(TEST_MODEL, depth="deep")
