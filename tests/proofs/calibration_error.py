"""A right model's calibration error: what the program says it is by chance, and how often it says that a right model is off.

Each answer's confidence comes from logits of two or five classes; it is right as often as that says. In groups the answers come
true together, by a normal part that they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tests.proofs.table import Proof, Trial
from tlstudio.evaluation.calibration_error import chance_error, expected_calibration_error

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Kind = tuple[int, float]

SIZES = (30, 100, 1000)
GROUPS, ALIKE = (5, 9, 20, 40), (0.0, 0.3, 0.7)
KINDS = ((2, 1.0), (2, 3.0), (5, 2.0))  # classes, and how far their logits spread
SOFTER = 0.6  # logits times this make a model that is too sure


@dataclass(slots=True)
class Found:
    """Means over the draws: the calibration error, that by chance, and how often the first was beyond the limit."""

    error: float
    chance: float
    beyond: float


def draw(
    rng: np.random.Generator, groups: Ints, alike: float, kind: tuple[int, float], truth: float = 1.0
) -> tuple[Ints, Floats]:
    """Labels (n,) and probabilities (n, classes), which are right where `truth` is 1; below, the logits are too large by that."""
    n, (classes, spread) = len(groups), kind
    logits = rng.normal(0, spread, (n, classes))

    def softmax(values: Floats) -> Floats:
        raised = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    said, honest = softmax(logits), softmax(logits * truth).max(axis=1)
    luck = np.sqrt(alike) * rng.normal(size=int(groups.max()) + 1)[groups] + np.sqrt(1 - alike) * rng.normal(size=n)
    answers = said.argmax(axis=1)
    return np.where(luck < ndtri(honest), answers, (answers + 1) % classes), said


def measure(groups: Ints, alike: float, kind: Kind, draws: int, *, seed: int, truth: float = 1.0) -> Found:
    rng = np.random.default_rng([seed, len(groups), int(groups.max()), int(10 * alike), kind[0], int(kind[1])])
    rows = []
    for k in range(draws):
        labels, said = draw(rng, groups, alike, kind, truth)
        error, chance = expected_calibration_error(labels, said), chance_error(labels, said, groups, seed=k)
        rows.append((error, chance.mean, float(error > chance.limit)))
    return Found(*(float(v) for v in np.mean(rows, axis=0)))


def prove(trial: Trial) -> Iterator[Proof]:
    draws = trial.draws(400)
    alone = [measure(np.arange(n), 0.0, kind, draws, seed=trial.seed) for n in SIZES for kind in KINDS]
    note = f"{len(alone)} cells of {', '.join(map(str, SIZES))} images, {draws} draws each"
    yield Proof(
        "a right model is said to be off, without groups, worst cell",
        max(f.beyond for f in alone),
        at_most=0.08,
        note=note,
    )
    far = max(abs(f.error - f.chance) for f in alone)
    yield Proof("what a right model shows, minus what the program says it shows", far, at_most=0.01, note=note)
    draws = trial.draws(150)
    together = [
        measure(np.repeat(np.arange(m), 20), alike, kind, draws, seed=trial.seed)
        for m in GROUPS
        for alike in ALIKE
        for kind in KINDS
    ]
    note = f"{len(together)} cells of 5 to 40 groups of 20 images, correlation 0 to 0.7, {draws} draws each"
    mean = float(np.mean([f.beyond for f in together]))
    yield Proof("a right model is said to be off, in groups, mean of the cells", mean, at_most=0.06, note=note)
    draws = trial.draws(200)
    sure = measure(np.arange(1000), 0.0, (2, 3.0), draws, seed=trial.seed, truth=SOFTER)
    note = f"logits too large by 1 / {SOFTER}, error {100 * sure.error:.1f} points, 1000 images, {draws} draws"
    yield Proof("a model that is too sure is said to be off", sure.beyond, at_least=0.95, note=note)
