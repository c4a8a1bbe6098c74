"""The check and the recommendation say where images do not suit the pretrained model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import WeightsMissing
from tlstudio.domain.events import Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.workflow import checking_model
from tlstudio.workflow.checking import check
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.recommending import recommend
from tlstudio.workflow.training import train

FITTING = {"grey", "resolution", "unlike_pretraining"}


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A project of small grey noise."""
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / "noise" / label).mkdir(parents=True)
        for i in range(20):
            path = tmp_path / "noise" / label / f"{i}.png"
            Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).save(path)
    import_images(ImportRequest(tmp_path / "noise", tmp_path / "p"))
    return tmp_path / "p"


def test_a_full_check_tells_it_and_a_quick_one_does_not_load_the_model(noise: Path) -> None:
    found = {f.kind: f for f in check(noise).findings}
    assert {"grey", "resolution"} <= set(found)
    assert found["resolution"].count == 40 and "40 pixels" in found["resolution"].title
    assert not FITTING & {f.kind for f in check(noise, quick=True).findings}


def test_a_recommendation_says_it_of_the_best_model(noise: Path) -> None:
    said = " ".join(recommend(noise).mismatch)
    assert "grey" in said and "small" in said


def test_a_training_says_it_of_its_own_model(noise: Path, recorder: Callable) -> None:
    settings = TrainSettings(TEST_MODEL, Mode.BALANCED, input_size=128, epochs=1, rehearse=False)
    watch = recorder()
    train(noise, settings, reporter=watch)
    told = " ".join(note.text for note in watch.of(Note))
    assert "grey" in told and "40 pixels" in told
    watch = recorder()
    train(noise, replace(settings, input_size=48), reporter=watch)
    assert "40 pixels" not in " ".join(note.text for note in watch.of(Note)), "they suit the size that it is trained at"
    watch = recorder()
    train(noise, replace(settings, mode=Mode.QUICK), reporter=watch)
    assert "grey" not in " ".join(note.text for note in watch.of(Note)), "quick training takes no time for it"


def test_photographs_of_colour_and_size_are_left_in_peace(make_images: Callable[..., Path], tmp_path: Path) -> None:
    source = tmp_path / "large"
    rng = np.random.default_rng(1)
    for label in ("a", "b"):
        (source / label).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((160, 160), Image.Resampling.BICUBIC).save(source / label / f"{i}.png")
    import_images(ImportRequest(source, tmp_path / "p"))
    assert not {"grey", "resolution"} & {f.kind for f in check(tmp_path / "p").findings}


def test_without_the_model_the_check_goes_on(noise: Path, monkeypatch: pytest.MonkeyPatch, recorder: Callable) -> None:
    def missing(*_: object) -> Path:
        raise WeightsMissing("The weights are not on this machine.")

    monkeypatch.setattr(checking_model.weights, "require", missing)
    watch = recorder()
    assert not FITTING & {f.kind for f in check(noise, watch).findings}
    assert any("not compared with those of the pretrained model" in note.text for note in watch.of(Note))
