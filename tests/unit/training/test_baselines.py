"""What runs are compared with: thumbnails are area means, heads are kept and found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tlstudio.domain.errors import RunNotReady
from tlstudio.domain.transfer import Method
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.baselines import EDGE, NAME, Seen, fit_baselines, load_baselines, save_baselines, thumbnails
from tlstudio.training.untrained import Draw
from tlstudio.training.views import Views


def store_of(folder: Path, pictures: np.ndarray) -> tuple[RowStore, list[str]]:
    store = RowStore(folder, "pixels", pictures.shape[1:], "uint8")
    keys = [f"{i:064d}" for i in range(len(pictures))]
    with store.writer(len(keys)) as writer:
        for key, picture in zip(keys, pictures, strict=True):
            writer.append(key, picture)
    return store, keys


def test_a_thumbnail_is_the_mean_of_each_area(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (70, 48, 48, 3), dtype=np.uint8)
    store, keys = store_of(tmp_path, pictures)
    found = thumbnails(store, keys[::-1])
    blocks = pictures.reshape(70, EDGE, 3, EDGE, 3, 3).mean(axis=(2, 4)) / 255
    assert found == pytest.approx(blocks[::-1].reshape(70, -1), abs=1e-5)


@pytest.mark.parametrize("size", [16, 50, 224, 8])
def test_any_size_keeps_the_mean_brightness(tmp_path: Path, size: int) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    store, keys = store_of(tmp_path, pictures)
    means = pictures.mean(axis=(1, 2, 3)) / 255
    assert thumbnails(store, keys).mean(axis=1) == pytest.approx(means, abs=1e-4)


def test_of_no_images_there_are_no_thumbnails(tmp_path: Path) -> None:
    store, _ = store_of(tmp_path, np.zeros((1, 32, 32, 3), np.uint8))
    assert thumbnails(store, []).shape == (0, EDGE * EDGE * 3)


def test_they_are_kept_and_found_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [10, 25, 1])
    pixels = rng.random((36, 48), np.float32) + labels[:, None].astype(np.float32)
    features = rng.random((36, 20), np.float32) - labels[:, None].astype(np.float32)
    blank, norms = rng.random((36, 12), np.float32), {"bn1.running_mean": np.arange(4, dtype=np.float32)}
    learned = fit_baselines(
        Seen(pixels, blank, Draw(2, norms), features, Views(12)), labels, 3, units=list(range(36)), seed=0
    )
    assert learned.baselines.majority == 1
    # The class with one image is never left out; what the others were said to be then comes from models without them.
    assert (learned.left_out[Method.PROBE][:35] >= 0).all() and learned.left_out[Method.PROBE][35] == -1
    assert load_baselines(tmp_path) is None
    save_baselines(learned.baselines, tmp_path)
    again = load_baselines(tmp_path)
    assert again is not None
    said, known = (each.answers(pixels, blank, features) for each in (learned.baselines, again))
    assert set(said) == {Method.MAJORITY, Method.THUMBNAILS, Method.UNTRAINED, Method.PROBE}
    assert again.draw.seed == 2 and list(again.draw.norms) == list(norms)
    assert (again.draw.norms["bn1.running_mean"] == norms["bn1.running_mean"]).all()
    assert all((said[m] == known[m]).all() for m in said)
    assert (said[Method.THUMBNAILS] == labels).mean() > 0.9
    assert Method.PROBE not in again.answers(pixels, blank, None)


def test_those_of_a_version_without_an_untrained_network_are_fitted_anew(tmp_path: Path) -> None:
    save_file({"majority": np.array([1]), "thumbnails.weight": np.zeros((2, 3))}, tmp_path / NAME)
    assert load_baselines(tmp_path) is None


def test_without_features_there_is_no_probe(tmp_path: Path) -> None:
    labels = np.arange(20) % 2
    pixels = np.random.default_rng(3).random((20, 48), np.float32) + labels[:, None].astype(np.float32)
    learned = fit_baselines(
        Seen(pixels, pixels, Draw(0, {}), None, Views(48)), labels, 2, units=list(range(20)), seed=0
    )
    save_baselines(learned.baselines, tmp_path)
    again = load_baselines(tmp_path)
    assert again is not None and again.probe is None
    assert Method.PROBE not in again.answers(pixels, pixels, pixels) and Method.PROBE not in learned.left_out


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"not tensors")
    with pytest.raises(RunNotReady) as caught:
        load_baselines(tmp_path)
    assert NAME in str(caught.value.path)
