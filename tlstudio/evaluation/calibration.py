"""Temperature scaling: one number that makes the probabilities honest (Guo et al. 2017, arXiv 1706.04599).

The logits are divided by the temperature. Above 1 it makes a model less sure, below 1 surer; it never changes which class is the
most likely.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST_IMAGES = 30  # below which a fitted temperature would be a guess
# Sharper than a quarter would magnify the rounding by which two computers differ; beyond ten there is nothing left to tell.
BOUNDS = (0.25, 10.0)
FOLDS = 5  # of whole groups, so there must be as many groups
TINY = 1e-300
ROUNDING = 1e-9  # nats; a smaller gain may come of adding up in another order


@dataclass(frozen=True, slots=True)
class Calibration:
    """A temperature, the mean loss (nats) of n images before and after it, and in one sentence why it is what it is.

    loss_after is cross-validated: each image's loss at the temperature that the images of other folds ask for. It is None where
    none was fitted.
    """

    temperature: float
    reason: str
    n: int
    loss_before: float | None = None
    loss_after: float | None = None


def fit_temperature(
    probabilities: Floats, truth: Ints, units: Sequence[Hashable] | None = None, seed: int = 0
) -> Calibration:
    """The temperature for images the model was not fitted to: probabilities (n, classes), truth (n,), `units[i]` the group of i.

    1.0 where the images can't tell: too few, all recognised, or no gain in cross-validation, whose folds keep units together.
    """
    n = len(truth)
    numbers = np.arange(n) if units is None else np.unique([str(u) for u in units], return_inverse=True)[1]
    groups = len(np.unique(numbers))
    if n < LEAST_IMAGES:
        left = "1 image was" if n == 1 else f"{n:,} images were"
        return Calibration(1.0, f"Only {left} left out; {LEAST_IMAGES} must show how sure the model may be.", n)
    if groups < FOLDS:
        told = f"The left-out images come from {groups} independent group{'s' if groups > 1 else ''}; "
        return Calibration(1.0, f"{told}{FOLDS} must show how sure the model may be.", n)
    if (probabilities.argmax(axis=1) == truth).all():
        return Calibration(1.0, "All left-out images are recognised, so nothing shows how sure the model may be.", n)
    logs = _logs(probabilities)
    before = _loss(logs, truth, 1.0)
    after = _cross_validated(logs, truth, np.random.default_rng(seed).permutation(groups)[numbers] % FOLDS)
    if before - after <= ROUNDING:
        return Calibration(1.0, "The left-out images agree best with the probabilities as they are.", n, before, after)
    temperature = _best(logs, truth)
    word = "too sure" if temperature > 1 else "less sure than it may be"
    return Calibration(temperature, f"Fitted to {n:,} left-out images: the model was {word}.", n, before, after)


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Probabilities (n, classes) as they would be had the logits been divided by `temperature`; 1 / temperature undoes it."""
    if temperature == 1.0:
        return probabilities
    logs = _logs(probabilities) / temperature
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _logs(probabilities: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(probabilities, TINY)))


def _loss(logs: Floats, truth: Ints, temperature: float) -> float:
    """Mean negative log-likelihood in nats."""
    scaled = logs / temperature
    highest = scaled.max(axis=1)
    total = highest + np.log(np.exp(scaled - highest[:, None]).sum(axis=1))
    return float((total - scaled[np.arange(len(truth)), truth]).mean())


def _best(logs: Floats, truth: Ints) -> float:
    """The loss is convex in 1 / temperature, so it has one minimum between the bounds."""
    found = minimize_scalar(
        lambda power: _loss(logs, truth, math.exp(power)),
        bounds=(math.log(BOUNDS[0]), math.log(BOUNDS[1])),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(math.exp(found.x))


def _cross_validated(logs: Floats, truth: Ints, folds: Ints) -> float:
    """Mean loss of each image at the temperature of the folds it is not in."""
    total = 0.0
    for fold in range(FOLDS):
        inside = folds == fold
        temperature = _best(logs[~inside], truth[~inside])
        total += _loss(logs[inside], truth[inside], temperature) * int(inside.sum())
    return total / len(truth)
