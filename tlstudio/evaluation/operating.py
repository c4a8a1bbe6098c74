"""Choosing a threshold for a class that must not be missed, and measuring what it does.

The threshold is the largest one whose sensitivity is proved: a lower limit of it, at 95 % certainty, reaches the wish. For one at
the k-th of n probabilities in falling order that limit is the one of k hits in n trials (Clopper and Pearson 1934, Biometrika
26:404), however the probabilities are distributed: the non-parametric tolerance limit of Wilks (1941, Ann Math Stat 12:91).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.operating import VALIDATION, WINS, OperatingPoint, PointFigures, ThresholdCurve, Wish
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.decision import decide, flag_scores
from tlstudio.evaluation.intervals import share_interval
from tlstudio.evaluation.operating_words import cautions, choice_in_words
from tlstudio.evaluation.proving import independent_images, proved_share

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MARGIN = 1e-4  # by which an exported file's probabilities may differ: the certificate's limit


# --- choosing ------------------------------------------------------------------------


def find_point(
    truth: Ints,
    probabilities: Floats,
    positive: int,
    wish: Wish,
    chosen_on: str = VALIDATION,
    *,
    units: Sequence[Hashable] | None = None,
) -> OperatingPoint:
    """The largest threshold that is proved to find the wanted share of class `positive`; where none is, one that finds all here.

    truth (n,), probabilities (n, classes), units[i]: what image i is grouped with. The threshold is never above WINS, from where
    on the likeliest class is given: as high as that it is when the model reaches the wish without one. Raises NotEnoughImages
    without an image of the class.
    """
    own = truth == positive
    if not own.any():
        raise NotEnoughImages("There is no image of this class to choose a threshold on.")
    scores = flag_scores(probabilities, positive)
    n, worth = int(own.sum()), _worth(own, units)
    proved = proved_share(np.arange(1, n + 1) / n, worth)
    enough = min(n, int(np.searchsorted(proved, wish.sensitivity)) + 1)  # so many must be found
    threshold = _just_under(float(np.sort(scores[own])[n - enough]), scores)
    found = int((scores[own] >= threshold).sum())
    return OperatingPoint(
        name=wish.name,
        wanted=wish.sensitivity,
        threshold=threshold,
        chosen_on=chosen_on,
        images=n,
        found=found,
        independent=worth,
        shown=float(proved_share(found / n, worth)),
    )


def _just_under(reached: float, scores: Floats) -> float:
    """A threshold that flags this score and none that is lower.

    All thresholds between two neighbouring scores decide alike; of those the one just under the upper one is taken, at most
    MARGIN below, so that an exported file that rounds differently decides the same.
    """
    if reached >= WINS:
        return WINS
    lower = scores[scores < reached]
    below = float(lower.max()) if len(lower) else 0.0
    threshold = reached - min(MARGIN, (reached - below) / 2)
    return threshold if threshold > below else reached


# --- measuring -----------------------------------------------------------------------


def measure_point(
    point: OperatingPoint,
    positive: int,
    truth: Ints,
    probabilities: Floats,
    split: Split,
    *,
    units: Sequence[Hashable] | None = None,
) -> PointFigures:
    """What `point` does on the images of `split`: labels (n,), probabilities (n, classes); `units[i]`: what i is grouped with."""
    given = decide(probabilities, positive, point.threshold)
    flagged, own, alone = given == positive, truth == positive, probabilities.argmax(axis=1) == positive
    figures = PointFigures(
        point=point,
        n=len(truth),
        positives=int(own.sum()),
        found=int((flagged & own).sum()),
        found_alone=int((alone & own).sum()),
        flagged=int(flagged.sum()),
        groups=len(truth) if units is None else len(set(units)),
        sensitivity=_share(flagged, own, units),
        specificity=_share(~flagged, ~own, units),
        ppv=_share(own, flagged, units),
        npv=_share(~own, ~flagged, units),
        accuracy=share_interval(given == truth, units),
        choice=choice_in_words(point),
    )
    return replace(figures, cautions=cautions(figures, split, _worth(own, units)))


def threshold_curve(truth: Ints, probabilities: Floats, positive: int) -> ThresholdCurve:
    """Sensitivity and specificity of class `positive` at every threshold that makes a difference."""
    scores, own = flag_scores(probabilities, positive), truth == positive
    thresholds = np.unique(np.concatenate([[0.0], scores[scores < WINS], [WINS]]))
    found, quiet = np.sort(scores[own]), np.sort(scores[~own])

    def below(ordered: Floats) -> Floats:
        return np.searchsorted(ordered, thresholds, side="left") / len(ordered)

    return ThresholdCurve(
        thresholds=tuple(thresholds.tolist()),
        sensitivity=tuple((1.0 - below(found)).tolist()) if len(found) else (),
        specificity=tuple(below(quiet).tolist()) if len(quiet) else (),
    )


def _share(hits: Mask, among: Mask, units: Sequence[Hashable] | None) -> Interval | None:
    return share_interval(hits[among], _units_of(among, units)) if among.any() else None


def _worth(among: Mask, units: Sequence[Hashable] | None) -> float:
    """How many independent images these are worth."""
    own = _units_of(among, units)
    return float(among.sum()) if own is None else independent_images(own)


def _units_of(among: Mask, units: Sequence[Hashable] | None) -> list[Hashable] | None:
    return None if units is None else [units[int(i)] for i in np.flatnonzero(among)]
