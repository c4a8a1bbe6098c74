"""Figures of merit from labels and probabilities; numpy and scikit-learn only."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlstudio.domain.results import ClassFigures
from tlstudio.domain.values import Interval
from tlstudio.evaluation.calibration_error import expected_calibration_error
from tlstudio.evaluation.intervals import (
    alikeness,
    area_interval,
    cautious,
    exact,
    few_groups,
    mean_interval,
    numbered,
    outermost,
    share_interval,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything `measure` finds; intervals are 95 %."""

    accuracy: Interval
    balanced_accuracy: Interval
    auroc: Interval | None
    ece: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


def measure(truth: Ints, probabilities: Floats, units: Sequence[Hashable] | Ints | None = None) -> Figures:
    """Figures for labels (n,) int and probabilities (n, classes); `units[i]` names what image i is grouped with."""
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    groups = numbered(units, len(truth))
    table = confusion(truth, predicted, classes)
    per_class = tuple(_one_class(truth, predicted, k, groups) for k in range(classes))
    return Figures(
        accuracy=share_interval(predicted == truth, groups),
        balanced_accuracy=balanced_interval(predicted == truth, truth, groups),
        auroc=auroc_interval(truth, probabilities, groups),
        ece=expected_calibration_error(truth, probabilities),
        per_class=per_class,
        confusion=tuple(tuple(int(v) for v in row) for row in table),
    )


def confusion(truth: Ints, predicted: Ints, classes: int) -> Ints:
    """Counts, (classes, classes): row the label, column the prediction."""
    return np.bincount(truth * classes + predicted, minlength=classes * classes).reshape(classes, classes)


def accuracy(truth: Ints, predicted: Ints) -> float:
    return float((truth == predicted).mean()) if len(truth) else 0.0


def balanced_accuracy(truth: Ints, predicted: Ints, classes: int) -> float | None:
    """Mean sensitivity over the classes that occur; None without images."""
    if len(truth) == 0:
        return None
    total = np.bincount(truth, minlength=classes)
    hits = np.bincount(truth[truth == predicted], minlength=classes)
    present = total > 0
    return float((hits[present] / total[present]).mean())


def balanced_interval(hits: Hits, truth: Ints, units: Sequence[Hashable] | Ints | None = None) -> Interval:
    """Mean share of hits (n,) over the classes that occur in `truth`, (n,), with its 95 % interval.

    Classes err alike where the same groups have images of several of them; how far, follows from the make-up of the groups and
    the correlation that is seen within them.
    """
    if len(truth) == 0:
        return mean_interval([])
    groups = numbered(units, len(truth))
    kinds = np.unique(truth, return_inverse=True)[1]
    inside = [kinds == k for k in range(int(kinds.max()) + 1)]
    # Each class has its own images, so their number changes no correlation.
    shared = _Shared(kinds, groups, np.eye(len(inside)))
    alike = cautious(alikeness(hits.astype(float), groups), ~hits if hits.mean() > 0.5 else hits, groups)
    return _mean(
        [share_interval(hits[rows], groups[rows]) for rows in inside],
        [outermost(float(hits[rows].mean()), len(np.unique(groups[rows]))) for rows in inside],
        shared.at(alike),
        shared.at(1.0),
    )


def auroc(truth: Ints, probabilities: Floats) -> float | None:
    """Mean one-against-rest area under the ROC curve over the classes that occur with a counterpart (rank statistic, ties
    shared: Hanley and McNeil 1982); None with fewer than two classes present."""
    present = np.unique(truth)
    if len(present) < 2:
        return None
    return float(np.mean([_placements(truth == k, probabilities[:, k])[truth == k].mean() for k in present]))


def auroc_interval(
    truth: Ints, probabilities: Floats, units: Sequence[Hashable] | Ints | None = None
) -> Interval | None:
    """`auroc` with a 95 % interval: Newcombe's for each area, with fewer images where these are grouped.

    The design effect is Kish's (1965) for weights that let each class count the same, at the correlation of placements within a
    group, taken larger where few groups have images that are told apart wrongly. Areas of several classes are about the same
    images; how far their errors go together follows from what an image weighs in each.
    """
    present, kinds = np.unique(truth, return_inverse=True)
    if len(present) < 2:
        return None
    groups = numbered(units, len(truth))
    grouped = int(groups.max()) + 1 < len(truth)
    areas, influence, apart = [], np.zeros(len(truth)), np.zeros(len(truth))
    for k in present:
        positive = truth == k
        ordered = _placements(positive, probabilities[:, k])
        within = _innermost(float(ordered[positive].mean()), positive, probabilities[:, k], groups) if grouped else None
        areas.append(_Area.of(ordered, positive, groups, within))
        influence[positive] = (ordered[positive] - areas[-1].value) / areas[-1].images[0]
        apart += (1.0 - ordered if areas[-1].value > 0.5 else ordered) / np.where(positive, *areas[-1].images)
    counts = np.bincount(kinds).astype(float)
    weights = np.where(np.eye(len(counts), dtype=bool), 1 / counts, 1 / (len(truth) - counts))
    shared = _Shared(kinds, groups, weights)
    alike = cautious(alikeness(influence, groups), apart, groups)
    alone, seen, most = shared.at(0.0), shared.at(alike), shared.at(1.0)
    effects = zip(np.diag(seen) / np.diag(alone), np.diag(most) / np.diag(alone), strict=True)
    parts = [
        area.interval(float(effect), float(largest)) for area, (effect, largest) in zip(areas, effects, strict=True)
    ]
    return _mean(parts, [area.outermost() for area in areas], seen, most)


def _placements(positive: Hits, scores: Floats) -> Floats:
    """The share of the images on the other side, of the class or not of it, that each image (n,) is told apart from in the right
    order; ties count half (DeLong et al. 1988, Biometrics 44:837)."""
    ranks, n_pos = _ranks(scores), int(positive.sum())
    ordered = np.empty(len(scores))
    ordered[positive] = (ranks[positive] - _ranks(scores[positive])) / (len(scores) - n_pos)
    ordered[~positive] = 1.0 - (ranks[~positive] - _ranks(scores[~positive])) / n_pos
    return ordered


def _innermost(area: float, positive: Hits, scores: Floats, groups: Ints) -> Interval:
    """`innermost` for an area: the chance that two images are in the right order is at least the chance that all of their groups
    are, which their worst images tell, and at most the chance that any of them are."""

    def of_groups(first: np.ufunc, second: np.ufunc) -> Interval:
        values = []
        for rows, take in zip((positive, ~positive), (first, second), strict=True):
            numbers = np.unique(groups[rows], return_inverse=True)[1]
            values.append(take.reduceat(scores[rows][np.argsort(numbers, kind="stable")], _starts(numbers)))
        side = np.repeat([True, False], [len(v) for v in values])
        found = float(_placements(side, np.concatenate(values))[side].mean())
        return area_interval(found, len(values[0]), len(values[1]))

    worst, best = of_groups(np.minimum, np.maximum), of_groups(np.maximum, np.minimum)
    return Interval(area, worst.low if worst.value <= area else 0.0, best.high if best.value >= area else 1.0)


def _starts(numbers: Ints) -> Ints:
    """Where each group begins once its images, (n,) numbers from 0 on, are sorted by it."""
    counts = np.bincount(numbers)
    return np.cumsum(counts) - counts


@dataclass(frozen=True, slots=True)
class _Area:
    """An area under the ROC curve. variance: of DeLong et al. 1988. images, units: how many of the class and of the others.
    within: what its interval need not exceed; None where the images stand alone."""

    value: float
    variance: float
    images: tuple[int, int]
    units: tuple[int, int]
    within: Interval | None = None

    @classmethod
    def of(cls, ordered: Floats, positive: Hits, groups: Ints, within: Interval | None) -> _Area:
        """From the placements, (n,), of all images."""
        sides = (ordered[positive], ordered[~positive])
        return cls(
            value=float(sides[0].mean()),
            variance=sum(float(side.var(ddof=1)) / len(side) for side in sides if len(side) > 1),
            images=(len(sides[0]), len(sides[1])),
            units=(len(np.unique(groups[positive])), len(np.unique(groups[~positive]))),
            within=within,
        )

    def interval(self, effect: float, largest: float) -> Interval:
        """effect: the design effect that is seen; largest: were the images of a group always told apart alike.

        Newcombe's formula takes the scores of both classes to spread alike. Where they don't, or where a few are far off, the
        variance of DeLong et al. tells, by which the area counts as a share of as many independent images. The wider interval
        holds. Where all pairs are in order, or none, nothing shows how alike the images of a group are, and a group counts once.
        """
        beyond = self.outermost()
        if self.value in (0.0, 1.0):
            return beyond
        taken = min(largest, effect * few_groups(min(self.units)))  # 1 where every image is a group of its own
        newcombe = area_interval(self.value, self.images[0] / taken, self.images[1] / taken)
        worth = self.value * (1 - self.value) / max(taken * self.variance, 1e-12)
        share = exact(self.value * worth, worth)
        low, high = min(newcombe.low, share.low, beyond.low), max(newcombe.high, share.high, beyond.high)
        if self.within is not None:
            low, high = max(low, self.within.low), min(high, self.within.high)
        return Interval(self.value, low, high)

    def outermost(self) -> Interval:
        """`outermost` for an area: what as many groups as are worth its pairs in the right order would show, and the wrong."""
        right, wrong = self.value, 1.0 - self.value
        low = area_interval(1.0, self.units[0] * right, self.units[1] * right).low if right > 0.0 else 0.0
        high = area_interval(0.0, self.units[0] * wrong, self.units[1] * wrong).high if wrong > 0.0 else 1.0
        return Interval(self.value, low, high)


def _mean(parts: Sequence[Interval], beyond: Sequence[Interval], seen: Floats, most: Floats) -> Interval:
    """The mean of figures whose errors have the covariances `seen`; it reaches at least as far as the mean of the limits
    `beyond` if the figures were all 1, or all 0, with the covariances `most`."""
    found = mean_interval(parts, _correlations(seen))
    right = mean_interval([Interval(1.0, b.low, 1.0) for b in beyond], _correlations(most))
    wrong = mean_interval([Interval(0.0, 0.0, b.high) for b in beyond], _correlations(most))
    return Interval(found.value, min(found.low, right.low), max(found.high, wrong.high))


class _Shared:
    """How the errors of several weighted means over the same images go together.

    kinds, groups: (n,) numbers of the images' classes and groups. weights: (classes, figures), what an image of each class
    weighs in each figure.
    """

    def __init__(self, kinds: Ints, groups: Ints, weights: Floats) -> None:
        classes = len(weights)
        cells = np.bincount(groups * classes + kinds, minlength=(int(groups.max()) + 1) * classes)
        table = cells.reshape(-1, classes)
        sums = table @ weights
        self._single, self._together = (weights.T * table.sum(axis=0)) @ weights, sums.T @ sums

    def at(self, alike: float) -> Floats:
        """Covariances (figures, figures), were each image's error of variance 1 and correlated by `alike` within its group."""
        return np.asarray((1 - alike) * self._single + alike * self._together)


def _correlations(covariances: Floats) -> Floats:
    scale = np.sqrt(np.diag(covariances))
    return np.asarray(covariances / np.outer(scale, scale))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def log_loss(truth: Ints, probabilities: Floats) -> float:
    """Mean negative log-likelihood in nats."""
    picked = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(picked, 1e-12, 1.0)).mean())


def _one_class(truth: Ints, predicted: Ints, k: int, groups: Ints) -> ClassFigures:
    is_k, said_k = truth == k, predicted == k

    def share(hits: Hits, among: Hits) -> Interval | None:
        return share_interval(hits[among], groups[among]) if among.any() else None

    return ClassFigures(
        sensitivity=share(said_k, is_k),
        specificity=share(~said_k, ~is_k),
        ppv=share(is_k, said_k),
        n=int(is_k.sum()),
    )
