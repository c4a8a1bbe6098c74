"""The order in which images are put before the user: what stands for most first, every image once."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.evaluation import selection
from tlstudio.evaluation.selection import BATCH, EARLY, LABELED, POOL, SOUGHT, directions, margins, teaching_order


def two_classes(margin: np.ndarray) -> np.ndarray:
    high = 0.5 + margin / 2
    return np.column_stack([high, 1 - high])


def test_margin_is_the_lead_of_the_best_class() -> None:
    chances = np.array([[0.2, 0.7, 0.1], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]])
    assert margins(chances) == pytest.approx([0.5, 0.0, 1.0])


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1, 3 * BATCH, POOL + 100])
def test_every_image_has_one_place(n: int) -> None:
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, 8)).astype(np.float32)
    order = teaching_order(two_classes(rng.random(n)), lambda rows: features[rows])
    assert sorted(order) == list(range(n))


def test_the_same_images_give_the_same_order() -> None:
    rng = np.random.default_rng(0)
    features, chances = rng.normal(size=(500, 80)).astype(np.float32), two_classes(rng.random(500))
    orders = [teaching_order(chances, lambda rows: features[rows]) for _ in range(2)]
    assert (orders[0] == orders[1]).all()


def kinds(sizes: list[int], seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Images of as many kinds, far apart: which kind each is of, and its features."""
    which = np.repeat(np.arange(len(sizes)), sizes)
    noise = np.random.default_rng(seed).normal(0, 0.05, (len(which), len(sizes)))
    return which, (10 * np.eye(len(sizes))[which] + noise).astype(np.float32)


def test_a_batch_takes_something_of_every_kind() -> None:
    """Ten kinds of images, one of them a hundred times over and the least certain of all."""
    which, features = kinds([110, *[10] * 9])
    margin = np.where(which == 0, 0.05, 0.2)
    order = teaching_order(two_classes(margin), lambda rows: features[rows])
    assert set(which[order[:10]]) == set(range(10))
    assert set(which[np.argsort(margin, kind="stable")[:BATCH]]) == {0}, "by the margin alone it would be one kind"


def test_the_largest_kind_comes_first_and_what_has_a_label_last() -> None:
    which, features = kinds([20, 60, 40, 30])
    known = features[which == 1][:1]
    order = teaching_order(two_classes(np.full(150, 0.5)), lambda rows: features[rows], known)
    assert which[order[:3]].tolist() == [2, 3, 0]


@pytest.mark.parametrize(("labels", "sure_first"), [(2 * EARLY - 1, True), (2 * EARLY, False)])
def test_what_a_model_is_sure_of_counts_less_once_it_knows_enough(labels: int, sure_first: bool) -> None:
    """The larger kind is the one that it is sure of; with ten labels a class the other comes first, before that not."""
    which, features = kinds([100, 30, 30])
    known = np.repeat(features[which == 2][:1], labels, axis=0)
    margin = np.where(which == 0, 0.9, 0.1)
    order = teaching_order(two_classes(margin), lambda rows: features[rows], known)
    assert which[order[0]] == (0 if sure_first else 1)


def test_an_image_counts_by_how_uncertain_it_is_and_a_sure_one_for_a_thousandth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[np.ndarray] = []
    real = selection._covering
    monkeypatch.setattr(
        selection, "_covering", lambda points, known, counts: counted.append(counts) or real(points, known, counts)
    )
    features = np.random.default_rng(9).normal(size=(60, 5)).astype(np.float32)
    margin = np.repeat([0.0, 0.75, 0.9995, 1.0], 15)
    teaching_order(two_classes(margin), lambda rows: features[rows], features[: 2 * EARLY])
    assert counted[0] == pytest.approx(np.repeat([1.0, 0.25, 0.001, 0.001], 15))


def test_distances_are_those_of_directions() -> None:
    points = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert selection._squared(points, points) == pytest.approx(np.array([[0, 2, 4], [2, 0, 2], [4, 2, 0]]))


def test_an_image_that_counts_for_nothing_still_has_its_place() -> None:
    which, features = kinds([30, 30])
    margin = np.where(which == 0, 1.0, 0.5)
    known = np.repeat(features[:1] + 20, 2 * EARLY, axis=0)
    order = teaching_order(two_classes(margin), lambda rows: features[rows], known)
    assert set(which[order[:2]]) == {0, 1}, "sure of all of one kind, which still is another kind"


def test_of_very_many_the_least_certain_and_some_of_the_others_are_looked_at() -> None:
    rng = np.random.default_rng(4)
    margin, features = rng.random(3 * POOL), rng.normal(size=(3 * POOL, 4)).astype(np.float32)
    asked: list[np.ndarray] = []

    def features_of(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return features[rows]

    order = teaching_order(two_classes(margin), features_of)
    (rows,) = asked
    by_margin = np.argsort(margin, kind="stable")
    assert len(set(rows)) == POOL == 2000
    assert rows[: POOL // 2].tolist() == by_margin[: POOL // 2].tolist()
    assert margin[rows[POOL // 2 :]].mean() == pytest.approx(margin[by_margin[POOL // 2 :]].mean(), abs=0.03)
    assert SOUGHT == 500 and set(order[:500]) <= set(rows)
    assert order[SOUGHT:].tolist() == [i for i in by_margin if i not in set(order[:SOUGHT])]


def test_of_very_many_labels_some_stand_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them count where it is asked whether the model knows enough."""
    compared: list[int] = []
    real = selection.directions
    monkeypatch.setattr(
        selection,
        "directions",
        lambda features, importance: compared.append(len(features)) or real(features, importance),
    )
    rng = np.random.default_rng(8)
    features = rng.normal(size=(100, 3)).astype(np.float32)
    known = rng.normal(size=(LABELED + 500, 3)).astype(np.float32)
    teaching_order(two_classes(rng.random(100)), lambda rows: features[rows], known)
    teaching_order(two_classes(rng.random(100)), lambda rows: features[rows], known[:7])
    assert compared == [100 + 4000, 107]


@pytest.mark.parametrize(("n", "asked"), [(20, 0), (21, 1)])
def test_a_single_batch_needs_no_features(n: int, asked: int) -> None:
    calls: list[int] = []

    def features_of(rows: np.ndarray) -> np.ndarray:
        calls.append(len(rows))
        return np.eye(n, dtype=np.float32)[rows]

    margin = np.linspace(0.1, 0.9, n)
    order = teaching_order(two_classes(margin), features_of)
    assert len(calls) == asked and len(set(order)) == n
    assert order[-BATCH + 1 :].tolist() == sorted(order[-BATCH + 1 :]), "the last twenty by the margin alone"


def test_the_quick_way_finds_what_trying_all_of_them_finds() -> None:
    rng = np.random.default_rng(6)
    points = rng.normal(size=(60, 5))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    counts = rng.random(60)
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    gap = np.full(60, 4.0)
    expected = []
    for _ in range(40):
        gains = (np.maximum(gap[None] - apart, 0) * counts[None]).sum(axis=1)
        gains[expected] = -1
        expected.append(int(gains.argmax()))
        gap = np.minimum(gap, apart[expected[-1]])
    assert selection._covering(points, np.empty((0, 5)), counts).tolist() == expected


def test_importance_decides_what_counts_as_alike() -> None:
    """Two features tell different kinds apart; only the first one counts."""
    rng = np.random.default_rng(7)
    features = np.column_stack([np.repeat([0.0, 10.0], 50), np.tile([0.0, 10.0], 50)]) + rng.normal(0, 0.1, (100, 2))
    found = directions(features.astype(np.float32), np.array([1.0, 0.0]))
    assert (found[:50, 0] < 0).all() and (found[50:, 0] > 0).all()
    assert np.abs(found[:, 1]).max() == 0


def test_a_number_that_changes_by_less_than_a_millionth_counts_for_less() -> None:
    """Deviations of a half and of a ten-millionth: the second is taken for a millionth."""
    found = directions(np.array([[0.0, 0.0], [1.0, 2e-7]], np.float32))
    assert found == pytest.approx(np.array([[-1, -0.1], [1, 0.1]]) / np.hypot(1, 0.1), rel=1e-4)


def test_directions_are_of_length_one_and_few() -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(3.0, np.geomspace(0.01, 100, 200), (150, 200)).astype(np.float32)
    found = directions(features)
    assert found.shape == (150, selection.DIRECTIONS) == (150, 64)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(150))
    assert np.isfinite(directions(np.ones((3, 2), np.float32))).all()
