"""The probe: L2-regularised multinomial logistic regression on frozen features.

The strength is chosen by stratified, group-aware cross-validation. Three things make that a matter of a second:

- the features are rotated to their principal axes, which changes neither the penalty nor the solution, and there each axis is
  scaled by the curvature that the loss can have along it (Böhning 1992, AISM 44:197), so L-BFGS needs few iterations;
- all folds are solved as one problem: their losses share no parameters, so the sum has the same minimum;
- each strength starts from the solution of the one before it.

Standardisation is folded into the result, so the head is a plain linear layer on raw features.

One thing keeps it from becoming minutes. L-BFGS and the eigenvectors are made of many thousand small steps, which the linear
algebra library shares between threads. On a machine that has other work, each step then waits for a thread that is not
running: ten times as long in all, as if it hung. So these run on one thread, which costs little where the machine is idle.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import ThreadpoolController

from tlstudio.domain.events import SILENT, Progress, Reporter

Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Inverse strengths as in scikit-learn's C: penalty |W|^2 / 2 against C times the summed loss.
STRENGTHS = tuple(10.0**e for e in range(-4, 2))  # weaker ones measured no better, and they are the slow ones
UNCHOSEN = 0.1  # the strength where too few images leave no choice
FOLDS = 5
ITERATIONS = 60
PATIENCE = 2  # strengths tried beyond the best one before the path ends


@dataclass(frozen=True, slots=True)
class LinearHead:
    """weight (classes, features), bias (classes,): float32, on raw features."""

    weight: Features
    bias: Features

    def logits(self, features: Features) -> Features:
        """(n, features) -> (n, classes)."""
        return features @ self.weight.T + self.bias

    def probabilities(self, features: Features) -> npt.NDArray[np.float64]:
        logits = self.logits(features).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        exp = np.exp(logits)
        return np.asarray(exp / exp.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Probe:
    """A fitted head, the strength chosen, and what it said of each training image while that image was left out.

    held_out: (n, classes) probabilities, float64; NaN for an image that was never left out.
    judged: (n,) bool, which images were left out once: those of the classes with two units or more. With fewer than two such
    classes there is nothing to compare: `folds` is 0 and no image is judged.
    """

    head: LinearHead
    strength: float
    folds: int
    held_out: npt.NDArray[np.float64]
    judged: Mask


def fit_probe(
    features: Features,
    labels: Ints,
    classes: int,
    *,
    units: Sequence[Hashable] | None = None,
    strength: float | None = None,
    seed: int = 0,
    leave_out: bool = True,
    reporter: Reporter = SILENT,
) -> Probe:
    """Fits the head to features (n, d) and labels (n,) in 0 … classes-1; images of one of `units` are left out together.

    strength: None to choose it by cross-validation. leave_out: whether each image shall be judged while it is left out, also
    where the strength is given.
    """
    mean = features.mean(axis=0)
    scale = features.std(axis=0)
    scale = np.where(scale > 1e-6, scale, 1.0).astype(np.float32)
    axes = _principal_axes((features - mean) / scale)
    problem = _Problem(axes.coordinates, labels, classes)
    folds = _fold_masks(labels, units, seed) if leave_out or strength is None else []
    everyone = np.ones(len(labels), bool)
    judged = ~np.all([everyone, *folds], axis=0)
    chosen, held_out = strength or UNCHOSEN, np.full((len(labels), classes), np.nan)
    if folds and strength is not None:
        held_out = problem.held_out(folds, problem.solve(folds, strength, None))
    elif folds:
        chosen, held_out = _cross_validate(problem, folds, judged, reporter)
    rotated = problem.solve([everyone], chosen, None)[0]
    weights = axes.back(rotated[:-1])
    weight = np.ascontiguousarray((weights / scale[:, None]).T, dtype=np.float32)
    bias = (rotated[-1] - (mean / scale) @ weights).astype(np.float32)
    return Probe(LinearHead(weight, bias), chosen, len(folds), held_out, judged)


@cache
def _blas() -> ThreadpoolController:
    """What sets the linear algebra's threads. Looking the libraries up takes longer than a small solution."""
    return ThreadpoolController()


@dataclass(frozen=True, slots=True)
class _Axes:
    """coordinates (n, r) of the images along the principal axes; directions (features, r), orthonormal."""

    coordinates: Features
    directions: Features

    def back(self, weights: Features) -> Features:
        """(r, classes) in rotated coordinates -> (features, classes)."""
        return self.directions @ weights


def _principal_axes(standard: Features) -> _Axes:
    """Rotates (n, d) standardised features; through the smaller of both Gram matrices."""
    n, d = standard.shape
    gram = (standard.T @ standard if n >= d else standard @ standard.T).astype(np.float64)
    with _blas().limit(limits=1, user_api="blas"):
        values, vectors = np.linalg.eigh(gram)
    if n >= d:
        kept = values > values[-1] * 1e-10
        directions = vectors[:, kept].astype(np.float32)
    else:
        kept = values > values[-1] * 1e-10
        directions = (standard.T @ vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return _Axes(standard @ directions, directions)


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


def _cross_validate(
    problem: _Problem, folds: list[Mask], judged: Mask, reporter: Reporter
) -> tuple[float, npt.NDArray[np.float64]]:
    """Walks from strong to weak regularisation; the most accurate strength wins, the lower loss among equals.

    judged: (n,) bool, the images that some fold leaves out; the others have no say.
    """
    best: tuple[float, float] | None = None
    chosen, held_out, since = STRENGTHS[0], np.empty(0), 0
    start: Features | None = None
    truth = problem.labels[judged]
    for tried, strength in enumerate(STRENGTHS, start=1):
        start = problem.solve(folds, strength, start)
        probabilities = problem.held_out(folds, start)
        said = probabilities[judged]
        picked = np.clip(said[np.arange(len(truth)), truth], 1e-12, 1.0)
        score = (float((said.argmax(axis=1) == truth).mean()), float(np.log(picked).mean()))
        if best is None or score > best:
            best, chosen, held_out, since = score, strength, probabilities, 0
        else:
            since += 1
        reporter.report(Progress("Choosing the regularisation", tried, len(STRENGTHS)))
        if since >= PATIENCE:
            break
    return chosen, held_out


class _Problem:
    """Logistic regression on coordinates (n, r) whose axes are uncorrelated."""

    def __init__(self, coordinates: Features, labels: Ints, classes: int) -> None:
        n = len(labels)
        self.labels = labels
        self._classes = classes
        self._x = torch.from_numpy(np.hstack([coordinates, np.ones((n, 1), np.float32)]))
        self._y = torch.from_numpy(labels).view(n, 1, 1)
        # Along axis i the mean loss curves by at most half the mean square of its coordinates.
        self._curvature = 0.5 * (self._x.double() ** 2).mean(dim=0)

    def held_out(self, folds: list[Mask], weights: Features) -> npt.NDArray[np.float64]:
        """What each fold's model (folds, r + 1, classes) says of the images it did not see: (n, classes); NaN for the others."""
        x = self._x.numpy()
        result = np.full((len(x), self._classes), np.nan)
        for mask, w in zip(folds, weights, strict=True):
            result[~mask] = LinearHead(w[:-1].T, w[-1]).probabilities(x[~mask, :-1])
        return result

    def solve(self, masks: list[Mask], strength: float, start: Features | None) -> Features:
        """Minimises C * sum of cross-entropy + |W|^2 / 2 for every mask at once by L-BFGS (Liu and Nocedal 1989).

        Returns weights (masks, r + 1, classes), the bias last; the bias is not penalised.
        """
        n, d = self._x.shape
        f, k = len(masks), self._classes
        shape = (d, f, k)
        x, y = self._x, self._y.expand(n, f, 1)
        keep = torch.from_numpy(np.stack(masks, axis=1).astype(np.float32))  # (n, folds)
        penalty = torch.full((d, 1, 1), 1.0 / (strength * n))  # of the objective divided by C * n
        penalty[-1] = 0.0
        stretch = (1.0 / (self._curvature.view(d, 1, 1) + penalty).sqrt()).float()

        def objective(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
            w = torch.from_numpy(flat.astype(np.float32)).view(shape) * stretch
            log_p = (x @ w.view(d, f * k)).view(n, f, k).log_softmax(dim=2)
            picked = log_p.gather(2, y).squeeze(2)
            loss = -(picked * keep).sum().double() / n + 0.5 * (penalty * w * w).sum().double()
            residual = log_p.exp_()
            residual.scatter_add_(2, y, torch.full((n, f, 1), -1.0))
            residual *= (keep / n).unsqueeze(2)
            gradient = ((x.T @ residual.view(n, f * k)).view(shape) + penalty * w) * stretch
            return float(loss), gradient.double().numpy().ravel()

        flat = np.zeros(int(np.prod(shape)))
        if start is not None:
            flat = (np.moveaxis(start, 0, 1) / stretch.numpy()).ravel().astype(np.float64)
        options = {"maxiter": ITERATIONS, "maxcor": 10, "ftol": 1e-7, "gtol": 1e-5}
        with _blas().limit(limits=1, user_api="blas"):
            found = minimize(objective, flat, jac=True, method="L-BFGS-B", options=options)
        weights = found.x.reshape(shape).astype(np.float32) * stretch.numpy()
        return np.ascontiguousarray(np.moveaxis(weights, 1, 0))
