"""The order in which images are put before the user: least certain first, spread over kinds, every image once."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from tlstudio.evaluation import selection
from tlstudio.evaluation.selection import BATCH, margins, teaching_order


def two_classes(margin: np.ndarray) -> np.ndarray:
    high = 0.5 + margin / 2
    return np.column_stack([high, 1 - high])


def test_margin_is_the_lead_of_the_best_class() -> None:
    chances = np.array([[0.2, 0.7, 0.1], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]])
    assert margins(chances) == pytest.approx([0.5, 0.0, 1.0])


@pytest.mark.parametrize("n", [0, 1, BATCH, BATCH + 1, 3 * BATCH, 2000])
def test_every_image_has_one_place(n: int) -> None:
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, 8)).astype(np.float32)
    order = teaching_order(two_classes(rng.random(n)), lambda rows: features[rows])
    assert sorted(order) == list(range(n))


def test_the_same_images_give_the_same_order() -> None:
    rng = np.random.default_rng(0)
    features, chances = rng.normal(size=(500, 8)).astype(np.float32), two_classes(rng.random(500))
    orders = [teaching_order(chances, lambda rows: features[rows]) for _ in range(2)]
    assert (orders[0] == orders[1]).all()


def test_what_the_model_is_sure_of_comes_last() -> None:
    rng = np.random.default_rng(1)
    margin = rng.random(2000)
    features = rng.normal(size=(2000, 8)).astype(np.float32)
    order = teaching_order(two_classes(margin), lambda rows: features[rows])
    careful = BATCH * selection.ROUNDS
    assert margin[order[:BATCH]].max() <= np.sort(margin)[BATCH * selection.CANDIDATES - 1]
    rest = margin[order[careful:]]
    assert (np.diff(rest) >= 0).all()


def test_a_batch_takes_something_of_every_kind() -> None:
    """Ten kinds of images, one of them a hundred times over and the least certain of all."""
    rng = np.random.default_rng(2)
    kinds = np.repeat(np.arange(10), [110, *[10] * 9])
    features = (10 * np.eye(10)[kinds] + rng.normal(0, 0.05, (200, 10))).astype(np.float32)
    margin = np.where(kinds == 0, 0.05, 0.2) + 0.01 * rng.random(200)
    order = teaching_order(two_classes(margin), lambda rows: features[rows])
    assert len(set(kinds[order[:BATCH]])) >= 9
    assert set(kinds[np.argsort(margin)[:BATCH]]) == {0}, "by the margin alone it would be one kind"


def test_only_the_features_of_candidates_are_asked_for() -> None:
    asked: list[int] = []
    rng = np.random.default_rng(3)

    def features_of(rows: np.ndarray) -> np.ndarray:
        asked.extend(rows.tolist())
        return rng.normal(size=(len(rows), 4)).astype(np.float32)

    teaching_order(two_classes(rng.random(50_000)), features_of)
    assert len(asked) == len(set(asked)) < 1000


def test_its_numbers_are_those_that_were_tried() -> None:
    """Twenty at a time, 25 times; each out of the 200 least certain that are left: 680 images have to be looked at."""
    assert (BATCH, selection.ROUNDS, selection.CANDIDATES) == (20, 25, 10)
    rng = np.random.default_rng(4)
    margin, features = rng.random(1_500), rng.normal(size=(1_500, 4)).astype(np.float32)
    asked: list[int] = []

    def features_of(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        assert margin[rows].max() <= np.sort(margin)[679]
        return features[rows]

    order = teaching_order(two_classes(margin), features_of)
    assert asked == [680]
    by_margin = np.argsort(margin, kind="stable")
    left = list(by_margin[:680])
    for batch in order[:500].reshape(25, 20):
        assert set(batch) <= set(left[:200])
        assert [left.index(i) for i in batch] == sorted(left.index(i) for i in batch), (
            "the least certain of a batch first"
        )
        left = [i for i in left if i not in set(batch)]
    assert not (np.diff(margin[order[460:500]]) >= 0).all(), "with care to the end"
    assert order[500:].tolist() == [i for i in by_margin if i not in set(order[:500])]


@pytest.mark.parametrize(("n", "asked"), [(20, 0), (21, 1)])
def test_a_single_batch_needs_no_features(n: int, asked: int) -> None:
    calls: list[int] = []

    def features_of(rows: np.ndarray) -> np.ndarray:
        calls.append(len(rows))
        return np.eye(n, dtype=np.float32)[rows]

    margin = np.linspace(0.1, 0.9, n)
    order = teaching_order(two_classes(margin), features_of)
    assert len(calls) == asked and len(set(order)) == n


@pytest.mark.parametrize(("n", "batches"), [(40, 1), (41, 2)])
def test_the_last_twenty_are_not_sought_out(monkeypatch: pytest.MonkeyPatch, n: int, batches: int) -> None:
    asked: list[int] = []
    spread = selection._spread
    monkeypatch.setattr(
        selection, "_spread", lambda points, weights: asked.append(len(points)) or spread(points, weights)
    )
    margin = np.linspace(0.1, 0.9, n)
    order = teaching_order(two_classes(margin), lambda rows: np.eye(n, dtype=np.float32)[rows])
    assert len(asked) == batches and sorted(order) == list(range(n))


def test_a_number_that_changes_by_less_than_a_millionth_counts_for_less() -> None:
    """Deviations of a half and of a ten-millionth: the second is taken for a millionth."""
    found = selection._directions(np.array([[0.0, 0.0], [1.0, 2e-7]], np.float32))
    assert found == pytest.approx(np.array([[-1, -0.1], [1, 0.1]]) / np.hypot(1, 0.1), rel=1e-4)


def test_directions_are_of_length_one_whatever_the_scale() -> None:
    rng = np.random.default_rng(5)
    features = rng.normal(3.0, [1.0, 100.0, 0.01, 1.0], (50, 4)).astype(np.float32)
    features[:, 3] = 7.0  # tells nothing
    found = selection._directions(features)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(50))
    standard = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    assert np.abs(found[:, 3]).max() < 1e-3
    assert found[:, :3] == pytest.approx(standard[:, :3] / np.linalg.norm(standard, axis=1, keepdims=True), abs=1e-3)
    assert np.isfinite(selection._directions(np.ones((3, 2), np.float32))).all()


def test_a_batch_has_one_of_each_cluster_that_is_nearest_to_its_middle() -> None:
    rng = np.random.default_rng(6)
    middles = rng.normal(size=(BATCH, 6)) * 50
    points = np.concatenate([middles + 0.1, middles, middles - 0.1])  # the middle one of three each
    taken = selection._spread(points, np.ones(len(points)))
    assert sorted(taken) == list(range(BATCH, 2 * BATCH))
    uncertain = np.ones(len(points))
    uncertain[: 2 * BATCH] = 0.0  # certain ones count next to nothing: the middle moves to the third
    assert sorted(selection._spread(points, uncertain)) == list(range(2 * BATCH, 3 * BATCH))


def test_what_the_model_is_sure_of_moves_no_middle() -> None:
    """Three images of each kind in a row; of two of them the model is sure, so the third is the middle."""
    rng = np.random.default_rng(7)
    middles = rng.normal(size=(BATCH, 30)) * 50
    points = np.concatenate([middles + 0.1, middles, middles - 0.1]).astype(np.float32)
    margin = np.concatenate([np.full(2 * BATCH, 1.0), np.zeros(BATCH)])
    order = teaching_order(two_classes(margin), lambda rows: points[rows])
    assert sorted(order[:BATCH]) == list(range(2 * BATCH, 3 * BATCH))
    order = teaching_order(two_classes(np.full(3 * BATCH, 0.5)), lambda rows: points[rows])
    assert sorted(order[:BATCH]) == list(range(BATCH, 2 * BATCH)), "equally sure of all three"


def test_the_clusters_are_those_of_one_start_that_anybody_can_repeat() -> None:
    """Without clusters of their own, images fall into others with every start; sure ones weigh a thousandth."""
    rng = np.random.default_rng(8)
    points, weights = rng.normal(size=(150, 4)), rng.uniform(0, 0.004, 150)
    found = KMeans(BATCH, n_init=1, random_state=0).fit(points, sample_weight=np.maximum(weights, 0.001))
    away = np.linalg.norm(points[:, None] - found.cluster_centers_, axis=2)
    expected: list[int] = []
    for cluster in range(BATCH):
        expected.append(next(i for i in np.argsort(away[:, cluster], kind="stable") if i not in expected))
    assert selection._spread(points, weights) == expected
