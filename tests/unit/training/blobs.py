"""Clouds of points whose features differ in size."""

from __future__ import annotations

import numpy as np


def blobs(n: int, d: int, classes: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, d) float32 and labels (n,) in 0 … classes-1."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 1, (classes, d))
    labels = rng.integers(0, classes, n)
    scale = rng.uniform(0.1, 20, d)  # features of very different size: standardisation must matter
    return ((centres[labels] + rng.normal(0, spread, (n, d))) * scale + 3).astype(np.float32), labels
