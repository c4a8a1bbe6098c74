"""How unlike the training images an image is: cosine distance of its features to the nearest training image.

Nearest-neighbour distance in the feature space of the trained model is a strong and simple out-of-distribution score (Sun et al.
2022, arXiv 2204.06507); it needs no training and lives inside the exported graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BANK = 1000  # training images kept in the graph
FALSE_ALARMS = 0.01  # share of images like the training images that may be called unfamiliar
LEAST_UNITS = 20  # groups below which a threshold would be a guess


@dataclass(frozen=True, slots=True)
class NoveltySpec:
    """center (d,); bank (k, d) unit vectors; novelty = max(0, (distance - offset) / scale); threshold None if unknown."""

    center: Floats
    bank: Floats
    offset: float
    scale: float
    threshold: float | None


def fit_novelty(features: Floats, units: Sequence[str], seed: int = 0) -> NoveltySpec:
    """From training features (n, d). Each image is compared with images of other units only, as a new patient would be."""
    center = features.mean(axis=0)
    directions = _unit(features - center)
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.permutation(len(features))[:BANK])
    bank = directions[kept]
    _, numbers = np.unique(np.array(units), return_inverse=True)
    similar = directions @ bank.T
    similar[numbers[:, None] == numbers[kept][None, :]] = -1.0
    distances = 1.0 - similar.max(axis=1)
    offset, upper = (float(v) for v in np.quantile(distances, [0.5, 0.95]))
    scale = max(upper - offset, 1e-3)
    enough = int(numbers.max()) + 1 >= LEAST_UNITS
    threshold = max(0.0, (float(np.quantile(distances, 1 - FALSE_ALARMS)) - offset) / scale) if enough else None
    return NoveltySpec(center.astype(np.float32), bank.astype(np.float32), offset, scale, threshold)


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)
