"""Which images to label next: those whose labels would teach the model most, and not twenty of one kind.

Coverage (the facility location of Wei, Iyer and Bilmes 2015): each image that is asked about stands for those that look like it,
and the next one is whichever stands for most that nothing labeled stands for yet. While a model knows few images of each class,
what it is uncertain of says little (Hacohen, Dekel and Weinshall 2022, arXiv 2202.02794), so that at first every image counts the
same; with more labels an image counts by how close the model's two best classes are (Scheffer et al. 2001).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]

BATCH = 20  # about what is labeled before the model looks again
SOUGHT = 500  # images that are put in order with care; whoever labels more in one go has had a better model long since
POOL = 2000  # images that they are sought among, and that they are to stand for
LABELED = 4000  # images with a label that are taken to stand for others, at most
EARLY = 10  # labels a class, in the mean, below which coverage alone is minded
DIRECTIONS = 64  # of the greatest variation; in the others images differ by chance
FARTHEST = 4.0  # squared distance of two opposite directions
LEAST = 1e-3  # what an image counts that the model is sure of


def margins(probabilities: Floats) -> Floats:
    """How far the best class is ahead of the second, (n,) in 0 … 1, of probabilities (n, classes), classes >= 2."""
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0])


def teaching_order(
    probabilities: Floats,
    features_of: Callable[[Ints], Features],
    known: Features | None = None,
    importance: Floats | None = None,
) -> Ints:
    """All row numbers of probabilities (n, classes), the image that teaches most first: int64, (n,).

    features_of: row numbers (k,) -> features (k, d); asked once, for the images that may come first. known: features (m, d) of
    the images that have a label. importance: (d,), how much each standardised feature counts; None for all the same.
    """
    margin = margins(probabilities)
    by_margin = np.argsort(margin, kind="stable")
    pool = _pool(by_margin)
    if len(pool) <= BATCH:
        return by_margin
    labels = 0 if known is None else len(known)
    features = features_of(pool)
    everything = features if known is None else np.concatenate([features, known[_some(labels, LABELED)]])
    points = directions(everything, importance)
    early = labels < EARLY * probabilities.shape[1]
    counts = np.ones(len(pool)) if early else np.maximum(1.0 - margin[pool], LEAST)
    chosen = _covering(points[: len(pool)], points[len(pool) :], counts)
    first = pool[chosen]
    return np.concatenate([first, by_margin[~np.isin(by_margin, first)]])


def _pool(by_margin: Ints) -> Ints:
    """All, or of very many the least certain half of the pool and as many drawn from the others."""
    if len(by_margin) <= POOL:
        return by_margin
    others = by_margin[POOL // 2 :]
    return np.concatenate([by_margin[: POOL // 2], others[_some(len(others), POOL - POOL // 2)]])


def _some(count: int, most: int) -> Ints:
    """So many numbers below `count` at most, drawn without repetition and in order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def directions(features: Features, importance: Floats | None = None) -> Floats:
    """Standardised features along their main axes, at unit length: their distance tells the angle between images. (n, r)."""
    wide = features.astype(np.float64)
    standard = (wide - wide.mean(axis=0)) / np.maximum(wide.std(axis=0), 1e-6)
    if importance is not None:
        standard *= importance
    axes = min(DIRECTIONS, *standard.shape)
    if axes < min(standard.shape):
        standard = PCA(axes, svd_solver="randomized", random_state=0).fit_transform(standard)
    return np.asarray(standard / np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), 1e-12))


def _covering(points: Floats, known: Floats, counts: Floats) -> Ints:
    """Row numbers of points (n, r), the one that stands for most first; never the last BATCH of them.

    known: (m, r), what stands for images already. counts: (n,), how much each point counts that is to be stood for. What an image
    adds can only shrink as others are chosen, so that one whose old value is beaten needs no new one (Minoux 1978).
    """
    apart = _squared(points, points).astype(np.float32)
    gap = _squared(points, known).min(axis=1) if len(known) else np.full(len(points), FARTHEST)
    gap, weights = gap.astype(np.float32), counts.astype(np.float32)

    def gain(k: int) -> float:
        return float(np.maximum(gap - apart[k], 0) @ weights)

    heap = [(-gain(k), k) for k in range(len(points))]
    heapq.heapify(heap)
    chosen: list[int] = []
    while len(chosen) < min(SOUGHT, len(points) - BATCH):
        _, k = heapq.heappop(heap)
        now = (-gain(k), k)
        if heap and now > heap[0]:
            heapq.heappush(heap, now)
            continue
        chosen.append(k)
        np.minimum(gap, apart[k], out=gap)
    return np.array(chosen, dtype=np.int64)


def _squared(points: Floats, others: Floats) -> Floats:
    """Squared distances of unit vectors, (n, m)."""
    return np.asarray(np.maximum(2.0 - 2.0 * points @ others.T, 0.0))
