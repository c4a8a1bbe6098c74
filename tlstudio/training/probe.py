"""The probe: a linear head on frozen features, the mean of two that err differently.

Logistic regression draws the borders between classes, discriminant analysis describes the classes; the second needs fewer images,
the first gains more from many. The mean of their logits measured better than either, from 5 images a class to a thousand in all,
and is a plain linear layer again. Where no image can be left out to tune them by, or where it is clearly better by itself, it is
logistic regression alone.

How strongly each is held back is chosen by stratified, group-aware cross-validation, and so is by how much its logits are
multiplied before the mean, for the two speak in different scales.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from tlstudio.domain.events import SILENT, Progress, Reporter, Unit
from tlstudio.training.discriminant import Discriminant
from tlstudio.training.linear import Features, Floats, Ints, LinearHead, Mask, softmax
from tlstudio.training.logistic import Logistic

UNCHOSEN = 0.1  # the strength where too few images leave no choice
FOLDS = 5
TINY = 1e-12
PATIENCE = 2  # settings tried beyond the best one before the path ends
DOUBT = 1.0  # how far a few images may draw the sharpness from the usual one: a standard deviation, of its logarithm
WIDEST = 8.0  # of that, either way
LUCK = 2.0  # standard deviations


@dataclass(frozen=True, slots=True)
class Held:
    """How one way of fitting is held back: the logistic regression's strength C, or the discriminant's shrinkage; and what its
    logits are multiplied by before the mean is taken."""

    setting: float
    sharpness: float = 1.0


# Of the ways in their order; a single one is logistic regression alone.
Regularisation = tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted head, how its parts are held back, and what it said of each training image while that image was left out.

    held_out: (n, classes) probabilities, float64; NaN for an image that was never left out.
    judged: (n,) bool, which images were left out once: those of the classes with two units or more. With fewer than two such
    classes there is nothing to compare: `folds` is 0 and no image is judged.
    """

    head: LinearHead
    regularisation: Regularisation
    folds: int
    held_out: Floats
    judged: Mask


def fit_probe(
    features: Features,
    labels: Ints,
    classes: int,
    *,
    units: Sequence[Hashable] | None = None,
    regularisation: Regularisation | None = None,
    settings: Sequence[float] = (),
    seed: int = 0,
    leave_out: bool = True,
    alone: bool = False,
    reporter: Reporter = SILENT,
) -> Probe:
    """Fits the head to features (n, d) and labels (n,) in 0 … classes-1; images of one of `units` are left out together.

    regularisation: None to choose it by cross-validation. settings: of the ways, where nothing but the sharpness is to be chosen.
    leave_out: whether each image shall be judged while it is left out, also where the regularisation is given. alone: choose for
    logistic regression and fit nothing else.
    """
    folds = fold_masks(labels, units, seed) if leave_out or regularisation is None else []
    if regularisation is None and not folds:
        regularisation = (Held(settings[0] if settings else UNCHOSEN),)
    trial = _Trial(folds, labels, classes)
    parts: list[_Part] = []
    kinds = _WAYS[: 1 if alone else None] if regularisation is None else _WAYS[: len(regularisation)]
    for number, kind in enumerate(kinds):  # one after the other: each needs memory for another copy of the features
        way = kind(features, labels, classes)
        if regularisation is not None:
            parts.append(_held(way, trial, regularisation[number]))
        else:
            choice = settings[number : number + 1] or way.settings
            before = parts[-1] if parts else None
            telling = _Telling(reporter, number, len(kinds))
            parts.append(_chosen(way, trial, choice, before, alone=alone, telling=telling))
        del way
    if regularisation is None and trial.first_is_better(parts):
        parts = [replace(parts[0], held=Held(parts[0].held.setting))]
    return Probe(_mean(parts), tuple(part.held for part in parts), len(folds), trial.probabilities(parts), trial.judged)


class _Way(Protocol):
    """One way to fit a head to several parts of the images. settings: from the most held back on. coordinates: (n, r)."""

    settings: ClassVar[tuple[float, ...]]
    coordinates: Features

    def solve(self, masks: Sequence[Mask], setting: float, start: Features | None = None) -> Features: ...
    def head(self, weights: Features) -> LinearHead: ...


_WAYS: tuple[type[Logistic] | type[Discriminant], ...] = (Logistic, Discriminant)


@dataclass(frozen=True, slots=True)
class _Part:
    """One way as it goes into the mean. said: its logits (n, classes) of images left out; None without folds."""

    held: Held
    head: LinearHead
    said: Features | None


def _held(way: _Way, trial: _Trial, held: Held) -> _Part:
    """Fitted to all images, and what was said of those left out, where there are such."""
    said = trial.logits(way, way.solve(trial.folds, held.setting)) if trial.folds else None
    return _Part(held, _head(way, held), said)


def _head(way: _Way, held: Held) -> LinearHead:
    return way.head(way.solve([np.ones(len(way.coordinates), bool)], held.setting)[0])


def _mean(parts: Sequence[_Part]) -> LinearHead:
    shares = [np.float32(part.held.sharpness / len(parts)) for part in parts]
    weight = sum(share * part.head.weight for share, part in zip(shares, parts, strict=True))
    bias = sum(share * part.head.bias for share, part in zip(shares, parts, strict=True))
    return LinearHead(np.asarray(weight, np.float32), np.asarray(bias, np.float32))


class _Trial:
    """What is said of images while they are left out. judged: (n,) bool, the images that some fold leaves out."""

    def __init__(self, folds: list[Mask], labels: Ints, classes: int) -> None:
        """folds: which images train each, (n,) bool."""
        self.folds = folds
        self.judged = ~np.all([np.ones(len(labels), bool), *folds], axis=0)
        self._labels = labels
        self._classes = classes
        self._present = np.unique(labels)
        # Images of a class that their fold has not learned tell nothing about how sure a model may be: it never says that class.
        self._known = self.judged.copy()
        for mask in folds:
            self._known[~mask] &= np.isin(labels[~mask], labels[mask])
        self._known = self._known if self._known.any() else self.judged

    def logits(self, way: _Way, weights: Features) -> Features:
        """Of each fold's model (folds, r + 1, classes), for the images it did not see: (n, classes), NaN for the others."""
        found = np.full((len(self._labels), self._classes), np.nan, np.float32)
        for mask, w in zip(self.folds, weights, strict=True):
            found[~mask] = way.coordinates[~mask] @ w[:-1] + w[-1]
        return found

    def accuracy(self, logits: Features) -> float:
        """Of the judged images."""
        return float((logits[self.judged].argmax(axis=1) == self._labels[self.judged]).mean())

    def sharpness(self, logits: Features, usual: float) -> float:
        return sharpness_for(logits[self._known].astype(np.float64), self._labels[self._known], usual)

    def likelihood(self, logits: Features, sharpness: float) -> float:
        """The mean logarithm of what the truth was given."""
        return -_loss(sharpness * logits[self._known].astype(np.float64), self._labels[self._known])

    def spread(self, logits: Features) -> float:
        """How far apart the logits of an image are, as a standard deviation over the classes that there are."""
        return float(logits[self._known][:, self._present].astype(np.float64).std(axis=1).mean())

    def first_is_better(self, parts: Sequence[_Part]) -> bool:
        """Whether the mean is right less often than its first part by more than luck: two standard deviations of a sign test.

        Discriminant analysis takes all classes for equally likely, which costs where one is much more frequent and the features
        tell little.
        """
        truth = self._labels[self.judged]
        alone, together = (self.probabilities(some)[self.judged].argmax(axis=1) == truth for some in (parts[:1], parts))
        gained, lost = int((alone & ~together).sum()), int((together & ~alone).sum())
        return gained - lost > LUCK * math.sqrt(gained + lost)

    def probabilities(self, parts: Sequence[_Part]) -> Floats:
        """Of the mean, (n, classes); NaN for the images that are not judged."""
        found = np.full((len(self._labels), self._classes), np.nan)
        logits = [part.held.sharpness * part.said[self.judged] for part in parts if part.said is not None]
        if logits:
            found[self.judged] = softmax(np.mean(logits, axis=0))
        return found


def _chosen(
    way: _Way, trial: _Trial, settings: Sequence[float], before: _Part | None, *, alone: bool, telling: _Telling
) -> _Part:
    """With the setting that is most accurate on images left out, the likelier among equals.

    Walks from the most held back on. before: the way before, whose spread is the usual one.
    """
    best: tuple[float, float] | None = None
    start: Features | None = None
    since = 0
    for tried, setting in enumerate(settings, start=1):
        start = way.solve(trial.folds, setting, start)
        logits = trial.logits(way, start)
        accuracy = trial.accuracy(logits)
        since += 1
        if best is None or accuracy >= best[0]:
            sharpness = 1.0 if alone else trial.sharpness(logits, _usual(trial, logits, before))
            score = (accuracy, trial.likelihood(logits, sharpness))
            if best is None or score > best:
                best, held, said, since = score, Held(setting, sharpness), logits, 0
        telling.tell(tried, len(settings))
        if since >= PATIENCE:
            break
    return _Part(held, _head(way, held), said)


def _usual(trial: _Trial, logits: Features, before: _Part | None) -> float:
    """The sharpness that makes logits as far apart as those of the way before; 1 for the first way."""
    if before is None or before.said is None:
        return 1.0
    return before.held.sharpness * trial.spread(before.said) / (trial.spread(logits) + TINY)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells the progress of one of several ways as that of them all."""

    reporter: Reporter
    number: int
    count: int

    def tell(self, done: int, total: int) -> None:
        share = self.number * total + done, self.count * total
        self.reporter.report(Progress("Working out a first result", *share, unit=Unit.SHARES))


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


def fold_masks(labels: Ints, units: Sequence[Hashable] | None, seed: int) -> list[Mask]:
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
