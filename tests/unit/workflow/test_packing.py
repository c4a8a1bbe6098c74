"""A training on another machine, there and back: what is packed, what is trained of it without the originals, what comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import TEST_MODEL
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, RunState, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.storage import runs
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling
from tlstudio.workflow import runs as run_list
from tlstudio.workflow.evaluating import evaluate
from tlstudio.workflow.exporting import export
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.packed_training import train_packed
from tlstudio.workflow.packing import pack
from tlstudio.workflow.training import train
from tlstudio.workflow.unpacking import unpack

QUICK = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(14, groups=5), place, group_from=r"name:^(part\d+)"))
    return place


def test_there_and_back(project: Path, tmp_path: Path) -> None:
    """The run that comes back is the one that would have been trained here, and works as any other."""
    at_home = train(project, QUICK)
    packed = pack(project, tmp_path / "away.tlpack", QUICK)
    assert (packed.model, packed.size, packed.weights) == (TEST_MODEL, 32, False)
    away = tmp_path / "images-away"
    (tmp_path / "images").rename(away)  # nobody has the originals
    shutil.copy(packed.file, tmp_path / "copied.tlpack")
    done = train_packed(tmp_path / "copied.tlpack")
    assert done.file == tmp_path / "copied-trained.tlpack"
    assert done.result.accuracy == at_home.accuracy
    assert not (tmp_path / "copied-trained.tlpack.work").exists()
    back = unpack(done.file, project)
    assert (back.run, back.already, back.drift.sentence()) == (done.result.run, False, "")
    away.rename(tmp_path / "images")
    here = runs.get_run(Project(project), back.run)
    assert here.state is RunState.FINISHED
    ours, theirs = (evaluate(project, run, Split.TEST) for run in (at_home.run, back.run))
    assert [p.probabilities for p in ours.predictions] == [p.probabilities for p in theirs.predictions]
    assert export(project, tmp_path / "m.onnx", back.run).certificate.passed
    records = run_list.records(project, back.run)
    assert records.elsewhere is not None and records.elsewhere.machine.versions["tlstudio"]
    assert records.log[-1].text.startswith("Trained on another machine: ")
    assert unpack(done.file, project).already
    assert len(runs.list_runs(Project(project))) == 2
