"""The search for a rate in a project: the training's own way to its first step, and nothing left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import TEST_MODEL, Recorder
from tlstudio.domain.errors import Cancelled, WeightsMissing, WrongUsage
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Adapter, Mode, TrainSettings
from tlstudio.storage import runs
from tlstudio.storage.project import Project
from tlstudio.training import rate_finder
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.rate_finding import find_rate

SETTINGS = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=32, batch_size=8, device="cpu", depth="dataset")


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rate_finder, "STEPS", 20)
    return import_images(ImportRequest(make_images(10), tmp_path / "project")).project


def test_it_makes_no_run_and_its_own_rate_has_no_say(project: Path) -> None:
    watch = Recorder()
    found = find_rate(project, SETTINGS, watch)
    assert len(found.rates) <= 20 and found.usual > 0
    assert any(isinstance(e, Progress) and e.stage == rate_finder.STAGE for e in watch.events)
    assert any(isinstance(e, Note) and "learning rates" in e.text for e in watch.events)
    assert find_rate(project, replace(SETTINGS, learning_rate=0.5)) == found
    assert runs.list_runs(Project.open(project)) == []
    assert [path for path in (project / "runs").rglob("*") if path.is_file()] == []


def test_small_additions_have_a_rate_too(project: Path) -> None:
    found = find_rate(project, replace(SETTINGS, adapter=Adapter.LORA, depth="image"))
    assert found.losses[0] == pytest.approx(found.start, rel=0.05)


def test_without_validation_images_some_are_held_back_as_in_a_training(
    make_images: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_finder, "STEPS", 3)
    place = import_images(ImportRequest(make_images(12), tmp_path / "none", val_fraction=0.0)).project
    assert len(find_rate(place, SETTINGS).rates) == 3


def test_what_can_not_be_is_said_by_name(project: Path) -> None:
    with pytest.raises(WrongUsage, match="quick"):
        find_rate(project, replace(SETTINGS, mode=Mode.QUICK))
    with pytest.raises(WeightsMissing):
        find_rate(project, replace(SETTINGS, model="convnext_tiny.in12k_ft_in1k"))
    with pytest.raises(Cancelled):
        find_rate(project, SETTINGS, Recorder(cancel=lambda e: isinstance(e, Progress) and e.done == 2))
    assert runs.list_runs(Project.open(project)) == []
