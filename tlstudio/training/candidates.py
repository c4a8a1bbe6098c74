"""The models that a training could hand out, and which of them it does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from tlstudio.evaluation.calibration import fit_temperature, tempered
from tlstudio.evaluation.metrics import accuracy, balanced_accuracy
from tlstudio.training.averaging import Weights

# The names of candidates besides `epoch 7`, the moving average as it was then.
PROBE = "probe"
AVERAGE = "the moving average"
LAST = "the last epoch"
SOUP = "average of epochs"
HALF_WAY = "half-way from the first result"


LUCK = 0.15  # a gain in accuracy that chance brings oftener than this is none
STANDARD_ERRORS = 1.5  # by which the loss must fall where the accuracy says nothing


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate on the validation images.

    accuracy: of all images. share: what is compared, the accuracy or, where classes shall count alike, the balanced accuracy.
    loss: mean of `losses`, the negative log-likelihood of each image in nats after temperature scaling, so that a model is not
    preferred for being timid or bold. hits: which images it got right. weights: how much each image counts in `share`.
    predicted: the class that it gives each image; empty in checkpoints of earlier versions.
    """

    accuracy: float
    loss: float
    share: float
    hits: tuple[bool, ...] = ()
    losses: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    predicted: tuple[int, ...] = ()

    def beats(self, other: Score) -> bool:
        """By the bare numbers: for the course of a training, where every epoch is only the next one."""
        return (self.share, -self.loss) > (other.share, -other.loss)

    def convinces(self, other: Score) -> bool:
        """Better than `other` on the same images by more than luck.

        Either it is right where the other is wrong oftener than the other way round (one-sided sign test on these images, as in
        McNemar's), or it is at least as often right and its loss is lower by more than its standard error allows. A handful of
        images convinces nobody, so with few of them what is there already stays.
        """
        if not self.hits or self.share < other.share:
            return False
        wins = sum(mine and not theirs for mine, theirs in zip(self.hits, other.hits, strict=True))
        losses = sum(theirs and not mine for mine, theirs in zip(self.hits, other.hits, strict=True))
        if wins > losses and binomtest(wins, wins + losses, alternative="greater").pvalue <= LUCK:
            return True
        gain = np.array(other.losses) - np.array(self.losses)
        weighed = gain * np.array(self.weights)
        error = weighed.std(ddof=1) / np.sqrt(len(weighed)) if len(weighed) > 1 else np.inf
        return bool(weighed.mean() > STANDARD_ERRORS * error)

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


def score(probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.int64], *, balanced: bool) -> Score:
    """Judges probabilities (n, classes) against labels (n,)."""
    n, classes = probabilities.shape
    if not n:
        return Score(0.0, 0.0, 0.0)
    predicted = probabilities.argmax(axis=1)
    right = accuracy(truth, predicted)
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
        tuple(bool(hit) for hit in predicted == truth),
        tuple(float(loss) for loss in losses),
        tuple(float(w) for w in weights),
        tuple(int(label) for label in predicted),
    )


def _losses(probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Negative log-likelihood of each image, (n,), at the temperature that suits them all best."""
    if not np.isfinite(probabilities).all():
        return np.full(len(truth), np.nan)
    honest = tempered(probabilities, fit_temperature(probabilities, truth).temperature)
    return -np.log(np.clip(honest[np.arange(len(truth)), truth], 1e-12, 1.0))
