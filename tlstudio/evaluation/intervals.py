"""Confidence intervals that stay honest when images are few or come in groups, and when all answers are right."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betaincinv, stdtrit

from tlstudio.domain.values import Interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054
TAIL = 0.025  # chance that the truth lies beyond one of the limits
DOUBT = 1.0  # groups that `cautious` adds: more widen every interval, fewer let one mistake more narrow it by a fifth


def exact(hits: float, n: float) -> Interval:
    """95 % interval of a share of hits among n, which need not be whole (Clopper and Pearson 1934, Biometrika 26:404).

    It holds the truth at least 95 times in 100 for every n and every share; Wilson's falls to 83 times where nearly all are hits.
    n = 0 gives 0 to 1 around an unknown value of 0.
    """
    if n == 0:
        return Interval(0.0, 0.0, 1.0)
    missed = n - hits
    low = float(betaincinv(hits, missed + 1, TAIL)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, missed, 1 - TAIL)) if missed > 0 else 1.0
    return Interval(hits / n, low, high)


def share_interval(hits: npt.NDArray[np.bool_], units: Sequence[Hashable] | Ints | None) -> Interval:
    """95 % interval of the share of hits, (n,) bool; `units[i]` names the group (patient, part) that image i belongs to.

    Images of one group resemble each other, so n of them tell less than n strangers would: the exact interval is taken for the
    number of images that they are worth (Korn and Graubard 1998, Survey Methodology 24:193; see `effective_n`). It reaches at
    least as far as `outermost` says, and no further than `innermost`.
    """
    n = len(hits)
    groups = numbered(units, n)
    count = len(np.unique(groups))
    if count == n:
        return exact(int(hits.sum()), n)
    share, worth = float(hits.mean()), effective_n(hits, groups)
    found, beyond, within = exact(share * worth, worth), outermost(share, count), innermost(hits, groups)
    low, high = min(share, found.low, beyond.low), max(share, found.high, beyond.high)
    return Interval(share, max(low, within.low), min(high, within.high))


def outermost(share: float, groups: int) -> Interval:
    """What an interval of this share, from so many groups, must hold at least, however alike the groups seem.

    Groups that fail as a whole may not have turned up yet, which no spread between those at hand can tell. So a result with
    mistakes shows no more than as many groups as are worth its hits would show if they were all there is, and all right; and the
    same for its mistakes. Without this rule a perfect result would have a wider interval than one with a mistake.
    """
    right, wrong = share * groups, (1.0 - share) * groups
    return Interval(share, exact(right, right).low, exact(0.0, wrong).high if wrong else 1.0)


def innermost(hits: npt.NDArray[np.bool_], groups: Ints) -> Interval:
    """What an interval of this share need not exceed, however alike the images of a group are: the exact interval of groups.

    The chance that an image is a hit is at least the chance that a whole group is, and at most the chance that any of it is; of
    both there is one count a group. So a small group that fails as a whole does not make a large one doubtful that did not. It is
    said only where large groups have not done worse than small ones; else 0 or 1.
    """
    share, sizes, found = hits.mean(), np.bincount(groups), np.bincount(groups, weights=hits)
    whole, any_of = exact(int((found == sizes).sum()), len(sizes)), exact(int((found > 0).sum()), len(sizes))
    return Interval(
        float(share), whole.low if whole.value <= share else 0.0, any_of.high if any_of.value >= share else 1.0
    )


def effective_n(hits: npt.NDArray[np.bool_], units: Sequence[Hashable] | Ints) -> float:
    """How many independent images the n grouped ones are worth: at most n, and at least what they are worth where the images of
    a group are always answered alike.

    The design effect of Kish (1965) at the correlation that is seen, taken larger because few mistakes (`cautious`) and few
    groups (`few_groups`) show it. Where all are right, or all wrong, nothing shows how alike the images of a group are, and a
    group counts once.
    """
    groups = numbered(units, len(hits))
    sizes = np.bincount(groups).astype(float)
    n, count = len(hits), len(sizes)
    if hits.all() or not hits.any():
        return float(count)
    alike = cautious(alikeness(hits.astype(float), groups), ~hits if hits.mean() > 0.5 else hits, groups)
    least, most = n / design_effect(sizes, 1.0), n / design_effect(sizes, alike)
    return float(max(least, most / few_groups(count)))


def design_effect(sizes: Floats, alike: float) -> float:
    """By how much the variance of a mean is larger for groups of these sizes than for as many strangers (Kish 1965)."""
    return 1.0 + (float((sizes**2).sum() / sizes.sum()) - 1.0) * alike


def few_groups(count: int) -> float:
    """By how much a variance that is estimated from `count` groups has to be taken larger: the square of what Student's t with
    one degree of freedom less has over the normal distribution; infinite for a single group."""
    return math.inf if count < 2 else (float(stdtrit(count - 1, 1 - TAIL)) / Z95) ** 2


def alikeness(values: Floats, groups: Ints) -> float:
    """Correlation of two values of one group, 0 … 1, by the analysis of variance (Donner 1986, Int Stat Rev 54:67).

    values: (n,); groups: (n,) numbers from 0 on. 1 where all values are equal or there is a single group, so that nothing can
    be told; 0 where every image is a group of its own.
    """
    sizes = np.bincount(groups).astype(float)
    n, count = len(values), len(sizes)
    if count == n:
        return 0.0
    if count < 2 or values.min() == values.max():
        return 1.0
    apart = values - values.mean()
    total = float((apart**2).sum())
    between = float((np.bincount(groups, weights=apart) ** 2 / sizes).sum())
    within = max(0.0, total - between) / (n - count)
    between /= count - 1
    typical = (n - float((sizes**2).sum()) / n) / (count - 1)  # size of a group
    return max(0.0, (between - within) / (between + (typical - 1.0) * within))


def cautious(alike: float, mistakes: npt.NDArray[np.bool_] | Floats, groups: Ints) -> float:
    """The correlation to count on, given the one that is seen: as if the images of one more group (`DOUBT`) had all been alike.

    mistakes: (n,), how far off each image is, 0 for right. What counts is in how many groups they lie, as if they lay there
    evenly (Hill 1973, Ecology 54:427, order 2): two mistakes in two groups prove little, and one more must not make an interval
    much narrower. Without any it is 1.
    """
    amounts = np.bincount(groups, weights=mistakes)
    squares = float((amounts**2).sum())
    telling = float(amounts.sum()) ** 2 / squares if squares > 0.0 else 0.0
    return (DOUBT + telling * alike) / (DOUBT + telling)


def numbered(units: Sequence[Hashable] | Ints | None, n: int) -> Ints:
    """Numbers of the groups from 0 on, (n,); each image its own without units."""
    if units is None:
        return np.arange(n)
    names = units if isinstance(units, np.ndarray) else [str(u) for u in units]
    return np.asarray(np.unique(names, return_inverse=True)[1], np.int64)


def mean_interval(parts: Sequence[Interval], related: Floats | None = None) -> Interval:
    """95 % interval of the mean of figures from intervals of their own (MOVER: Zou and Donner 2008, Stat Med 27:1693).

    related: correlations of the figures, (k, k); without them they count as independent, as those of different images are. Unlike
    a bootstrap's the interval has a width where every figure is 0 or 1. Without parts: 0 to 1 around an unknown value of 0.
    """
    if not parts:
        return Interval(0.0, 0.0, 1.0)
    k = len(parts)
    value = math.fsum(p.value for p in parts) / k
    reach = np.array([(p.value - p.low, p.high - p.value) for p in parts])
    squares = reach.T @ (np.eye(k) if related is None else related) @ reach
    below, above = np.sqrt(np.diag(squares)) / k
    return Interval(value, max(0.0, value - float(below)), min(1.0, value + float(above)))


def area_interval(area: float, positives: float, negatives: float) -> Interval:
    """95 % interval of an area under the ROC curve: method 5 of Newcombe 2006 (Stat Med 25:559); numbers need not be whole.

    As in Wilson's interval, the error is that at the limit, not that at the estimate: the variance of Hanley and McNeil 1982
    (Radiology 143:29) with the mean of both numbers in its inner terms. So even an area of 0 or 1 has a width.
    """
    return Interval(area, _area_low(area, positives, negatives), 1.0 - _area_low(1.0 - area, positives, negatives))


def _area_low(area: float, positives: float, negatives: float) -> float:
    inner = (positives + negatives) / 2 - 1

    def excess(limit: float) -> float:
        spread = 1 + inner * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        return area - limit - Z95 * math.sqrt(limit * (1 - limit) * spread / (positives * negatives))

    if area <= 0.0:
        return 0.0
    # 1 itself is a root for an area of 1, but not the one looked for.
    return float(brentq(excess, 0.0, min(area, 1.0 - 1e-12)))
