"""Two ways to answer, compared on the very same images."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, t

from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import Z95, mean_interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]

FLIPS = 10_000
AT_ONCE = 500
EXACT_SUM = 4_000  # larger sums of unequal groups than this are drawn instead of counted out
MCNEMAR = "McNemar's exact test"
BY_GROUP = "permutation test with the groups kept whole"


def sign_test(ours: Hits, theirs: Hits, units: Sequence[Hashable]) -> float:
    """Two-sided p, 0 … 1, of the hypothesis that neither way is right more often; hits (n,) bool of the same images.

    Were they equally good, each group's difference in hits could as well have the other sign (a permutation test: Ernst 2004,
    Statistical Science 19:676). All 2^groups choices of signs are counted, by adding up the groups one after the other. Where
    every image is a group of its own, that is McNemar's exact test (McNemar 1947, Psychometrika 12:153).
    """
    sums = _group_sums(ours.astype(np.int64) - theirs, units)
    sums = sums[sums != 0]
    reach, found = int(np.abs(sums).sum()), abs(int(sums.sum()))
    if reach == len(sums):
        return float(min(1.0, 2 * binom.cdf((reach - found) // 2, reach, 0.5)))
    if reach > EXACT_SUM:
        return _drawn_signs(sums.astype(np.float64))
    chance = np.zeros(2 * reach + 1)  # chance[reach + s]: of the sum s so far
    chance[reach] = 1.0
    for size in np.abs(sums):
        chance = 0.5 * (np.roll(chance, int(size)) + np.roll(chance, -int(size)))
    tail = chance[: reach - found + 1].sum() + chance[reach + found :].sum() if found else 1.0
    return float(min(1.0, tail))


def balanced_sign_test(ours: Hits, theirs: Hits, truth: Ints, units: Sequence[Hashable]) -> float:
    """As `sign_test`, for balanced accuracy: an image weighs more the rarer its class (n,) is.

    The sums are no whole numbers then, so FLIPS choices of signs are drawn; p is never below 1 / (FLIPS + 1) (Phipson and Smyth
    2010, SAGMB 9:39).
    """
    weights = 1.0 / np.bincount(truth)[truth]
    sums = _group_sums((ours.astype(np.float64) - theirs) * weights, units)
    return _drawn_signs(sums[np.abs(sums) > 1e-12])


def _drawn_signs(sums: Floats) -> float:
    rng = np.random.default_rng(0)
    reached = 0
    for _ in range(FLIPS // AT_ONCE):
        signs = rng.integers(0, 2, (AT_ONCE, len(sums))) * 2.0 - 1.0
        reached += int((np.abs(signs @ sums) >= abs(sums.sum()) - 1e-12).sum())
    return (1 + reached) / (1 + FLIPS)


def _group_sums(values: npt.NDArray[np.generic], units: Sequence[Hashable]) -> npt.NDArray[np.generic]:
    _, inverse = np.unique([str(u) for u in units], return_inverse=True)
    sums = np.zeros(int(inverse.max()) + 1, dtype=values.dtype)
    np.add.at(sums, inverse, values)
    return sums


def difference_interval(ours: Hits, theirs: Hits, units: Sequence[Hashable]) -> Interval:
    """Share of our hits minus share of theirs, -1 … 1, with its 95 % interval.

    Bonett and Price 2012 (J Educ Behav Stat 37:479): Wald's interval with one image added to each kind of disagreement, so that
    it has a width where both ways agree on everything. Grouped images count for less, by the design effect (Kish 1965) of the
    differences, which m groups tell only roughly: so Student's t with m - 1 degrees of freedom takes the place of the normal
    distribution. Without any difference a group counts once; a single group tells nothing.
    """
    difference = ours.astype(np.float64) - theirs
    value, groups = float(difference.mean()), len({str(u) for u in units})
    if groups < 2:
        return Interval(value, -1.0, 1.0)
    worth = _effective(difference, units)
    better, worse = float((difference > 0).mean()) * worth, float((difference < 0).mean()) * worth
    up, down = (better + 1) / (worth + 2), (worse + 1) / (worth + 2)
    reach = Z95 if groups == len(difference) else float(t.ppf(0.975, groups - 1))
    half = reach * math.sqrt(max(0.0, up + down - (up - down) ** 2) / (worth + 2))
    return Interval(value, max(-1.0, min(value, up - down - half)), min(1.0, max(value, up - down + half)))


def balanced_difference(ours: Hits, theirs: Hits, truth: Ints, units: Sequence[Hashable]) -> Interval:
    """`difference_interval` averaged over the classes that occur in `truth`, (n,)."""
    parts = []
    for k in np.unique(truth):
        rows = np.flatnonzero(truth == k)
        parts.append(difference_interval(ours[rows], theirs[rows], [units[int(i)] for i in rows]))
    return mean_of_differences(parts)


def mean_of_differences(parts: Sequence[Interval]) -> Interval:
    """`mean_interval` for figures between -1 and 1."""
    half = [Interval((p.value + 1) / 2, (p.low + 1) / 2, (p.high + 1) / 2) for p in parts]
    mean = mean_interval(half)
    return Interval(2 * mean.value - 1, 2 * mean.low - 1, 2 * mean.high - 1)


def _effective(difference: Floats, units: Sequence[Hashable]) -> float:
    """How many independent images the n grouped ones are worth for this difference: between the number of groups, 2 or more,
    and n.
    """
    n, mean = len(difference), float(difference.mean())
    _, inverse = np.unique([str(u) for u in units], return_inverse=True)
    m = int(inverse.max()) + 1
    if m == n:
        return float(n)
    spread = float(((difference - mean) ** 2).mean()) / n
    if spread == 0.0:
        return float(m)
    residuals = np.bincount(inverse, weights=difference - mean)
    between = m / (m - 1) * float((residuals**2).sum()) / n**2
    return float(min(n, max(m, n * spread / max(between, 1e-12))))
