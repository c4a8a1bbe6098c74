"""Dividing images into training, validation and test: stratified by class, never through a group, the same for one seed."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

from tlstudio.domain.errors import NotEnoughImages, WrongUsage
from tlstudio.domain.values import Split

LEAST_TRAINING = 2  # images of each class, without which it can't be trained on


def check_fractions(test: float, val: float) -> None:
    """Raises WrongUsage unless both are at least 0 and leave at least a tenth for training."""
    if not (test >= 0 and val >= 0 and test + val <= 0.9):
        raise WrongUsage("The shares for test and validation must leave at least 10 % of the images for training.")


def divide(
    labels: Sequence[str | None],
    units: Sequence[Hashable],
    *,
    test: float,
    val: float,
    seed: int,
) -> list[Split]:
    """Gives each image a split. `units[i]` is what image i must stay together with; images of one unit share a split.

    Units are dealt out in a random order, largest first within each main class, each to the split that its class still lacks
    most (a greedy stratified group assignment, like scikit-learn's StratifiedGroupKFold). A class gets LEAST_TRAINING images
    for training before another part gets any, and with enough units something in each part.
    """
    check_fractions(test, val)
    shares = {Split.TEST: test, Split.VAL: val, Split.TRAIN: 1.0 - test - val}
    result = [Split.TRAIN] * len(labels)
    for groups in _by_class(labels, units, random.Random(seed)):
        for indices, split in zip(groups, _deal(groups, shares), strict=True):
            for i in indices:
                result[i] = split
    return result


def folds(labels: Sequence[str | None], units: Sequence[Hashable], k: int, seed: int) -> list[int]:
    """Gives each image a fold, 0 … k - 1, for cross-validation of small data; images of one unit share a fold.

    Stratified by the units' main class: each unit goes to the fold that has fewest images of its class, then fewest at all.
    Raises WrongUsage for fewer than two folds, NotEnoughImages for fewer units than folds.
    """
    if k < 2:
        raise WrongUsage("Cross-validation needs at least two folds.")
    if len(set(units)) < k:
        raise NotEnoughImages(
            f"There are too few independent images or groups for {k} folds.", remedy="Use fewer folds, or add images."
        )
    result = [0] * len(labels)
    totals = [0] * k
    for groups in _by_class(labels, units, random.Random(seed)):
        mine = [0] * k
        for indices in groups:
            fold = min(range(k), key=lambda f: (mine[f], totals[f]))
            mine[fold] += len(indices)
            totals[fold] += len(indices)
            for i in indices:
                result[i] = fold
    return result


def _by_class(labels: Sequence[str | None], units: Sequence[Hashable], rng: random.Random) -> Iterator[list[list[int]]]:
    """The units of each main class as lists of indices, in a random order, largest first."""
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index, unit in enumerate(units):
        members[unit].append(index)
    by_class: dict[str | None, list[list[int]]] = defaultdict(list)
    for indices in members.values():
        counts = Counter(labels[i] for i in indices)
        by_class[max(counts, key=counts.__getitem__)].append(indices)
    for main in sorted(by_class, key=str):
        groups = by_class[main]
        rng.shuffle(groups)
        groups.sort(key=len, reverse=True)
        yield groups


def _deal(groups: list[list[int]], shares: dict[Split, float]) -> list[Split]:
    """The split of each unit of one class, in the order given."""
    total = sum(len(g) for g in groups)
    wanted = {split: share * total for split, share in shares.items() if share > 0}
    given = dict.fromkeys(wanted, 0)
    # The part for training is served first when units are few: without it nothing can be learned.
    order = [s for s in (Split.TRAIN, Split.TEST, Split.VAL) if s in wanted]
    dealt: list[Split] = []
    for position, indices in enumerate(groups):
        left = len(groups) - position
        needed = {split: _units_needed(split, len(indices), given[split]) for split in order}
        if sum(needed.values()) >= left and any(needed.values()):
            split = next(s for s in order if needed[s])
        else:
            split = max(
                order,
                key=lambda s: (wanted[s] - given[s]) / wanted[s] if _fits(s, indices, wanted, given) else -math.inf,
            )
        given[split] += len(indices)
        dealt.append(split)
    return dealt


def _units_needed(split: Split, size: int, given: int) -> int:
    """How many more units a part must get of a class. size: of the next unit; no later one is larger. given: images so far."""
    least = LEAST_TRAINING if split is Split.TRAIN else 1
    return 0 if given >= least else 1 if size >= least - given else least - given


def _fits(split: Split, indices: list[int], wanted: dict[Split, float], given: dict[Split, int]) -> bool:
    """A unit may overshoot a held-out share by half of itself; training takes what is left."""
    return split is Split.TRAIN or given[split] + len(indices) / 2 <= wanted[split]


class Units:
    """Joins what must stay together (union-find): images that share a group, and copies of one file."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))
        self._first: dict[Hashable, int] = {}

    def join(self, index: int, key: Hashable) -> None:
        """Image `index` belongs together with every other image joined by an equal `key`."""
        other = self._first.setdefault(key, index)
        a, b = self.root(index), self.root(other)
        if a != b:
            self._parent[a] = b

    def root(self, i: int) -> int:
        """A number that is equal for images that belong together now."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def all(self) -> list[int]:
        """A number for each image, equal for those that belong together."""
        return [self.root(i) for i in range(len(self._parent))]
