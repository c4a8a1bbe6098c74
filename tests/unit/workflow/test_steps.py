"""Steps that leave no trace of their own, and the model files of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tlstudio.domain.errors import BundleRefused
from tlstudio.domain.importing import ImportRequest
from tlstudio.workflow import exports, steps
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.steps import Step


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path) -> Path:
    place = tmp_path / "project"
    import_images(ImportRequest(make_images(4), place))
    return place


def test_a_step_is_kept_with_its_run_and_can_be_taken_back(project: Path) -> None:
    assert steps.taken(project, Step.INSPECT) == ""
    steps.take_back(project, Step.INSPECT)
    steps.take(project, Step.INSPECT, "run-1")
    assert (steps.taken(project, Step.INSPECT), steps.taken(project, Step.USE)) == ("run-1", "")
    steps.take(project, Step.INSPECT, "run-2")
    assert steps.taken(project, Step.INSPECT) == "run-2"
    steps.take_back(project, Step.INSPECT)
    assert steps.taken(project, Step.INSPECT) == ""


@dataclass(frozen=True)
class _Info:
    run: str


def test_the_newest_file_of_a_run_is_found(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"a.onnx": "run-1", "b.onnx": "run-2", "c.onnx": "run-1", "old.onnx": ""}
    folder = project / exports.FOLDER
    assert exports.find_export(project, "run-1") is None, "there is no folder yet, or nothing in it"
    folder.mkdir(exist_ok=True)
    for moment, name in enumerate([*told, "damaged.onnx"]):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (1_700_000_000 + moment, 1_700_000_000 + moment))

    def read(file: Path) -> _Info:
        if file.name not in told:
            raise BundleRefused("It is no model.", path=file)
        return _Info(told[file.name])

    (folder / "link.onnx").symlink_to("b.onnx")  # the newest by its name, and no export
    told["link.onnx"] = "run-1"
    monkeypatch.setattr(exports, "read_info", read)
    assert exports.find_export(project, "run-1") == folder / "c.onnx"
    assert exports.find_export(project, "run-2") == folder / "b.onnx"
    assert exports.find_export(project, "run-3") is None
