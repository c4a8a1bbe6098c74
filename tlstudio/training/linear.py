"""A linear head, and what the ways to fit one share: standardisation that folds into it, and one thread for small steps.

L-BFGS and matrix decompositions are made of many thousand small steps, which the linear algebra library shares between threads.
On a machine that has other work, each step then waits for a thread that is not running: ten times as long in all, as if it hung.
So these run on one thread, which costs little where the machine is idle.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST_DEVIATION = 1e-6  # a feature that varies less says nothing, and is not blown up


@dataclass(frozen=True, slots=True)
class LinearHead:
    """weight (classes, features), bias (classes,): float32, on raw features."""

    weight: Features
    bias: Features

    def logits(self, features: Features) -> Features:
        """(n, features) -> (n, classes)."""
        return features @ self.weight.T + self.bias

    def probabilities(self, features: Features) -> Floats:
        return softmax(self.logits(features))


def softmax(logits: npt.NDArray[np.floating]) -> Floats:
    """(n, classes) -> (n, classes), each row sums to 1."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Standard:
    """Features less their mean and divided by their scale, both (d,)."""

    mean: Features
    scale: Features

    @classmethod
    def of(cls, features: Features, *, pooled: float = 0.0) -> Self:
        """pooled: how much of each feature's variance, 0 … 1, is taken from the mean over all of them.

        A deviation is a bold guess from a few images: 0 takes each as it is seen, 1 only brings all features to one size.
        """
        own = np.square(features.std(axis=0))
        scale = np.sqrt((1 - pooled) * own + pooled * own.mean())
        scale = np.where(scale > LEAST_DEVIATION, scale, 1.0)
        return cls(features.mean(axis=0), scale.astype(np.float32))

    def apply(self, features: Features) -> Features:
        return (features - self.mean) / self.scale

    def fold(self, weights: Features, bias: Features) -> LinearHead:
        """The head on raw features that says the same as weights (d, classes) and bias (classes,) on standardised ones."""
        raw = weights / self.scale[:, None]
        return LinearHead(np.ascontiguousarray(raw.T, dtype=np.float32), (bias - self.mean @ raw).astype(np.float32))


@cache
def _blas() -> ThreadpoolController:
    """What sets the linear algebra's threads. Looking the libraries up takes longer than a small solution."""
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """For many small steps of linear algebra."""
    context: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return context
