"""The order in which images are put before the user: least certain first, spread over kinds, every image once."""

from __future__ import annotations

import numpy as np
import pytest

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
