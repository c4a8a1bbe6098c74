"""Predictions in columns are the same predictions."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tlstudio.domain.predictions import ImagePrediction, Predictions


def said(image: int, label: str, predicted: str, *chances: float) -> ImagePrediction:
    return ImagePrediction(image, Path(f"/bilder/é{image}.png"), f"{image:064x}", label, predicted, chances)


ROWS = [
    said(7, "a", "b", 0.4, 0.6),
    said(2, "a", "a", 0.9, 0.1),
    said(3, "b", "a", 0.8, 0.2),
    said(9, "a", "b", 0.3, 0.7),
]


def test_what_goes_in_comes_out() -> None:
    packed = Predictions.of(ROWS)
    assert list(packed) == ROWS
    assert (len(packed), packed[-1], packed[1:3]) == (4, ROWS[3], ROWS[1:3])
    assert list(pickle.loads(pickle.dumps(packed))) == ROWS
    with pytest.raises(IndexError):
        packed[4]
    assert list(Predictions.of(packed)) == ROWS


def test_wrong_answers_the_surest_first() -> None:
    assert Predictions.of(ROWS).wrong() == [2, 3, 0]


def test_what_is_taken_for_what() -> None:
    packed = Predictions.of(ROWS)
    assert packed.taken_for("a", "b") == [3, 0]
    assert packed.taken_for("a", "a") == [1]
    assert packed.taken_for("b", "b") == []
    assert packed.taken_for("a", "nobody") == []


def test_no_predictions() -> None:
    assert list(Predictions()) == list(Predictions.of([])) == Predictions().wrong() == []


def test_many_take_little_room() -> None:
    packed = Predictions.of(said(i, "a", "b", 0.2, 0.8) for i in range(1000))
    assert len(pickle.dumps(packed)) < 250 * len(packed)
