"""The decision rule of an operating point, for evaluation and for offline prediction alike; numpy alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

CLOSE_ODDS = 1.5  # odds this near to those of the threshold; at a threshold of one half: a lead of less than 0.2


def flag_scores(probabilities: npt.NDArray[np.floating], positive: int) -> npt.NDArray[np.float64]:
    """The highest threshold that still gives each image the class `positive`, (n,), from probabilities (n, classes).

    It is 1 where the class is the likeliest: a class that must not be missed is not taken from an image that is given it without
    a threshold, however high the threshold. Elsewhere it is the probability of the class.
    """
    wins = probabilities.argmax(axis=1) == positive
    return np.where(wins, 1.0, probabilities[:, positive]).astype(np.float64)


def decide(probabilities: npt.NDArray[np.floating], positive: int, threshold: float) -> npt.NDArray[np.int64]:
    """The class each image is given, (n,), from probabilities (n, classes).

    It is `positive` where that class's probability is at least `threshold`, and the likeliest class elsewhere.
    """
    flagged = flag_scores(probabilities, positive) >= threshold
    return np.where(flagged, positive, probabilities.argmax(axis=1)).astype(np.int64)


def is_close(probability: float, threshold: float) -> bool:
    """Whether a probability is so near to the threshold that it might as well have fallen on its other side.

    Nearness is that of the odds, because a hundredth more means much at a threshold of 2 % and little at one of 50 %.
    """
    return abs(_log_odds(probability) - _log_odds(threshold)) < math.log(CLOSE_ODDS)


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside))
