"""The decision rule that evaluation and prediction share."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.evaluation.decision import CLOSE_ODDS, decide, flag_scores, is_close


def test_flagged_at_or_above_the_threshold_else_the_likeliest() -> None:
    probabilities = np.array(
        [
            [0.70, 0.20, 0.10],  # above: flagged, though another is likelier
            [0.70, 0.10, 0.20],  # exactly at the threshold of 0.2: flagged
            [0.30, 0.51, 0.19],  # just below
            [0.10, 0.20, 0.70],  # likeliest and above
        ]
    )
    assert decide(probabilities, 1, 0.2).tolist() == [1, 0, 1, 1]
    assert decide(probabilities, 2, 0.2).tolist() == [0, 2, 1, 2]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.9999, 1.0])
def test_the_likeliest_class_keeps_its_images_however_high_the_threshold(threshold: float) -> None:
    """Also where it wins far below one half, as among many classes."""
    probabilities = np.array([[0.1, 0.2, 0.7], [0.32, 0.33, 0.35], [0.35, 0.33, 0.32], [0.005, 0.0, 0.995]])
    assert decide(probabilities, 2, threshold).tolist() == probabilities.argmax(axis=1).tolist() == [2, 2, 0, 2]


def test_the_highest_threshold_that_still_flags() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.5, 0.1, 0.4]], np.float32)
    scores = flag_scores(probabilities, 1)
    assert scores.dtype == np.float64
    assert scores.tolist() == pytest.approx([0.2, 1.0, 0.1])
    for threshold in (0.0, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0):
        assert (decide(probabilities, 1, threshold) == 1).tolist() == (scores >= threshold).tolist()


def test_ends_of_the_scale() -> None:
    probabilities = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert decide(probabilities, 1, 0.0).tolist() == [1, 1]
    assert decide(probabilities, 1, 1.0).tolist() == [0, 1]
    assert decide(np.empty((0, 3)), 1, 0.5).tolist() == []


def test_the_probabilities_are_not_touched() -> None:
    probabilities = np.array([[0.4, 0.6]])
    decide(probabilities, 1, 0.5)
    assert probabilities.tolist() == [[0.4, 0.6]]


@pytest.mark.parametrize(
    ("probability", "threshold", "close"),
    [
        (0.59, 0.5, True),
        (0.61, 0.5, False),  # a lead of more than 0.2
        (0.41, 0.5, True),
        (0.025, 0.02, True),
        (0.05, 0.02, False),  # far in odds, though near in hundredths
        (0.02, 0.02, True),
        (0.0, 0.5, False),
        (1.0, 1.0, True),
        (0.0, 0.0, True),
        (1e-9, 0.0, True),  # nearer to 0 than any figure that counts
        (2e-9, 0.0, False),
        (1 - 1e-9, 1.0, True),
        (1 - 2e-9, 1.0, False),
    ],
)
def test_close_means_close_in_odds(probability: float, threshold: float, close: bool) -> None:
    assert is_close(probability, threshold) is close


@pytest.mark.parametrize("threshold", [0.001, 0.02, 0.3, 0.5])
def test_odds_within_a_factor_of_one_and_a_half_are_close(threshold: float) -> None:
    odds = threshold / (1 - threshold)
    for factor, close in ((1.49, True), (1.51, False), (1 / 1.49, True), (1 / 1.51, False)):
        assert is_close(odds * factor / (1 + odds * factor), threshold) is close
    assert CLOSE_ODDS == 1.5
