"""Discriminant analysis against its formula, more features than images, and classes without any."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.training.blobs import blobs
from tlstudio.training.discriminant import SHRINKAGES, Discriminant


def everyone(labels: np.ndarray) -> list[np.ndarray]:
    return [np.ones(len(labels), bool)]


@pytest.mark.parametrize(("n", "d"), [(300, 20), (60, 120)])
@pytest.mark.parametrize("shrinkage", [0.9, 0.1])
def test_same_solution_as_the_textbook_formula(n: int, d: int, shrinkage: float) -> None:
    """In double precision, with a covariance of all features, inverted as a whole."""
    features, labels = blobs(n, d, 3, 2.0)
    way = Discriminant(features, labels, 3)
    found = way.head(way.solve(everyone(labels), shrinkage)[0]).logits(features)
    exact = features.astype(np.float64)
    exact = (exact - exact.mean(axis=0)) / np.sqrt((exact.var(axis=0) + exact.var(axis=0).mean()) / 2)
    means = np.stack([exact[labels == k].mean(axis=0) for k in range(3)])
    covariance = (exact - means[labels]).T @ (exact - means[labels]) / (n - 3)
    shrunk = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / d * np.eye(d)
    weights = np.linalg.solve(shrunk, means.T)
    error = np.trace(np.linalg.solve(shrunk, covariance)) / np.bincount(labels)
    expected = exact @ weights - 0.5 * (means.T * weights).sum(axis=0) + 0.5 * error
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-2)


def test_each_part_of_the_images_is_solved_for_itself() -> None:
    features, labels = blobs(80, 10, 3, 2.0)
    way = Discriminant(features, labels, 3)
    mask = np.arange(80) % 4 != 0
    inside = way.head(way.solve([mask], 0.5)[0])
    changed = features.copy()
    changed[~mask] = changed[~mask][::-1]  # other images, the same features altogether: the same standardisation
    other = Discriminant(changed, labels, 3)
    assert other.head(other.solve([mask], 0.5)[0]).weight == pytest.approx(inside.weight, rel=1e-3, abs=1e-5)


def test_a_rare_class_is_not_drowned() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [500, 10])
    features = (rng.normal(0, 1, (510, 4)) + 1.5 * labels[:, None]).astype(np.float32)
    way = Discriminant(features, labels, 2)
    said = way.head(way.solve(everyone(labels), 0.1)[0]).logits(features).argmax(axis=1)
    assert (said[labels == 1] == 1).mean() >= 0.8
    assert (said[labels == 0] == 0).mean() >= 0.8


def test_a_rare_class_is_not_drowned_in_more_features_than_images() -> None:
    """The mean of three images is long by chance alone; without that known, the class would look far from everything."""
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 0.25, (4, 256))
    labels, truth = np.repeat(np.arange(4), [3, 5, 20, 60]), np.repeat(np.arange(4), 100)
    features = (centres[labels] + rng.normal(0, 1, (88, 256))).astype(np.float32)
    others = (centres[truth] + rng.normal(0, 1, (400, 256))).astype(np.float32)
    way = Discriminant(features, labels, 4)
    said = way.head(way.solve(everyone(labels), 0.9)[0]).logits(others).argmax(axis=1)
    assert (said[truth == 0] == 0).mean() > 0.5
    assert (said == truth).mean() > 0.7


@pytest.mark.parametrize("n", [40, 6])
def test_a_class_without_images_is_never_said(n: int) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2 * 2  # of four classes, 1 and 3 have none
    features = (rng.normal(0, 1, (n, 12)) + labels[:, None]).astype(np.float32)
    way = Discriminant(features, labels, 4)
    for shrinkage in SHRINKAGES:
        logits = way.head(way.solve(everyone(labels), shrinkage)[0]).logits(features)
        assert np.isfinite(logits).all()
        assert (logits[:, [1, 3]].max(axis=1) < logits[:, [0, 2]].min(axis=1)).all()


def test_one_image_of_each_class_is_nearest_to_itself() -> None:
    features = np.random.default_rng(1).normal(0, 1, (3, 50)).astype(np.float32)
    labels = np.arange(3)
    way = Discriminant(features, labels, 3)
    head = way.head(way.solve(everyone(labels), 0.5)[0])
    assert (head.logits(features).argmax(axis=1) == labels).all()


def test_constant_features_and_twins() -> None:
    """No direction in which the classes vary: what is left of the covariance is the ball."""
    features = np.repeat(np.eye(3, 8, dtype=np.float32), 4, axis=0)
    labels = np.repeat(np.arange(3), 4)
    way = Discriminant(features, labels, 3)
    head = way.head(way.solve(everyone(labels), 0.1)[0])
    assert np.isfinite(head.weight).all()
    assert (head.logits(features).argmax(axis=1) == labels).all()


@pytest.mark.parametrize("each", [1, 2, 3])
def test_halves_of_a_few_real_looking_features_are_solved(each: int) -> None:
    """Sparse, far from zero, and far apart between classes: differences of large sums must not eat the small scatter."""
    rng = np.random.default_rng(5)
    labels = np.repeat(np.arange(6), 2 * each)
    features = rng.exponential(1, (len(labels), 1280)) * (rng.random((len(labels), 1280)) < 0.2)
    features = (features * 0.01 + 20 * rng.random((6, 1280))[labels]).astype(np.float32)
    way = Discriminant(features, labels, 6)
    masks = [np.arange(len(labels)) % 2 == half for half in range(2)]
    for shrinkage in SHRINKAGES:
        for weights in way.solve(masks, shrinkage):
            assert (way.head(weights).logits(features).argmax(axis=1) == labels).all()


@pytest.mark.parametrize("copies", [1, 3, 20])
def test_features_that_differ_by_rounding_only(copies: int) -> None:
    """Their scatter is what the last bits leave, and nothing is divided by it."""
    labels = np.arange(2 * copies) % 2
    for value in (0.1, 0.3, 1.0):
        features = np.full((2 * copies, 64), value, np.float32)
        twins = features + labels[:, None].astype(np.float32)
        for rows in (features, twins):
            way = Discriminant(rows, labels, 2)
            for shrinkage in SHRINKAGES:
                head = way.head(way.solve(everyone(labels), shrinkage)[0])
                assert np.isfinite(head.weight).all() and np.abs(head.weight).max() < 1e9
