"""Which images to label next: those whose labels would teach the model most, and not twenty of one kind.

Diverse mini-batches (Zhdanov 2019, arXiv 1901.05954): of the images that the model is least certain of, by the margin between its
two best classes (Scheffer et al. 2001), k-means weighted by uncertainty picks one from each of as many clusters as a batch has
places. On our samples it needs fewer labels than the margin alone, which asks for lookalikes, and than greedy k-center among the
least certain, which asks for outliers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BATCH = 20  # about what is labeled before the model looks again
ROUNDS = 25  # batches that are put together with care; whoever labels more in one go has had a better model long since
CANDIDATES = 10  # of the least certain images for each place of a batch


def margins(probabilities: Floats) -> Floats:
    """How far the best class is ahead of the second, (n,) in 0 … 1, of probabilities (n, classes), classes >= 2."""
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0])


def teaching_order(probabilities: Floats, features_of: Callable[[Ints], npt.NDArray[np.float32]]) -> Ints:
    """All row numbers of probabilities (n, classes), the image that teaches most first: int64, (n,).

    features_of: row numbers (k,) -> features (k, d); asked once, for the images that may get into one of the batches.
    """
    margin = margins(probabilities)
    by_margin = np.argsort(margin, kind="stable")
    pool = by_margin[: BATCH * (CANDIDATES + ROUNDS - 1)]
    if len(pool) <= BATCH:
        return by_margin
    points = _directions(features_of(pool))
    left = np.arange(len(pool))
    chosen: list[Ints] = []
    for _ in range(ROUNDS):
        if len(left) <= BATCH:
            break
        candidates = left[: BATCH * CANDIDATES]
        batch = np.sort(candidates[_spread(points[candidates], 1.0 - margin[pool[candidates]])])
        chosen.append(batch)
        left = np.setdiff1d(left, batch)
    first = pool[np.concatenate(chosen)]
    return np.concatenate([first, by_margin[~np.isin(by_margin, first)]])


def _directions(features: npt.NDArray[np.float32]) -> Floats:
    """Standardised features at unit length: their distance is the angle between images."""
    wide = features.astype(np.float64)
    standard = (wide - wide.mean(axis=0)) / np.maximum(wide.std(axis=0), 1e-6)
    return np.asarray(standard / np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), 1e-12))


def _spread(points: Floats, weights: Floats) -> list[int]:
    """BATCH of the points, each the nearest to the middle of a cluster that has none yet."""
    found = KMeans(BATCH, n_init=1, random_state=0).fit(points, sample_weight=np.maximum(weights, 1e-3))
    distances = found.transform(points)
    taken: list[int] = []
    for cluster in range(BATCH):
        taken.append(next(int(i) for i in np.argsort(distances[:, cluster], kind="stable") if i not in taken))
    return taken
