"""Pseudo-labels: the surest of each class, what they bring where they are right, and that they are left where they harm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.conftest import Recorder
from tlstudio.domain.events import SILENT, Progress
from tlstudio.training import pseudo_labels as module
from tlstudio.training.linear import LinearHead
from tlstudio.training.pseudo_labels import LEAST, REPEATS, SHARE, Tried, fit_with, surest, try_pseudo_labels
from tlstudio.training.views import Fitted, Views, fit_views

VIEWS = Views(6)
Arrays = tuple[np.ndarray, np.ndarray]


def clouds(n: int, seed: int, far: float = 1.6, width: int = 6) -> Arrays:
    """Two clouds of points, `far` apart in two directions of six, of which the others tell nothing."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    points = rng.normal(0, 1, (n, width))
    points[:, :2] += far * (labels[:, None] - 0.5)
    return points.astype(np.float32), labels.astype(np.int64)


def fitted(features: np.ndarray, labels: np.ndarray) -> Fitted:
    return fit_views(features, labels, 2, views=VIEWS, seed=0)


def tried(features: np.ndarray, labels: np.ndarray, unlabeled: np.ndarray, units: list[str] | None = None) -> Tried:
    return try_pseudo_labels(
        features,
        labels,
        2,
        unlabeled,
        views=VIEWS,
        units=units or [str(i) for i in range(len(labels))],
        first=fitted(features, labels),
        seed=0,
        reporter=SILENT,
    )


def test_the_surest_of_each_class_are_taken() -> None:
    assert SHARE == 0.7
    said = np.array([0.99, 0.6, 0.9, 0.8, 0.55, 0.7, 0.95, 0.65, 0.85, 0.75, 0.2])
    taken, labels = surest(np.stack([said, 1 - said], axis=1))
    assert labels.tolist() == [0] * 10 + [1]
    assert sorted(said[taken & (labels == 0)].tolist()) == [0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.99], "7 of 10"
    assert taken[10], "of a class at least one"


def test_where_they_are_taken_they_bring_few_labels_further() -> None:
    gains = []
    for seed in range(16):
        features, labels = clouds(12, seed, far=2.5)
        others, _ = clouds(400, 100 + seed, far=2.5)
        judged, truth = clouds(1000, 200 + seed, far=2.5)
        found = tried(features, labels, others)
        if found.head is not None:
            before, after = (
                (each.logits(judged).argmax(axis=1) == truth).mean()
                for each in (fitted(features, labels).head, found.head.head)
            )
            gains.append(after - before)
    assert len(gains) > 4 and np.mean(gains) > 0.01 and min(gains) > -0.01


def test_they_are_taken_only_where_images_left_out_are_right_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = clouds(20, 1, far=2.5)
    right = fitted(features, labels).head

    def answering(share: float):  # type: ignore[no-untyped-def]
        """A head that turns the class of the first images that are left out round, by its bias."""

        def fit(f, y, classes, unlabeled, *, views, first):  # type: ignore[no-untyped-def]
            return right if share else LinearHead(-right.weight, -right.bias)

        return fit

    monkeypatch.setattr(module, "_fit", lambda f, y, classes, views, first: first)
    monkeypatch.setattr(module, "fit_with", answering(0))
    worse = tried(features, labels, features)
    assert worse.head is None and worse.after < worse.before
    monkeypatch.setattr(module, "fit_with", answering(1))
    same = tried(features, labels, features)
    assert same.head is None and same.after == same.before, "no better is not enough"


def test_what_is_said_of_the_labeled_images_is_said_while_they_are_left_out() -> None:
    for seed in range(40):
        features, labels = clouds(10, seed)
        others, _ = clouds(300, 500 + seed)
        found = tried(features, labels, others)
        if found.head is not None:
            break
    else:
        raise AssertionError("never taken")
    assert found.after > found.before
    head = found.head
    assert head.judged.all() and head.folds == 5
    assert np.isfinite(head.held_out).all() and np.allclose(head.held_out.sum(axis=1), 1)
    whole = fit_with(features, labels, 2, others, views=VIEWS, first=fitted(features, labels))
    assert np.array_equal(head.head.weight, whole.weight), "the head itself has learned from all"
    assert not np.allclose(head.held_out, whole.probabilities(features))


@pytest.mark.parametrize(("units", "told"), [(9, False), (10, True)])
def test_few_labels_tell_nothing(units: int, told: bool) -> None:
    assert LEAST == 5
    features, labels = clouds(12, 0)
    found = tried(features, labels, features, units=[str(min(i, units - 1)) for i in range(12)])
    assert (found.after > 0) is told and (found == Tried(None, 0.0, 0.0)) is not told


def test_one_group_a_class_tells_nothing() -> None:
    features, labels = clouds(20, 0)
    units = ["one", *("other" for _ in range(19))]
    assert tried(features, labels, features, units=units) == Tried(None, 0.0, 0.0)


@pytest.mark.parametrize(("others", "repeats"), [(40, REPEATS), (1990, 3), (9000, 1)])
def test_with_many_images_it_is_repeated_less_often(
    recorder: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch, others: int, repeats: int
) -> None:
    record = recorder()
    features, labels = clouds(10, 0)
    unlabeled = np.zeros((others, 6), np.float32)
    first = fitted(features, labels)
    monkeypatch.setattr(module, "_fit", lambda f, y, classes, views, first: first)
    monkeypatch.setattr(module, "fit_with", lambda *a, **more: first.head)
    try_pseudo_labels(
        features,
        labels,
        2,
        unlabeled,
        views=VIEWS,
        units=list(range(10)),
        first=first,
        seed=0,
        reporter=record,
    )
    told = record.of(Progress)
    assert (told[-1].done, told[-1].total) == (5 * repeats, 5 * repeats)
