"""Which pictures may be copies of each other: those that share several landmarks. What it finds are candidates only.

All landmarks of all pictures are sorted into cells of looks that are alike, and each is compared within its own cell and the
next one (an inverted file; J. Sivic and A. Zisserman, "Video Google", 2003). So the work grows little faster than the pictures.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tlstudio.images.landmarks import unit
from tlstudio.images.looks import near

LIKE = 0.8  # cosine from which two landmarks may be one
SHARED = 3  # voices that two pictures must have for each other: one a landmark of either that is like one of the other
CLOSEST = 12  # others that one landmark may stand for in each cell: in a uniform series all are like all
NEAREST = 10  # candidates of one picture that are looked at
FEW = 12  # a picture with fewer landmarks is proposed by its hash as well
CELL = 400  # landmarks in a cell, about
MOST_CELLS = 2048
SAMPLE = 20_000  # landmarks from which the cells are made
CHUNK = 20_000  # landmarks compared in one go

Ints = npt.NDArray[np.int64]
Kept = npt.NDArray[np.int8]


def proposals(kept: Kept, hashes: list[str], compared: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, to look at, most landmarks in common first; none of two pictures that were compared before.

    kept: landmarks of all pictures, (n, *landmarks.SHAPE). hashes: see `looks`, "" for none.
    """
    looks = kept[:, :, 4:]
    owner, place = np.nonzero(looks.any(axis=2))
    first, second, shared = _in_common(looks[owner, place], owner, compared, len(kept))
    few = (np.bincount(owner, minlength=len(kept)) < FEW) if len(owner) else np.ones(len(kept), bool)
    alike = _by_hash(hashes, few, compared)
    first, second = np.concatenate([first, alike[0]]), np.concatenate([second, alike[1]])
    shared = np.concatenate([shared, alike[2]])
    order = np.lexsort((second, first, -shared))
    return _nearest(first[order], second[order], len(kept))


def _nearest(first: Ints, second: Ints, n: int) -> list[tuple[int, int]]:
    looked_at = [0] * n
    chosen: dict[tuple[int, int], None] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if (looked_at[i] < NEAREST or looked_at[j] < NEAREST) and (i, j) not in chosen:
            looked_at[i] += 1
            looked_at[j] += 1
            chosen[i, j] = None
    return list(chosen)


def _by_hash(hashes: list[str], few: npt.NDArray[np.bool_], compared: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Pairs with an equal look at large, one of them with few landmarks; worth from 0 (far) to SHARED."""
    first, second, bits = near(hashes)
    keep = (few[first] | few[second]) & ~(compared[first] & compared[second])
    return first[keep], second[keep], SHARED - bits[keep].astype(np.int64)


def _in_common(looks: Kept, owner: Ints, compared: npt.NDArray[np.bool_], n: int) -> tuple[Ints, Ints, Ints]:
    """Pairs of pictures with at least SHARED voices for each other, and how many; a landmark in common is two."""
    none = np.empty(0, np.int64)
    if len(looks) < 2:
        return none, none, none
    keys = []
    for mine, others in _alike(looks, owner, compared):
        # One voice a landmark and picture.
        keys.append(_distinct(mine * n + owner[others]))
    if not keys:
        return none, none, none
    voices = _distinct(np.concatenate(keys))
    mine, theirs = owner[voices // n], voices % n
    every = np.sort(np.minimum(mine, theirs) * n + np.maximum(mine, theirs))
    begin = np.flatnonzero(_changes(every))
    counts = np.diff(begin, append=len(every))
    pairs = every[begin[counts >= SHARED]]
    return pairs // n, pairs % n, counts[counts >= SHARED].astype(np.int64)


def _distinct(values: Ints) -> Ints:
    """Each value once, sorted: half the time of numpy's own way, which hashes them."""
    ordered = np.sort(values)
    once: Ints = ordered[_changes(ordered)]
    return once


def _changes(ordered: Ints) -> npt.NDArray[np.bool_]:
    """Where a sorted list has another value than before; its first counts."""
    changed = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=changed[1:])
    return changed


def _alike(looks: Kept, owner: Ints, compared: npt.NDArray[np.bool_]) -> Iterator[tuple[Ints, Ints]]:
    """Landmarks and, for each, others of other pictures that are like them."""
    middles = _middles(looks)
    own, next_one = _cells(looks, middles)
    by_own, by_next = (np.argsort(cells, kind="stable") for cells in (own, next_one))
    edges_own, edges_next = (
        np.searchsorted(cells[order], np.arange(len(middles) + 1))
        for cells, order in ((own, by_own), (next_one, by_next))
    )
    old = compared[owner]
    for cell in range(len(middles)):
        there = by_own[edges_own[cell] : edges_own[cell + 1]]
        if not len(there):
            continue
        asking = np.concatenate([there, by_next[edges_next[cell] : edges_next[cell + 1]]])
        base = unit(looks[there])
        for begin in range(0, len(asking), max(1, CHUNK * CELL // len(there))):
            some = asking[begin : begin + max(1, CHUNK * CELL // len(there))]
            like = unit(looks[some]) @ base.T
            like[owner[some][:, None] == owner[there][None, :]] = 0
            if old.any():
                like[old[some][:, None] & old[there][None, :]] = 0
            rows, columns = _closest(like)
            yield some[rows], there[columns]


def _closest(like: npt.NDArray[np.float32]) -> tuple[Ints, Ints]:
    """The places of at most CLOSEST values of each row that reach LIKE."""
    if like.shape[1] > CLOSEST:
        crowded = np.flatnonzero((like >= LIKE).sum(axis=1) > CLOSEST)
        least = np.partition(like[crowded], -CLOSEST, axis=1)[:, -CLOSEST]
        like[crowded] = np.where(like[crowded] >= least[:, None], like[crowded], 0)
    rows, columns = np.nonzero(like >= LIKE)
    return rows, columns


def _middles(looks: Kept) -> npt.NDArray[np.float32]:
    """Middles of the cells, by a few rounds of k-means on a sample."""
    rng = np.random.default_rng(0)
    sample = unit(looks[np.sort(rng.choice(len(looks), min(SAMPLE, len(looks)), replace=False))])
    count = int(np.clip(len(looks) // CELL, 1, MOST_CELLS))
    middles = sample[rng.choice(len(sample), min(count, len(sample)), replace=False)]
    for _ in range(3):
        cell = (sample @ middles.T).argmax(axis=1)
        sums = np.zeros_like(middles)
        np.add.at(sums, cell, sample)
        filled = np.bincount(cell, minlength=len(middles)) > 0
        middles = np.where(filled[:, None], sums / (np.linalg.norm(sums, axis=1, keepdims=True) + 1e-9), middles)
    return middles


def _cells(looks: Kept, middles: npt.NDArray[np.float32]) -> tuple[Ints, Ints]:
    """The nearest cell of each landmark and the next one (the same where there is one cell only; then -1)."""
    own, next_one = np.empty(len(looks), np.int64), np.full(len(looks), -1, np.int64)
    for begin in range(0, len(looks), CHUNK):
        part = slice(begin, begin + CHUNK)
        like = unit(looks[part]) @ middles.T
        own[part] = like.argmax(axis=1)
        if len(middles) > 1:
            like[np.arange(len(like)), own[part]] = -2
            next_one[part] = like.argmax(axis=1)
    return own, next_one
