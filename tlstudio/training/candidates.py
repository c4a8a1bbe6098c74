"""The models that a training could hand out, and which of them it does."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlstudio.evaluation.calibration import fit_temperature, tempered
from tlstudio.evaluation.contest import distances, sureness
from tlstudio.evaluation.metrics import accuracy, balanced_accuracy
from tlstudio.training.averaging import Weights

# The names of candidates besides `epoch 7`, the moving average as it was then.
PROBE = "probe"
AVERAGE = "the moving average"
LAST = "the last epoch"
SOUP = "average of epochs"
HALF_WAY = "half-way from the first result"


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate on the validation images.

    accuracy: of all images. share: what is compared, the accuracy or, where classes shall count alike, the balanced accuracy.
    loss: mean negative log-likelihood in nats after temperature scaling, so that no model is preferred for being timid or bold.
    hits: which images it got right. errors: how far its probabilities are from the truth, see `contest.distances`. weights: how
    much each image counts in `share`. predicted: the class that it gives each image.
    """

    accuracy: float
    loss: float
    share: float
    hits: tuple[bool, ...] = ()
    errors: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    predicted: tuple[int, ...] = ()

    def beats(self, other: Score) -> bool:
        """By the bare numbers: for the course of a training, where every epoch is only the next one."""
        return (self.share, -self.loss) > (other.share, -other.loss)

    @property
    def sound(self) -> bool:
        """False when the model says nothing that is a number."""
        return bool(np.isfinite(self.loss))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Weights, what they are called, and what they reach. The weights are on the host."""

    name: str
    weights: Weights
    score: Score


def score(
    probabilities: npt.NDArray[np.float64],
    truth: npt.NDArray[np.int64],
    *,
    balanced: bool,
    sure: float | None = None,
) -> Score:
    """Judges probabilities (n, classes) against labels (n,).

    sure: how sure all candidates are taken to be, see `contest.distances`; None for as sure as this one may be.
    """
    n, classes = probabilities.shape
    if not n:
        return Score(0.0, 0.0, 0.0)
    predicted = probabilities.argmax(axis=1)
    hits, right = predicted == truth, accuracy(truth, predicted)
    share = balanced_accuracy(truth, predicted, classes) if balanced else right
    weights = np.ones(n)
    if balanced:
        counts = np.bincount(truth, minlength=classes)
        weights = n / (np.count_nonzero(counts) * counts[truth])
    losses = _losses(probabilities, truth)
    return Score(
        right,
        float((losses * weights).mean()),
        right if share is None else share,
        tuple(bool(hit) for hit in hits),
        tuple(float(e) for e in distances(probabilities, truth, sureness(hits) if sure is None else sure)),
        tuple(float(w) for w in weights),
        tuple(int(label) for label in predicted),
    )


def numbered(units: Sequence[Hashable], n: int) -> npt.NDArray[np.int64]:
    """Units as numbers, (n,), by name: the hash of a string differs between processes. Without any, each image is one."""
    return np.unique([str(unit) for unit in units], return_inverse=True)[1] if units else np.arange(n)


def _losses(probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Negative log-likelihood of each image, (n,), at the temperature that suits them all best."""
    if not np.isfinite(probabilities).all():
        return np.full(len(truth), np.nan)
    honest = tempered(probabilities, fit_temperature(probabilities, truth).temperature)
    return -np.log(np.clip(honest[np.arange(len(truth)), truth], 1e-12, 1.0))
