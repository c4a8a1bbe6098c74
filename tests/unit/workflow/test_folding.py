"""Cross-validation: every image is judged once, by a model that saw neither it nor its group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import TEST_MODEL
from tlstudio.domain.errors import NotEnoughImages, WrongUsage
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.workflow.folding import cross_validate
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.training import train

SETTINGS = TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)


def test_every_image_counts_once(make_images: Callable[..., Path], tmp_path: Path) -> None:
    import_images(ImportRequest(make_images(8), tmp_path / "p"))
    train(tmp_path / "p", SETTINGS)
    found = cross_validate(tmp_path / "p", folds=4)
    assert (found.n, found.folds) == (24, 4)
    assert len({p.image for p in found.predictions}) == 24
    assert found.accuracy.value > 0.9
    assert found.to_json()["split"] == "folds"
    assert found.images == "images, each left out once"
    assert cross_validate(tmp_path / "p", folds=4).confusion == found.confusion, "the same for the same seed"


def test_what_a_group_tells_is_not_counted(tmp_path: Path) -> None:
    """Ten patients with one look each and a random label: knowing the patient would give the label away."""
    random = np.random.default_rng(3)
    for patient in range(10):
        look, label = random.integers(0, 255, (24, 24, 3)), ("ill", "well")[patient % 2]
        folder = tmp_path / "images" / label
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(6):
            noisy = np.clip(look + random.normal(0, 6, look.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"P{patient:02d}_{i}.png")
    import_images(ImportRequest(tmp_path / "images", tmp_path / "p", group_from=r"name:^(P\d+)"))
    train(tmp_path / "p", SETTINGS)
    found = cross_validate(tmp_path / "p")
    assert (found.n, found.groups) == (60, 10)
    assert found.accuracy.low <= 0.5 <= found.accuracy.high


def test_too_many_or_too_few_folds(make_images: Callable[..., Path], tmp_path: Path) -> None:
    import_images(ImportRequest(make_images(4), tmp_path / "p"))
    train(tmp_path / "p", SETTINGS)
    with pytest.raises(NotEnoughImages):
        cross_validate(tmp_path / "p", folds=13)
    with pytest.raises(WrongUsage):
        cross_validate(tmp_path / "p", folds=1)
