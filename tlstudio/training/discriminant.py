"""Linear discriminant analysis with a shrunk covariance: what it needs to know is so little that a few images tell it.

Every class is taken for a normal cloud around its mean, all of one shape, and all equally likely, so that a rare class is not
drowned. The shape is drawn towards a ball by the shrinkage (Friedman 1989, JASA 84:165). Such a model of how images come about
learns from fewer of them than logistic regression does, and is overtaken by it when there are many (Ng and Jordan 2001, NIPS).

A mean of few images lies too far from the middle in more directions than there are images, which would make a rare class look
farther away than it is; how much is known, and added back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular

from tlstudio.training.linear import Features, Ints, LinearHead, Mask, Standard, one_thread

SHRINKAGES = (0.97, 0.9, 0.7, 0.5, 0.3, 0.1)
POOLED = 0.5  # of each feature's variance; measured better here than 0 and 1
LEAST_SIZE = 1e-6  # variance of a feature that is one of standardised ones, within a class; below is rounding


class _Clouds(NamedTuple):
    """Means (classes, r), images (classes,) and the one covariance within classes (r, r) of some of the images."""

    means: Features
    counts: Features
    covariance: Features


class Discriminant:
    """On features (n, d), standardised here, and labels (n,) in 0 … classes-1.

    coordinates: the images (n, r) in the space that they span.
    """

    settings: ClassVar[tuple[float, ...]] = SHRINKAGES

    def __init__(self, features: Features, labels: Ints, classes: int) -> None:
        self._standard = Standard.of(features, pooled=POOLED)
        standard = self._standard.apply(features)
        self._features = features.shape[1]
        self._directions: Features | None = None
        if len(standard) < self._features:
            with one_thread():
                self._directions, r = np.linalg.qr(standard.T)
            standard = np.ascontiguousarray(r.T)
        self.coordinates: Features = standard
        self._belongs = np.eye(classes, dtype=np.float32)[labels]  # (n, classes)
        self._known: dict[bytes, _Clouds] = {}  # by part of the images; each shrinkage asks

    def head(self, weights: Features) -> LinearHead:
        """What weights (r + 1, classes) of `solve` are on raw features."""
        turned = weights[:-1] if self._directions is None else self._directions @ weights[:-1]
        return self._standard.fold(turned, weights[-1])

    def solve(self, masks: Sequence[Mask], shrinkage: float, start: Features | None = None) -> Features:
        """Weights (masks, r + 1, classes), the bias last. shrinkage: above 0, where the covariance stays as it is, to 1, a ball.

        start: not needed; the solution is found in one step.
        """
        return np.stack([self._solution(mask, shrinkage) for mask in masks])

    def _solution(self, mask: Mask, shrinkage: float) -> Features:
        clouds = self._clouds(mask)
        r = len(clouds.covariance)
        ball = shrinkage * max(float(np.trace(clouds.covariance)) / self._features, LEAST_SIZE)
        shape = clouds.covariance * (1 - shrinkage)
        shape.flat[:: r + 1] += ball
        with one_thread():
            lower = cholesky(shape, lower=True, overwrite_a=True)
            weights = cho_solve((lower, True), clouds.means.T)
            inverse = solve_triangular(lower, np.eye(r, dtype=np.float32), lower=True, overwrite_b=True)
        # What a class mean's own error adds to its squared length in this shape is trace(shape^-1 covariance) / images.
        error = (r - ball * float(np.square(inverse).sum())) / (1 - shrinkage)
        bias = 0.5 * (error / np.maximum(clouds.counts, 1) - np.einsum("kr,rk->k", clouds.means, weights))
        return self._without(clouds.counts == 0, np.vstack([weights, bias]).astype(np.float32), mask)

    def _clouds(self, mask: Mask) -> _Clouds:
        key = mask.tobytes()
        if key not in self._known:
            own, belongs = self.coordinates[mask], self._belongs[mask]
            counts = belongs.sum(axis=0)
            means = (belongs.T @ own) / np.maximum(counts, 1)[:, None]
            # From what is left once the means are gone: the difference of two sums of squares would lose its digits.
            own -= belongs @ means
            freedom = max(1, len(own) - int(np.count_nonzero(counts)))
            self._known[key] = _Clouds(means, counts, (own.T @ own) / np.float32(freedom))
        return self._known[key]

    def _without(self, absent: Mask, weights: Features, mask: Mask) -> Features:
        """A class with no images is everywhere less likely than any other."""
        if absent.any():
            said = (self.coordinates[mask] @ weights[:-1] + weights[-1])[:, ~absent]
            weights[:, absent] = 0.0
            weights[-1, absent] = 2 * said.min() - said.max() - 1
        return weights
