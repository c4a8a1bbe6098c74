"""The decision rule that evaluation and prediction share."""

from __future__ import annotations

import numpy as np
import pytest

from tlstudio.evaluation.decision import decide, is_close


def test_flagged_at_or_above_the_threshold_else_the_likeliest_other() -> None:
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
    assert decide(probabilities, 2, 0.8).tolist() == [0, 0, 1, 1], (
        "a class below its threshold is not given even if likeliest"
    )


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
    ],
)
def test_close_means_close_in_odds(probability: float, threshold: float, close: bool) -> None:
    assert is_close(probability, threshold) is close
