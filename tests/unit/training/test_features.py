"""Features of a frozen network: the same wherever a run was cut short, and of a lighter network where that pays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.conftest import CPU, network
from tlstudio.domain.events import SILENT
from tlstudio.storage.project import Project
from tlstudio.training import features
from tlstudio.training.batches import Data
from tlstudio.training.features import frozen_features


def looked_at(project: Project, data: Data, keys: list[str]) -> np.ndarray:
    return frozen_features(project, network(), data.pixels, keys, device=CPU, reporter=SILENT)


@pytest.fixture
def lighter(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry each time that the network was made lighter."""
    found: list[int] = []
    real = features.folded

    def counted(*given: object) -> object:
        found.append(1)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(features, "folded", counted)
    return found


@pytest.mark.parametrize("images", [29, 30])
def test_a_few_images_are_not_worth_a_lighter_network(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lighter: list[int], images: int
) -> None:
    monkeypatch.setattr(features, "WORTH_FOLDING", 30)
    keys = [*data.train_keys, *data.val_keys][:images]
    assert looked_at(Project(tmp_path / "project"), data, keys).shape[0] == images
    assert len(lighter) == (images >= 30)


def test_a_run_that_was_cut_short_sees_the_same_afterwards(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lighter: list[int]
) -> None:
    """What decides is the number of all images, not of those that are left to look at."""
    monkeypatch.setattr(features, "WORTH_FOLDING", 30)
    monkeypatch.setattr(features, "BATCH", 5)
    keys = [*data.train_keys, *data.val_keys]
    whole = looked_at(Project(tmp_path / "whole"), data, keys)
    cut = Project(tmp_path / "cut")
    real = features.embed_batches

    def killed(*given: object) -> object:
        for number, batch in enumerate(real(*given)):  # type: ignore[arg-type]
            if number == 5:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(features, "embed_batches", killed)
    with pytest.raises(KeyboardInterrupt):
        looked_at(cut, data, keys)
    monkeypatch.setattr(features, "embed_batches", real)
    assert np.array_equal(looked_at(cut, data, keys), whole)
    assert len(lighter) == 3
