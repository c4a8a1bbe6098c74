"""Choosing a threshold for a class that must not be missed, and measuring what it does."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.operating import VALIDATION, OperatingPoint, PointFigures, ThresholdCurve
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.decision import decide
from tlstudio.evaluation.intervals import share_interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MARGIN = 1e-4  # by which an exported file's probabilities may differ: the certificate's limit


def choose_threshold(truth: Ints, probabilities: Floats, positive: int, wanted: float) -> float:
    """The largest threshold that finds at least the share `wanted` of the images of class `positive`.

    truth (n,), probabilities (n, classes). All thresholds between two neighbouring probabilities decide alike; of those the one
    just under the upper one is taken, at most MARGIN below, so that an exported file that rounds differently decides the same.
    Raises NotEnoughImages without an image of the class.
    """
    scores = probabilities[:, positive]
    own = np.sort(scores[truth == positive])[::-1]
    if len(own) == 0:
        raise NotEnoughImages("There is no image of this class to choose a threshold on.")
    # The slack: 0.95 times 20 is 19, whatever the floating point makes of it.
    reached = float(own[max(1, math.ceil(wanted * len(own) - 1e-9)) - 1])
    lower = scores[scores < reached]
    below = float(lower.max()) if len(lower) else 0.0
    threshold = reached - min(MARGIN, (reached - below) / 2)
    return threshold if threshold > below else reached


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
    flagged, own = given == positive, truth == positive
    figures = PointFigures(
        point=point,
        n=len(truth),
        positives=int(own.sum()),
        found=int((flagged & own).sum()),
        flagged=int(flagged.sum()),
        groups=len(truth) if units is None else len(set(units)),
        sensitivity=_share(flagged, own, units),
        specificity=_share(~flagged, ~own, units),
        ppv=_share(own, flagged, units),
        npv=_share(~own, ~flagged, units),
        accuracy=share_interval(given == truth, units),
    )
    return replace(figures, cautions=_cautions(figures, split, _independent(own, units)))


def threshold_curve(truth: Ints, probabilities: Floats, positive: int) -> ThresholdCurve:
    """Sensitivity and specificity of class `positive` at every threshold that makes a difference."""
    scores, own = probabilities[:, positive], truth == positive
    thresholds = np.unique(np.concatenate([[0.0], scores, [1.0]]))
    found, quiet = np.sort(scores[own]), np.sort(scores[~own])

    def below(ordered: Floats) -> Floats:
        return np.searchsorted(ordered, thresholds, side="left") / max(1, len(ordered))

    return ThresholdCurve(
        thresholds=tuple(thresholds.tolist()),
        sensitivity=tuple((1.0 - below(found)).tolist()) if len(found) else (),
        specificity=tuple(below(quiet).tolist()) if len(quiet) else (),
    )


def images_needed(wanted: float) -> int | None:
    """How many images of the class it takes, all of them found, to show a sensitivity of `wanted`; None where no number does.

    The rule of three (Hanley and Lippman-Hand 1983, JAMA 249:1743): n images without a miss exclude miss rates above 3 / n.
    """
    return None if wanted >= 1.0 else math.ceil(3.0 / (1.0 - wanted) - 1e-9)


def _share(hits: Mask, among: Mask, units: Sequence[Hashable] | None) -> Interval | None:
    if not among.any():
        return None
    return share_interval(hits[among], None if units is None else [units[int(i)] for i in np.flatnonzero(among)])


def _independent(among: Mask, units: Sequence[Hashable] | None) -> int:
    """How many groups these images come from."""
    return int(among.sum()) if units is None else len({units[int(i)] for i in np.flatnonzero(among)})


def _cautions(figures: PointFigures, split: Split, independent: int) -> tuple[str, ...]:
    """What the user should know before believing the figures. independent: groups behind the images of the class."""
    point, wanted = figures.point, _percent(figures.point.wanted)
    told = []
    if figures.sensitivity is None:
        told.append(f"There is no image of {point.name} here, so nothing shows how many are found.")
    else:
        needed = images_needed(point.wanted)
        if needed is None:
            told.append("No number of images can show that all are found: the next one may be missed.")
        elif independent < needed:
            told.append(_too_few(figures, independent, needed))
        if figures.sensitivity.low < point.wanted:
            low = _percent(figures.sensitivity.low)
            told.append(f"The share of {point.name} that is found may be as low as {low}, below the {wanted} you want.")
    if figures.flagged == figures.n > figures.positives:
        told.append("Every image is flagged: at this sensitivity the model does not tell this class from the others.")
    if split is Split.VAL and point.chosen_on == VALIDATION:
        told.append("The threshold was chosen on these very images, so the figures are a little too good.")
    return tuple(told)


def _too_few(figures: PointFigures, independent: int, needed: int) -> str:
    images, name = figures.positives, figures.point.name
    counted = (
        f"There is only 1 image of {name} here" if images == 1 else f"There are only {images:,} images of {name} here"
    )
    kind = ""
    if independent < images:
        counted += f", from {independent:,} independent group{'s' if independent > 1 else ''}"
        kind = " independent ones"
    return f"{counted}. It takes at least {needed:,}{kind} to show {_percent(figures.point.wanted)}."


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"
