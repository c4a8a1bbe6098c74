"""How far the confidence is off, and how far that of a right model would be on as many images."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tlstudio.evaluation.intervals import alikeness, few_groups, numbered

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]

BINS = 15  # of confidence, for the calibration error
DRAWS = 400  # of answers, for what the calibration error is by chance
AT_ONCE = 2_000_000  # answers drawn at a time
SURE = 1e-6  # a confidence nearer to 0 or 1 is taken for this one: no number of draws would show the difference


def expected_calibration_error(truth: Ints, probabilities: Floats, bins: int = BINS) -> float:
    """Mean distance between confidence and accuracy over equal-width bins (Guo et al. 2017, arXiv 1706.04599).

    It is never below 0, so it is too large where images are few; `chance_error` says how large it is then for a right model.
    """
    if len(truth) == 0:
        return 0.0
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == truth
    return float(_bin_gaps((hits - confidence)[None, :], confidence, bins)[0])


@dataclass(frozen=True, slots=True)
class ChanceError:
    """The calibration error, on these images, of a model whose confidence is exactly right: its mean, and the limit that it stays
    below 95 times in 100."""

    mean: float
    limit: float


def chance_error(
    truth: Ints, probabilities: Floats, units: Sequence[Hashable] | Ints | None = None, seed: int = 0
) -> ChanceError:
    """How large the expected calibration error is by chance: answers drawn as right as often as the model says (consistency
    resampling: Bröcker and Smith 2007, Weather and Forecasting 22:651).

    Images of one group (`units[i]`) are right or wrong together, by a shared normal part as large as their answers show.
    """
    n = len(truth)
    if n == 0:
        return ChanceError(0.0, 0.0)
    confidence = np.clip(probabilities.max(axis=1), SURE, 1 - SURE)
    groups = numbered(units, n)
    alike = _latent_alikeness(probabilities.argmax(axis=1) == truth, confidence, groups)
    rng = np.random.default_rng(seed)
    found: list[Floats] = []
    at_once = max(1, AT_ONCE // n)
    for first in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - first)
        shared = rng.standard_normal((draws, int(groups.max()) + 1))[:, groups]
        luck = math.sqrt(alike) * shared + math.sqrt(1 - alike) * rng.standard_normal((draws, n))
        found.append(_bin_gaps((luck < ndtri(confidence)) - confidence, confidence))
    errors = np.sort(np.concatenate(found))
    # Of so many draws and one more, alike all, no more than one in twenty is beyond this one.
    return ChanceError(float(errors.mean()), float(errors[math.ceil(0.95 * (DRAWS + 1)) - 1]))


def _latent_alikeness(hits: Hits, confidence: Floats, groups: Ints) -> float:
    """Correlation of the normal parts behind the answers of one group, 0 … 1, from that of the answers themselves; taken larger
    where few groups show it."""
    spread = confidence * (1 - confidence)
    seen = alikeness((hits - confidence) / np.sqrt(spread), groups)
    if seen == 0.0:
        return 0.0
    # A small correlation of the normal parts comes through thinned by this much (Pearson 1900).
    height = ndtri(confidence)
    thinned = float((np.exp(-(height**2)) / (2 * math.pi) / spread).mean())
    return min(1.0, seen / thinned * few_groups(int(groups.max()) + 1))


def _bin_gaps(excess: Floats, confidence: Floats, bins: int = BINS) -> Floats:
    """Sum over the bins of confidence, (n,), of the distances between it and the answers; excess: (draws, n), answers minus
    confidence. Divided by n: (draws,)."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    order = np.argsort(which, kind="stable")
    starts = np.flatnonzero(np.diff(which[order], prepend=-1))
    return np.asarray(np.abs(np.add.reduceat(excess[:, order], starts, axis=1)).sum(axis=1) / len(confidence))
