"""Channels of microscopy files: said at the import, chosen for a training, remembered by the run and in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.conftest import TEST_MODEL, Recorder
from tlstudio.cli.parser import parse
from tlstudio.cli.usage import Misused
from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import Predicted
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.preprocess import PreprocessSpec, read_channels
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage.project import Project
from tlstudio.storage.runs import choose_run
from tlstudio.training.loading import load_network
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.folding import cross_validate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.predicting import predict, read_bundle
from tlstudio.workflow.training import train


def cells(folder: Path, count: int) -> Path:
    """Only the fourth of five channels tells the classes apart: bright spots, or none."""
    rng = np.random.default_rng(8)
    for label in ("healthy", "ill"):
        for i in range(count):
            values = rng.integers(0, 3000, (36, 40, 5)).astype(np.uint16)
            if label == "ill":
                for y, x in rng.integers(4, 30, (5, 2)):
                    values[y : y + 5, x : x + 5, 3] += 30_000
            path = folder / label / f"{label}_{i}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("channels")
    done = import_images(ImportRequest(cells(base / "cells", 14), base / "project", group_from="none"))
    assert any(
        text.startswith("28 images have up to 5 channels, of which a model sees three") for text in done.warnings
    )
    settings = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32, channels=(4,), depth="dataset")
    assert TrainSettings.from_json(settings.to_json()) == settings
    train(base / "project", settings)
    return base / "project"


def test_the_run_the_figures_and_the_file_see_the_chosen_channel(trained: Path, tmp_path: Path) -> None:
    row = choose_run(Project.open(trained), None)
    spec = load_network(Project.open(trained).run_folder(row.id) / "model").spec.preprocess
    assert (row.settings.channels, spec.channels, spec.depth) == ((4,), (4,), "dataset")
    assert spec.high is not None and spec.high > 20_000, "the range is that of the chosen channel"
    assert evaluate(trained, split=Split.TEST).accuracy.value == 1.0
    assert cross_validate(trained, folds=3).accuracy.value == 1.0
    file = tmp_path / "cells.onnx"
    assert export(trained, file).certificate.passed
    assert read_bundle(file).preprocess == spec
    watch = Recorder()
    predict(file, [cells(tmp_path / "new", 3)], recursive=True, reporter=watch)
    rows = [event.row for event in watch.of(Predicted)]  # type: ignore[attr-defined]
    assert [Path(row["file"]).name.split("_")[0] for row in rows] == [row["label"] for row in rows]


def test_a_picture_without_that_channel_is_refused_by_its_reason(trained: Path, tmp_path: Path) -> None:
    file = tmp_path / "cells.onnx"
    export(trained, file)
    tifffile.imwrite(tmp_path / "three.tif", np.zeros((20, 20, 3), np.uint8), photometric="rgb")
    watch = Recorder()
    predict(file, [tmp_path / "three.tif"], reporter=watch)
    (row,) = [event.row for event in watch.of(Predicted)]  # type: ignore[attr-defined]
    assert (row["status"], row["message"]) == ("refused", "The picture has 3 channels, and channel 4 was chosen.")


@pytest.mark.parametrize(("text", "channels"), [("1", (1,)), ("4, 1", (4, 1)), ("3,2,1", (3, 2, 1)), ("9999", (9999,))])
def test_a_list_of_channels(text: str, channels: tuple[int, ...]) -> None:
    assert read_channels(text) == channels
    assert parse(["train", "--project", "p", "--channels", text]).channels == channels


@pytest.mark.parametrize("text", ["", "0", "a", "1,,2", "1,2,3,4", "2,2", "-1", "1.5", "10000", "123456", "²", "1;2"])
def test_what_is_no_list_of_channels(text: str) -> None:
    with pytest.raises(WrongUsage):
        read_channels(text)
    with pytest.raises(Misused, match="--channels"):
        parse(["train", "--project", "p", f"--channels={text}"])
    with pytest.raises(WrongUsage):
        TrainSettings(TEST_MODEL, channels=(1, 1))
    assert parse(["train", "--project", "p"]).channels is None
    assert PreprocessSpec().channels is None
