"""Confidence intervals that stay honest when images are few or come in groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from tlstudio.domain.values import Interval

Z95 = 1.959963984540054
RESAMPLES = 1000


def wilson(hits: int, n: int) -> Interval:
    """95 % score interval of a share (Wilson 1927, JASA 22:209); n = 0 gives 0 to 1 around an unknown value of 0."""
    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    share = hits / n
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def share_interval(hits: npt.NDArray[np.bool_], units: Sequence[Hashable] | None) -> Interval:
    """95 % interval of the share of hits, (n,) bool.

    Images of one unit (patient, part) resemble each other, so n images tell less than n strangers would: the design effect
    of Kish (1965), estimated from the ratio-estimator variance between units, shrinks n before Wilson's formula is used.
    """
    n = len(hits)
    if units is None or n == 0 or len(set(units)) == n:
        return wilson(int(hits.sum()), n)
    return _wilson_real(float(hits.mean()), effective_n(hits, units))


def effective_n(hits: npt.NDArray[np.bool_], units: Sequence[Hashable]) -> float:
    """How many independent images the n grouped ones are worth: between the number of units and n."""
    n, share = len(hits), float(hits.mean())
    _, inverse = np.unique([str(u) for u in units], return_inverse=True)
    m = int(inverse.max()) + 1
    sizes = np.bincount(inverse).astype(float)
    if m < 2 or share in (0.0, 1.0):
        # No spread to measure: the cautious answer is that a unit counts once.
        return float(m)
    residuals = np.bincount(inverse, weights=hits.astype(float)) - share * sizes
    between = m / (m - 1) * float((residuals**2).sum()) / n**2
    simple = share * (1 - share) / n
    return float(min(n, max(min(m, n), n * simple / max(between, 1e-12))))


def _wilson_real(share: float, n: float) -> Interval:
    """Wilson's interval for a number of trials that need not be whole."""
    middle = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def mean_interval(parts: Sequence[Interval]) -> Interval:
    """95 % interval of the mean of shares from intervals of their own (MOVER: Zou and Donner 2008, Stat Med 27:1693).

    The shares count as independent, as those of different images are. Unlike a bootstrap's it has a width where every share is
    0 or 1. Without parts: 0 to 1 around an unknown value of 0.
    """
    if not parts:
        return Interval(0.0, 0.0, 1.0)
    k = len(parts)
    value = math.fsum(p.value for p in parts) / k
    below = math.hypot(*(p.value - p.low for p in parts)) / k
    above = math.hypot(*(p.high - p.value for p in parts)) / k
    return Interval(value, max(0.0, value - below), min(1.0, value + above))


def area_interval(area: float, positives: int, negatives: int) -> Interval:
    """95 % interval of an area under the ROC curve: method 5 of Newcombe 2006 (Stat Med 25:559).

    As in Wilson's interval, the error is that at the limit, not that at the estimate: the variance of Hanley and McNeil 1982
    (Radiology 143:29) with the mean of both numbers in its inner terms. So even an area of 0 or 1 has a width.
    """
    return Interval(area, _area_low(area, positives, negatives), 1.0 - _area_low(1.0 - area, positives, negatives))


def _area_low(area: float, positives: int, negatives: int) -> float:
    inner = (positives + negatives) / 2 - 1

    def excess(limit: float) -> float:
        spread = 1 + inner * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        return area - limit - Z95 * math.sqrt(limit * (1 - limit) * spread / (positives * negatives))

    if area <= 0.0:
        return 0.0
    # 1 itself is a root for an area of 1, but not the one looked for.
    return float(brentq(excess, 0.0, min(area, 1.0 - 1e-12)))


def bootstrap(
    statistic: Callable[[npt.NDArray[np.int64]], float | None],
    n: int,
    units: Sequence[Hashable] | None = None,
    *,
    strata: npt.NDArray[np.int64] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """95 % percentile interval (Efron and Tibshirani 1993) of a statistic of row numbers; whole units are drawn.

    strata: (n,) classes; units are drawn within their main class, so that no draw lacks a class by chance.

    `statistic` gets int64 indices, (k,), and answers None where it is undefined; such draws are left out, and with fewer than
    half of the draws defined the result is None.
    """
    value = statistic(np.arange(n))
    if value is None:
        return None
    members = _members(n, units)
    pools = _pools(members, strata)
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        chosen = np.concatenate([rng.choice(pool, len(pool)) for pool in pools])
        result = statistic(np.concatenate([members[c] for c in chosen]))
        if result is not None:
            draws.append(result)
    if len(draws) < resamples / 2:
        return None
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(value, float(min(low, value)), float(max(high, value)))


def _members(n: int, units: Sequence[Hashable] | None) -> list[npt.NDArray[np.int64]]:
    if units is None:
        return [np.array([i]) for i in range(n)]
    rows: dict[Hashable, list[int]] = {}
    for i, unit in enumerate(units):
        rows.setdefault(unit, []).append(i)
    return [np.array(r) for r in rows.values()]


def _pools(members: list[npt.NDArray[np.int64]], strata: npt.NDArray[np.int64] | None) -> list[npt.NDArray[np.int64]]:
    """Numbers of the units that are drawn from together: all of them, or those of one class each."""
    if strata is None:
        return [np.arange(len(members))]
    main = np.array([np.bincount(strata[rows]).argmax() for rows in members])
    return [np.flatnonzero(main == k) for k in np.unique(main)]
