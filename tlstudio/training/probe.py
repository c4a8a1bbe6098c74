"""The probe: a linear head on frozen features, the mean of two that err differently.

Logistic regression draws the borders between classes, discriminant analysis describes the classes; the second needs fewer images,
the first gains more from many. The mean of their logits measured better than either, from 5 images a class to a thousand in all,
and is a plain linear layer again.

How strongly each is held back is chosen by stratified, group-aware cross-validation, and so is by how much its logits are
multiplied before the mean, for the two speak in different scales.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.training.discriminant import Discriminant
from tlstudio.training.linear import Features, Floats, Ints, LinearHead, Mask, softmax
from tlstudio.training.logistic import Logistic

UNCHOSEN = 0.1  # the strength where too few images leave no choice
FOLDS = 5
TINY = 1e-12
PATIENCE = 2  # settings tried beyond the best one before the path ends
DOUBT = 1.0  # how far a few images may draw the sharpness from the usual one: a standard deviation, of its logarithm
WIDEST = 8.0  # of that, either way


@dataclass(frozen=True, slots=True)
class Tuned:
    """What cross-validation settled, for fitting to other images of the same kind.

    strength: of the logistic regression, C. shrinkage: of the discriminant's covariance; None for logistic regression alone.
    sharpness: what the logits of both are multiplied by before their mean is taken.
    """

    strength: float = UNCHOSEN
    shrinkage: float | None = None
    sharpness: tuple[float, ...] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted head, how it was tuned, and what it said of each training image while that image was left out.

    held_out: (n, classes) probabilities, float64; NaN for an image that was never left out.
    judged: (n,) bool, which images were left out once: those of the classes with two units or more. With fewer than two such
    classes there is nothing to compare: `folds` is 0 and no image is judged.
    """

    head: LinearHead
    tuned: Tuned
    folds: int
    held_out: Floats
    judged: Mask


def fit_probe(
    features: Features,
    labels: Ints,
    classes: int,
    *,
    units: Sequence[Hashable] | None = None,
    tuned: Tuned | None = None,
    seed: int = 0,
    leave_out: bool = True,
    alone: bool = False,
    reporter: Reporter = SILENT,
) -> Probe:
    """Fits the head to features (n, d) and labels (n,) in 0 … classes-1; images of one of `units` are left out together.

    tuned: None to tune it by cross-validation. leave_out: whether each image shall be judged while it is left out, also where
    the tuning is given. alone: logistic regression and nothing else.
    """
    folds = _fold_masks(labels, units, seed) if leave_out or tuned is None else []
    if tuned is None and not folds:
        tuned = Tuned()
    alone = alone if tuned is None else tuned.shrinkage is None
    ways: list[_Way] = [Logistic(features, labels, classes)]
    ways += [] if alone else [Discriminant(features, labels, classes)]
    judged = ~np.all([np.ones(len(labels), bool), *folds], axis=0)
    left_out = _LeftOut(folds, judged, labels, classes)
    if tuned is None:
        parts = _tune(ways, left_out, reporter)
        tuned = Tuned(parts[0].setting, None if alone else parts[1].setting, tuple(part.sharpness for part in parts))
    else:
        settings = [tuned.strength, tuned.shrinkage or 0.0]
        parts = [
            _Part(setting, sharpness, left_out.logits(way, way.solve(folds, setting)) if folds else None)
            for way, setting, sharpness in zip(ways, settings, tuned.sharpness, strict=False)
        ]
    return Probe(_mean_head(ways, parts, len(labels)), tuned, len(folds), left_out.held_out(parts), judged)


class _Way(Protocol):
    """One way to fit a head to several parts of the images. settings: from the most held back on. coordinates: (n, r)."""

    settings: tuple[float, ...]
    coordinates: Features

    def solve(self, masks: Sequence[Mask], setting: float, start: Features | None = None) -> Features: ...
    def head(self, weights: Features) -> LinearHead: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """One way as it goes into the mean. left_out: its logits (n, classes) of images left out; None without folds."""

    setting: float
    sharpness: float
    left_out: Features | None


@dataclass(frozen=True, slots=True)
class _LeftOut:
    """What is said of images while they are left out. folds: which images train each, (n,) bool; judged: (n,) bool."""

    folds: list[Mask]
    judged: Mask
    labels: Ints
    classes: int

    def logits(self, way: _Way, weights: Features) -> Features:
        """Of each fold's model (folds, r + 1, classes), for the images it did not see: (n, classes), NaN for the others."""
        found = np.full((len(self.labels), self.classes), np.nan, np.float32)
        for mask, w in zip(self.folds, weights, strict=True):
            found[~mask] = way.coordinates[~mask] @ w[:-1] + w[-1]
        return found

    def score(self, logits: Features, usual: float | None) -> tuple[float, float, float]:
        """Accuracy and mean log-likelihood of the judged images at the sharpness that suits them, and that sharpness.

        usual: how far apart the logits of an image are with the way before; None for those of the first, whose own are usual.
        """
        said, truth = logits[self.judged].astype(np.float64), self.labels[self.judged]
        found = sharpness_for(said, truth, 1.0 if usual is None else usual / (self.spread(logits) + TINY))
        return float((said.argmax(axis=1) == truth).mean()), -_loss(said * found, truth), found

    def spread(self, logits: Features) -> float:
        """How far apart the logits of a judged image are, as a standard deviation."""
        return float(logits[self.judged].astype(np.float64).std(axis=1).mean())

    def held_out(self, parts: Sequence[_Part]) -> Floats:
        """Probabilities that the mean gives, (n, classes)."""
        found = np.full((len(self.labels), self.classes), np.nan)
        said = [part.left_out[self.judged] * part.sharpness for part in parts if part.left_out is not None]
        if said:
            found[self.judged] = softmax(np.mean(said, axis=0))
        return found


def _tune(ways: Sequence[_Way], left_out: _LeftOut, reporter: Reporter) -> list[_Part]:
    """Each way at the setting that is most accurate on images left out, the likelier among equals, walking from the most held
    back on. Logistic regression alone keeps its own sharpness."""
    total, before, parts = sum(len(way.settings) for way in ways), 0, []
    usual: float | None = None
    for way in ways:
        best: tuple[float, float] | None = None
        start: Features | None = None
        since = 0
        for tried, setting in enumerate(way.settings, start=1):
            start = way.solve(left_out.folds, setting, start)
            logits = left_out.logits(way, start)
            accuracy, likelihood, sharpness = left_out.score(logits, usual)
            if best is None or (accuracy, likelihood) > best:
                best, since = (accuracy, likelihood), 0
                chosen = _Part(setting, sharpness if len(ways) > 1 else 1.0, logits)
                apart = left_out.spread(logits)
            else:
                since += 1
            reporter.report(Progress("Choosing the regularisation", before + tried, total))
            if since >= PATIENCE:
                break
        before += len(way.settings)
        usual = apart * chosen.sharpness
        parts.append(chosen)
    return parts


def _mean_head(ways: Sequence[_Way], parts: Sequence[_Part], n: int) -> LinearHead:
    """Fitted to all n images."""
    everyone = [np.ones(n, bool)]
    heads = [way.head(way.solve(everyone, part.setting)[0]) for way, part in zip(ways, parts, strict=True)]
    weights = [np.float32(part.sharpness) * head.weight for part, head in zip(parts, heads, strict=True)]
    biases = [np.float32(part.sharpness) * head.bias for part, head in zip(parts, heads, strict=True)]
    return LinearHead(np.mean(weights, axis=0, dtype=np.float32), np.mean(biases, axis=0, dtype=np.float32))


def sharpness_for(logits: Floats, truth: Ints, usual: float = 1.0) -> float:
    """What to multiply logits (n, classes) by so that their probabilities suit truth (n,) best.

    Few images that are all told apart would ask for infinity: the fewer there are, the more the usual sharpness is believed in.
    """
    start = math.log(max(usual, TINY))

    def doubted(power: float) -> float:
        return _loss(logits * math.exp(power), truth) + 0.5 * ((power - start) / DOUBT) ** 2 / len(truth)

    found = minimize_scalar(doubted, bounds=(start - WIDEST, start + WIDEST), method="bounded")
    return float(math.exp(found.x))


def _loss(logits: Floats, truth: Ints) -> float:
    """Mean negative log-likelihood in nats."""
    return float((logsumexp(logits, axis=1) - logits[np.arange(len(truth)), truth]).mean())


def _fold_masks(labels: Ints, units: Sequence[Hashable] | None, seed: int) -> list[Mask]:
    """For each fold, which images train it; none when fewer than two classes have the two units that leaving one out takes.

    The smallest of the classes with two units or more decides how many folds there are. Images of the other classes train every
    fold, even where they share a unit with an image left out, for else their class would be unknown to that fold.
    """
    everyone = np.arange(len(labels))
    # By name: the hash of a string differs between processes, and with it the folds would.
    groups = everyone if units is None else np.unique([str(u) for u in units], return_inverse=True)[1]
    sizes = {int(k): len(np.unique(groups[labels == k])) for k in np.unique(labels)}
    enough = {k: size for k, size in sizes.items() if size >= 2}
    if len(enough) < 2:
        return []
    n = min(FOLDS, *enough.values())
    rows = np.flatnonzero(np.isin(labels, list(enough)))
    if len(np.unique(groups)) == len(labels):
        parts = StratifiedKFold(n, shuffle=True, random_state=seed).split(rows, labels[rows])
    else:
        parts = StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(rows, labels[rows], groups[rows])
    return [~np.isin(everyone, rows[left_out]) for _, left_out in parts]
