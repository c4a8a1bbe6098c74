"""How unlike the images at home, those it was made with, an image is: a score that lives inside the exported graph.

Each block of `training.stages` is described by a Gaussian: a principal subspace and one variance for all that it leaves over
(probabilistic principal components, Tipping and Bishop 1999), its covariance shrunk after Ledoit and Wolf (2004) because images
are few and numbers many. So a block's distance joins Mahalanobis' (Lee et al. 2018, arXiv 1807.03888) and the residual of a
subspace (Wang et al. 2022, ViM, arXiv 2203.10807). The logarithms of these distances, each in units of its own scatter at home,
are added with weights that count only once what blocks say together.

Everything that is learned from scatter at home is learned from images that the Gaussians did not see: they are fitted again
without each fifth of the units (patients, parts), which is then measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.stats import t as student
from sklearn.covariance import ledoit_wolf_shrinkage

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.floating[Any]]

UNFAMILIAR = 1.0  # novelty above it
FALSE_ALARMS = 0.015  # share of images like those at home that may be called unfamiliar
FOLDS = 5
MOST_FOLDS = 20  # up to so many units each is a fold of its own
MOST_COMPONENTS = 64
CONSTANT = 0.01  # deviation, in the blocks' own units, below which a number counts as constant
TYPICAL = 0.05  # of the usual deviation of a block's numbers: none is divided by less
LEAST_SCATTER = 0.05  # of the logarithm of a distance
OUTLIER = 4.0  # deviations from which on an image does not move the weights any more
RIDGE = 0.3  # on the correlations of the blocks' distances
LEAST_UNITS = 4  # of fewer, images are left out in turn, whatever they belong to


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Of one block of width d. center, scale: (d,). axes: (d, k). precision (k,), rest: 1 / variance along them and elsewhere."""

    center: Floats
    scale: Floats
    axes: Floats
    precision: Floats
    rest: float

    def distances(self, rows: Floats) -> Floats:
        """Logarithm of the mean squared distance, (n,), of rows (n, d); 0 is what the fitted rows have on the average."""
        z = (rows - self.center) / self.scale
        along = z @ self.axes
        square = self.rest * (z**2).sum(axis=1) + (along**2) @ (self.precision - self.rest)
        return np.asarray(np.log(np.maximum(square / len(self.center), 1e-12)))


@dataclass(frozen=True, slots=True)
class NoveltySpec:
    """What the graph needs: novelty = max(0, sum of weights x distances - offset); 1 is the threshold.

    softening: one array for each block, (channels,), what is added to the channels' deviations; empty for blocks that are used as
    they are. promised: whether the units are enough for the share of false alarms to be promised. images, units: that it was made
    with.
    """

    softening: tuple[Floats, ...]
    gaussians: tuple[Gaussian, ...]
    weights: Floats
    offset: float
    promised: bool
    images: int
    units: int

    def score(self, blocks: Sequence[Rows]) -> Floats:
        """Novelty (n,) of raw blocks, each (n, width), as the graph reckons it; above 1 is unfamiliar."""
        distances = _distances(self.gaussians, described(blocks, self.softening))
        return np.maximum(distances @ self.weights - self.offset, 0.0)


def least_units(false_alarms: float = FALSE_ALARMS) -> int:
    """Units from which on the largest of their scores keeps the share of false alarms: n / (n + 1) >= 1 - share."""
    return int(np.ceil(1 / false_alarms - 1))


def described(blocks: Sequence[Rows], softening: Sequence[Floats]) -> list[Floats]:
    """Blocks as the Gaussians want them: a stage's means in units of their deviations, and the logarithms of these.

    Logarithms make a picture without structure as strange as one with too much of it.
    """
    result = []
    for block, soft in zip(blocks, softening, strict=True):
        if not len(soft):
            result.append(np.asarray(block, np.float64))
            continue
        mean, deviation = np.split(np.asarray(block, np.float64), 2, axis=1)
        deviation = deviation + soft
        result.append(np.concatenate([mean / deviation, np.log(deviation)], axis=1))
    return result


def fit_novelty(
    blocks: Sequence[Rows],
    stages: int,
    units: Sequence[str],
    *,
    components: int = MOST_COMPONENTS,
    fresh: npt.NDArray[np.bool_] | None = None,
) -> NoveltySpec:
    """From the raw blocks of the images at home, each (n, width), the last `stages` of them channel statistics.

    units: what belongs together, (n,). components: axes that a block may have at most. fresh: which images the network did not
    learn from, (n,); where those are stranger to it than the others, they set the threshold. Needs at least three images.
    """
    plain = len(blocks) - stages
    softening = tuple(_softening(b) if i >= plain else np.zeros(0) for i, b in enumerate(blocks))
    rows = described(blocks, softening)
    gaussians = tuple(_fit(block, components) for block in rows)
    numbers = np.unique(np.asarray(units), return_inverse=True)[1]
    count = int(numbers.max()) + 1
    apart = numbers if count >= LEAST_UNITS else np.arange(len(numbers))
    left_out = _left_out(rows, apart if apart.max() < MOST_FOLDS else apart % FOLDS, components)
    center, scatter = _middle(left_out)
    z = np.clip((left_out - center) / scatter, -OUTLIER, OUTLIER)
    correlation = np.atleast_2d(np.cov(z.T)) + RIDGE * np.eye(z.shape[1])
    weights = np.clip(np.linalg.solve(correlation, np.ones(z.shape[1])), 0.0, None)
    told = (left_out - center) / scatter @ weights
    parts = [np.ones(len(told), bool), *([] if fresh is None else [fresh])]
    limit = max(_limit(told[part], len(set(numbers[part]))) for part in parts if part.any())
    middle = float(np.median(told))
    reach = max(limit - middle, 1e-6)
    weights = weights / scatter / reach
    return NoveltySpec(
        softening,
        gaussians,
        weights,
        float(center @ weights + middle / reach),
        promised=count >= least_units(),
        images=len(told),
        units=count,
    )


def _left_out(rows: Sequence[Floats], folds: npt.NDArray[np.int64], components: int) -> Floats:
    result = np.empty((len(folds), len(rows)))
    for fold in np.unique(folds):
        out = folds == fold
        gaussians = [_fit(block[~out], components) for block in rows]
        result[out] = _distances(gaussians, [block[out] for block in rows])
    return result


def _limit(scores: Floats, units: int) -> float:
    """The score that a new image from home exceeds with the chance FALSE_ALARMS.

    The rank that keeps it whatever the scores' distribution where the units are enough for that; below, also the prediction limit
    of a normal distribution with as many degrees of freedom as units. A few strangers at home, as they occur, move neither.
    """
    n = len(scores)
    rank = min(n, int(np.ceil((n + 1) * (1 - FALSE_ALARMS))))
    ranked = float(np.sort(scores)[rank - 1])
    if units >= least_units():
        return ranked
    middle, scatter = (float(v) for v in _middle(scores))
    reach = float(student.ppf(1 - FALSE_ALARMS, max(units - 1, 1))) * np.sqrt(1 + 1 / max(units, 1))
    return float(max(ranked, middle + reach * scatter))


def _middle(values: Floats) -> tuple[Floats, Floats]:
    """Median and deviation of each column, the deviation from the middle two thirds, which few strangers can't move."""
    low, middle, high = np.quantile(values, [0.16, 0.5, 0.84], axis=0)
    return middle, np.maximum((high - low) / 2, LEAST_SCATTER)


def _softening(block: Rows) -> Floats:
    """A share of the usual deviation of each channel, of the usual channel at least."""
    usual = np.median(np.asarray(block, np.float64)[:, block.shape[1] // 2 :], axis=0)
    return np.asarray(TYPICAL * np.maximum(usual, TYPICAL * np.median(usual)) + 1e-6)


def _distances(gaussians: Sequence[Gaussian], rows: Sequence[Floats]) -> Floats:
    return np.stack([g.distances(block) for g, block in zip(gaussians, rows, strict=True)], axis=1)


def _fit(rows: Floats, components: int) -> Gaussian:
    center, deviation = rows.mean(axis=0), rows.std(axis=0)
    scale = np.sqrt(deviation**2 + (TYPICAL * np.median(deviation)) ** 2 + CONSTANT**2)
    z = (rows - center) / scale
    n, d = z.shape
    shrink = float(ledoit_wolf_shrinkage(z, assume_centered=True)) if n > 1 else 1.0
    total = float((z**2).sum() / n)
    k = max(1, min(components, n - 1, d - 1)) if d > 1 else 0
    small = n < d
    product = (z @ z.T if small else z.T @ z) / n
    size = len(product)
    values, vectors = eigh(product, subset_by_index=[size - k, size - 1]) if k else (np.zeros(0), np.zeros((d, 0)))
    values = np.maximum(values, 0.0)
    if small and k:
        vectors = z.T @ vectors
        vectors /= np.maximum(np.linalg.norm(vectors, axis=0), 1e-12)
    mean = max(total / d, 1e-6)
    rest = (1 - shrink) * max(total - float(values.sum()), 0.0) / max(d - k, 1) + shrink * mean
    along = (1 - shrink) * values + shrink * mean
    return Gaussian(center, scale, vectors, 1 / np.maximum(along, 1e-6), 1 / max(rest, 1e-6))
