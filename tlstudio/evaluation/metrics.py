"""Figures of merit from labels and probabilities; numpy and scikit-learn only."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlstudio.domain.results import ClassFigures
from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import area_interval, bootstrap, mean_interval, share_interval

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything `measure` finds; intervals are 95 %."""

    accuracy: Interval
    balanced_accuracy: Interval
    auroc: Interval | None
    ece: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


def measure(truth: Ints, probabilities: Floats, units: Sequence[Hashable] | None = None) -> Figures:
    """Figures for labels (n,) int and probabilities (n, classes); `units[i]` names what image i is grouped with."""
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    table = confusion(truth, predicted, classes)
    per_class = tuple(_one_class(truth, predicted, k, units) for k in range(classes))
    return Figures(
        accuracy=share_interval(predicted == truth, units),
        balanced_accuracy=mean_interval([c.sensitivity for c in per_class if c.sensitivity is not None]),
        auroc=auroc_interval(truth, probabilities, units),
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


def auroc(truth: Ints, probabilities: Floats) -> float | None:
    """Mean one-against-rest area under the ROC curve over the classes that occur with a counterpart (rank statistic, ties
    shared: Hanley and McNeil 1982); None with fewer than two classes present."""
    areas = _areas(truth, probabilities)
    return float(np.mean(list(areas.values()))) if areas else None


def auroc_interval(truth: Ints, probabilities: Floats, units: Sequence[Hashable] | None = None) -> Interval | None:
    """`auroc` with a 95 % interval: the bootstrap's within classes, but Newcombe's where drawing again can't tell the spread:
    when a class present has a single unit, or when every draw comes out the same, as it does for perfect areas."""
    names = np.arange(len(truth)) if units is None else np.unique([str(u) for u in units], return_inverse=True)[1]
    if all(len(np.unique(names[truth == k])) > 1 for k in np.unique(truth)):
        drawn = bootstrap(
            lambda rows: auroc(truth[rows], probabilities[rows]), len(truth), units, strata=truth, resamples=200
        )
        if drawn is not None and drawn.high - drawn.low > 1e-9:
            return drawn
    return _newcombe(truth, probabilities, names)


def _newcombe(truth: Ints, probabilities: Floats, names: Ints) -> Interval | None:
    """The limits of the areas averaged: cautious, as if all areas erred alike (with two classes they do). A unit counts once."""
    parts = [
        area_interval(area, len(np.unique(names[truth == k])), len(np.unique(names[truth != k])))
        for k, area in _areas(truth, probabilities).items()
    ]
    if not parts:
        return None
    value, low, high = np.mean([(p.value, p.low, p.high) for p in parts], axis=0)
    return Interval(float(value), float(min(low, value)), float(max(high, value)))


def _areas(truth: Ints, probabilities: Floats) -> dict[int, float]:
    """Area of each class that occurs with a counterpart."""
    areas = {}
    for k in range(probabilities.shape[1]):
        positive = truth == k
        n_pos, n_neg = int(positive.sum()), int((~positive).sum())
        if n_pos and n_neg:
            ranks = _ranks(probabilities[:, k])
            areas[k] = float((ranks[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg))
    return areas


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def expected_calibration_error(truth: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal-width bins (Guo et al. 2017, arXiv 1706.04599)."""
    if len(truth) == 0:
        return 0.0
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(which, minlength=bins)
    gap = np.abs(
        np.bincount(which, weights=confidence, minlength=bins) - np.bincount(which, weights=hit, minlength=bins)
    )
    return float(gap[counts > 0].sum() / len(truth))


def log_loss(truth: Ints, probabilities: Floats) -> float:
    """Mean negative log-likelihood in nats."""
    picked = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(picked, 1e-12, 1.0)).mean())


def _one_class(truth: Ints, predicted: Ints, k: int, units: Sequence[Hashable] | None) -> ClassFigures:
    is_k, said_k = truth == k, predicted == k

    def share(hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Interval | None:
        if not among.any():
            return None
        where = np.flatnonzero(among)
        return share_interval(hits[among], None if units is None else [units[int(i)] for i in where])

    return ClassFigures(
        sensitivity=share(said_k, is_k),
        specificity=share(~said_k, ~is_k),
        ppv=share(is_k, said_k),
        n=int(is_k.sum()),
    )
