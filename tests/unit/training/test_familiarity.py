"""The distance of images from those that a backbone was pretrained on, by its own statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.conftest import BUNDLED
from tlstudio.catalog import weights
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.quality.mismatch import FAR
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.familiarity import distance_from_pretraining
from tlstudio.training.loading import load_pretrained, preprocess_for
from tlstudio.training.network import Network, NetworkSpec

CPU = torch.device("cpu")


def store_of(folder: Path, pictures: np.ndarray) -> tuple[RowStore, list[str]]:
    store = RowStore(folder, f"pixels{pictures.shape[1]}-{pictures.mean():.6f}", pictures.shape[1:], "uint8")
    keys = [f"{i:064d}" for i in range(len(pictures))]
    with store.writer(len(keys)) as writer:
        for key, picture in zip(keys, pictures, strict=True):
            writer.append(key, picture)
    return store, keys


class Remembering(nn.Module):
    """One layer of the kind that is asked about, on the pixels themselves."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).mean((2, 3))


def network_of(layer: nn.Module) -> Network:
    spec = NetworkSpec(
        "m", "m", ("a", "b"), PreprocessSpec(8), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 3, False, "mit", "0" * 64
    )
    return Network(Remembering(layer), spec)


def pictures(n: int = 40, size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def test_images_with_the_remembered_statistics_are_at_no_distance(tmp_path: Path) -> None:
    layer = nn.BatchNorm2d(3)
    seen = torch.from_numpy(pictures()[:32]).permute(0, 3, 1, 2).float() / 255
    layer.running_mean = seen.mean((0, 2, 3))
    layer.running_var = seen.var((0, 2, 3), unbiased=False)
    store, keys = store_of(tmp_path, pictures())
    assert distance_from_pretraining(network_of(layer), store, keys[:32], CPU) == pytest.approx(0, abs=0.01)


def test_a_shift_of_two_deviations_is_told_as_two(tmp_path: Path) -> None:
    layer = nn.BatchNorm2d(3)
    seen = torch.from_numpy(pictures()[:32]).permute(0, 3, 1, 2).float() / 255
    spread = seen.var((0, 2, 3), unbiased=False).sqrt()
    layer.running_mean, layer.running_var = seen.mean((0, 2, 3)) + 2 * spread, spread**2
    store, keys = store_of(tmp_path, pictures())
    network = network_of(layer)
    assert distance_from_pretraining(network, store, keys[:32], CPU) == pytest.approx(2, abs=0.01)
    assert not layer._forward_pre_hooks  # nothing is left behind


@pytest.mark.parametrize("layer", [nn.Identity(), nn.GroupNorm(1, 3), nn.BatchNorm2d(3, track_running_stats=False)])
def test_where_nothing_is_remembered_it_can_not_be_told(tmp_path: Path, layer: nn.Module) -> None:
    store, keys = store_of(tmp_path, pictures())
    assert distance_from_pretraining(network_of(layer), store, keys, CPU) is None


def test_without_images_it_can_not_be_told(tmp_path: Path) -> None:
    store, _ = store_of(tmp_path, pictures())
    assert distance_from_pretraining(network_of(nn.BatchNorm2d(3)), store, [], CPU) is None


def test_noise_is_far_from_what_a_bundled_model_has_learned_from(tmp_path: Path) -> None:
    card, folder = weights.describe(BUNDLED), weights.require(BUNDLED)
    network = load_pretrained(folder, card, preprocess_for(card), ("a", "b"), "")
    found = []
    for made in (pictures(16, 96), np.zeros((4, 96, 96, 3), np.uint8)):
        store, keys = store_of(tmp_path, made)
        found.append(distance_from_pretraining(network, store, keys, CPU))
    assert all(distance is not None and distance > FAR for distance in found)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["chest_xray", "magnetic_tile"])
def test_real_images_that_transfer_well_are_not_called_far(shared: Path, tmp_path: Path, name: str) -> None:
    from tlstudio.images.prepare import prepare

    card, folder = weights.describe(BUNDLED), weights.require(BUNDLED)
    spec = preprocess_for(card)
    network = load_pretrained(folder, card, spec, ("a", "b"), "")
    files = sorted((shared / "data" / name).rglob("*.*"))[::20][:32]
    store, keys = store_of(tmp_path, np.stack([prepare(file, spec) for file in files]))
    distance = distance_from_pretraining(network, store, keys, CPU)
    assert distance is not None and distance < FAR
