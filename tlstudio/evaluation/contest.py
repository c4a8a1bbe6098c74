"""Several candidates against what is there already, on the same images: which of them convinces, and what a choice like that is
worth on images that had no part in it.

The best of many looks better than it is, twice over: it may be no better at all, and what it reached is partly the luck it was
chosen for. So all candidates are tested together, and the figure of the chosen one comes from choosing again without each image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]

LUCK = 0.05  # how often, at most, something takes the place of what is there although nothing is better
FLIPS = 2_000
AT_ONCE = 250
COUNTED = 11  # groups up to which all choices of signs are counted instead of drawn
PARTS = 10  # of the images, each left out of a choice once
POWERS = -4.0, 4.0  # logarithms of the temperatures that are tried
TINY = 1e-300
CLOSE = 1e-5  # what single precision may change in a statistic


@dataclass(frozen=True, slots=True)
class Field:
    """Candidates on the same n images, the one that is there already in row 0.

    hits: (k, n), what each gets right. errors: (k, n), how far its probabilities are from the truth. weights: (n,), how much an
    image counts. units: (n,), what each image is grouped with. order: rows, the likeliest best first. checkpoints: rows of which
    only the best one, by the bare numbers, is a candidate, after those of `order`.
    """

    hits: Hits
    errors: Floats
    weights: Floats
    units: Ints
    order: tuple[int, ...]
    checkpoints: tuple[int, ...] = ()

    def of(self, images: npt.NDArray[np.bool_]) -> Field:
        """The same candidates on some of the images, (n,)."""
        return replace(
            self,
            hits=self.hits[:, images],
            errors=self.errors[:, images],
            weights=self.weights[images],
            units=self.units[images],
        )

    @property
    def shares(self) -> Floats:
        """(k,): what each reaches."""
        return np.asarray((self.hits * self.weights).sum(axis=1) / self.weights.sum())

    @property
    def rivals(self) -> tuple[int, ...]:
        """All that could take the place, the likeliest first."""
        if not self.checkpoints:
            return self.order
        shares, errors = self.shares, self.errors @ self.weights
        return (*self.order, max(self.checkpoints, key=lambda row: (shares[row], -errors[row])))


def winner(field: Field) -> int:
    """The row of what is to be taken; 0 where nothing convinces.

    Of those that are better than row 0 by more than luck, the first in order is the best guess, and another takes its place only
    when it is better than that by more than luck, too.
    """
    if len(field.hits) < 2 or field.hits.shape[1] == 0:
        return 0
    convincing = _convincing(field, 0, field.rivals)
    best = next(iter(convincing), 0)
    for row in convincing[1:]:
        pair = _pair(field, best, row)
        if _convincing(pair, 0, pair.rivals):
            best = row
    return best


def left_out_winners(field: Field) -> Ints:
    """(n,): the row that would have been taken had the image, and all of its unit, not been there to choose by.

    What these rows say of their images is what a choice like this one is worth: cross-validation of the choosing itself (Varma
    and Simon 2006, BMC Bioinformatics 7:91), at no further training.
    """
    units, numbers = np.unique(field.units, return_inverse=True)
    parts = np.random.default_rng(0).permutation(len(units))[numbers] % PARTS
    found = np.zeros(len(numbers), np.int64)
    for part in np.unique(parts):
        found[parts == part] = winner(field.of(parts != part))
    return found


def chances_of_luck(field: Field, holder: int = 0) -> Floats:
    """(k,): how often luck alone brings any candidate as far ahead of `holder` as this one is; 1 for the holder itself.

    Were a candidate as good, each group's differences to the holder could as well have the other sign. All candidates' signs are
    changed at once, so that what they have in common is allowed for, and each is held against the furthest ahead of all (maxT:
    Westfall and Young 1993; sign flips: Winkler et al. 2014, NeuroImage 92:381). A candidate may be ahead in images that it gets
    right or in how near its probabilities are; both count as tries.
    """
    rows = [row for row in range(len(field.hits)) if row != holder]
    ahead = [field.hits[rows].astype(np.float64) - field.hits[holder], field.errors[holder] - field.errors[rows]]
    sums = _unit_sums(np.concatenate(ahead) * field.weights, field.units)
    sums = sums[:, (sums != 0).any(axis=0)]
    spread = np.sqrt((sums**2).sum(axis=1))
    standing = (sums / np.where(spread > 0, spread, 1.0)[:, None]).astype(np.float32)  # (2 k, m)
    reached = standing.sum(axis=1).reshape(2, len(rows)).max(axis=0)
    tries, lucky = 0, np.zeros(len(rows))
    for signs in _signs(standing.shape[1]):
        furthest = (signs @ standing.T).max(axis=1)
        lucky += (furthest[:, None] >= reached - CLOSE).sum(axis=0)
        tries += len(signs)
    found = np.ones(len(field.hits))
    found[rows] = lucky / tries
    return found


def _signs(groups: int) -> Iterator[npt.NDArray[np.float32]]:
    """Choices of a sign for each group, (some, groups): all that there are, or as many as are drawn and the one that is there."""
    if groups <= COUNTED:
        yield np.array(list(product((1, -1), repeat=groups)), np.float32).reshape(2**groups, groups)
        return
    yield np.ones((1, groups), np.float32)
    rng = np.random.default_rng(0)
    for _ in range(FLIPS // AT_ONCE):
        yield rng.integers(0, 2, (AT_ONCE, groups), np.int8).astype(np.float32) * 2 - 1


def _convincing(field: Field, holder: int, rivals: Sequence[int]) -> list[int]:
    """Those of the rivals that are ahead by more than luck and right no less often, in their order."""
    chances, shares = chances_of_luck(field, holder), field.shares
    return [row for row in rivals if chances[row] <= LUCK and shares[row] >= shares[holder]]


def _pair(field: Field, holder: int, rival: int) -> Field:
    rows = [holder, rival]
    return replace(field, hits=field.hits[rows], errors=field.errors[rows], order=(1,), checkpoints=())


def _unit_sums(values: Floats, units: Ints) -> Floats:
    """(k, n) values added up within units: (k, m)."""
    numbers = np.unique(units, return_inverse=True)[1]
    sums = np.zeros((int(numbers.max()) + 1, len(values)))
    np.add.at(sums, numbers, values.T)
    return np.asarray(sums.T)


# --- how far probabilities are from the truth ---------------------------------------------------------------------


def sureness(hits: Hits) -> float:
    """How sure a model may be on average that is right in these, (n,): Laplace's share, which is never 0 or 1."""
    return (int(hits.sum()) + 1) / (len(hits) + 2)


def distances(probabilities: Floats, truth: Ints, sure: float) -> Floats:
    """(n,): the quadratic error of probabilities (n, classes) for truth (n,), 0 … 2 (Brier 1950, Monthly Weather Review 78:1).

    All candidates are made equally sure first: at the temperature that makes the mean of the highest probabilities `sure`, so
    that a model is preferred neither for being timid nor for being bold. That looks at no label, so the error of an image tells
    of this image alone; and unlike the logarithmic loss the error has an end, so a single image can't decide. Infinite where the
    probabilities are no numbers.
    """
    if not len(truth) or not np.isfinite(probabilities).all():
        return np.full(len(truth), np.inf)
    logs = np.log(np.maximum(probabilities, TINY))

    def too_sure(power: float) -> float:
        return float(_tempered(logs, math.exp(power)).max(axis=1).mean()) - sure

    low, high = POWERS
    if too_sure(low) <= 0:  # the higher the temperature, the less sure
        power = low
    elif too_sure(high) >= 0:
        power = high
    else:
        power = float(brentq(too_sure, low, high, xtol=1e-4))
    chances = _tempered(logs, math.exp(power))
    right = chances[np.arange(len(truth)), truth]
    return np.asarray((chances**2).sum(axis=1) - 2 * right + 1)


def _tempered(logs: Floats, temperature: float) -> Floats:
    raised = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
