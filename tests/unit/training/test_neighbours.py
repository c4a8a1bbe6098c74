"""Nearest neighbours on features: right where classes are apart, and never by images of the same unit."""

from __future__ import annotations

import numpy as np

from tlstudio.training import neighbours
from tlstudio.training.neighbours import neighbours_say


def blobs(n: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return (rng.normal(0, 1, (n, 12)) + apart * np.eye(12)[labels]).astype(np.float32), labels


def test_classes_that_lie_apart_are_told() -> None:
    features, labels = blobs(90, 8.0)
    assert (neighbours_say(features, labels, 3, list(range(90))) == labels).all()


def test_noise_is_told_no_better_than_by_chance() -> None:
    features, labels = blobs(900, 0.0)
    assert 0.25 < (neighbours_say(features, labels, 3, list(range(900))) == labels).mean() < 0.42


def test_images_of_one_unit_do_not_speak_for_each_other() -> None:
    rng = np.random.default_rng(1)
    features = np.repeat(rng.normal(0, 1, (30, 12)), 4, axis=0).astype(np.float32)
    labels = np.repeat(rng.integers(0, 2, 30), 4)
    units = np.repeat(np.arange(30), 4).tolist()
    assert (neighbours_say(features, labels, 2, list(range(120))) == labels).all()  # every image has three twins
    assert (neighbours_say(features, labels, 2, units) == labels).mean() < 0.8


def test_parts_make_no_difference(monkeypatch) -> None:
    features, labels = blobs(70, 1.0)
    whole = neighbours_say(features, labels, 3, list(range(70)))
    monkeypatch.setattr(neighbours, "ROWS", 9)
    assert (neighbours_say(features, labels, 3, list(range(70))) == whole).all()


def test_one_unit_alone_hears_nobody() -> None:
    features, labels = blobs(6, 5.0)
    assert (neighbours_say(features, labels, 3, ["same"] * 6) == -1).all()
