"""What training hands out: nothing takes the first result's place by luck, what is better does, and the figure is no luck either.

Simulated: each image has a margin by which a classifier is right, in part its own, in part common to all that were trained. Four
candidates of the end and ten epochs are held against the first result, as a training does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from tests.proofs.table import Proof, Trial
from tlstudio.evaluation.contest import Field, distances, left_out_winners, sureness, winner

RIGHT = 0.85  # of the first result
RIVALS, EPOCHS = 4, 10
DRAWS = 600
POWER_DRAWS = 200
FIGURES = 200
SIZES = (50, 200, 1000)


@dataclass(frozen=True)
class World:
    """common: share of the margin's variance that all have in common. trained: of the rest, what trained ones share. bold: power
    that makes the trained ones surer of what they are sure of. group: images that have the rest of the margin in common."""

    common: float = 0.6
    trained: float = 0.5
    bold: float = 1.0
    group: int = 1
    right: float = RIGHT

    def draw(self, rng: np.random.Generator, n: int, gain: float) -> Field:
        whole = -(-n // self.group)

        def noise(*shape: int) -> npt.NDArray[np.float64]:
            return np.repeat(rng.normal(size=(*shape, whole)), self.group, axis=-1)[..., :n]

        k = RIVALS + EPOCHS
        rest = 1 - self.common
        base = np.sqrt(self.common) * noise()
        first = norm.ppf(self.right) + base + np.sqrt(rest) * noise()
        own, shared = np.sqrt(rest * (1 - self.trained)) * noise(k), np.sqrt(rest * self.trained) * noise()
        later = norm.ppf(min(0.9999, self.right + gain)) + base + shared + own
        margins = np.concatenate([first[None], np.sign(later) * np.abs(later) ** self.bold])
        hits = margins > 0
        sure, truth = sureness(hits[0]), np.zeros(n, np.int64)
        chances = 1 / (1 + np.exp(-2 * margins))
        errors = np.array([distances(np.stack([p, 1 - p], axis=1), truth, sure) for p in chances])
        units = np.arange(n) // self.group
        return Field(hits, errors, np.ones(n), units, tuple(range(1, RIVALS + 1)), tuple(range(RIVALS + 1, k + 1)))


WORLDS = {
    "as usual": World(),
    "who differ much": World(common=0.3, trained=0.2),
    "who are bold": World(bold=1.6),
    "who are nearly perfect": World(right=0.96),
    "in groups of five": World(group=5),
}


def prove(trial: Trial) -> Iterator[Proof]:
    for words, world in WORLDS.items():
        for n in SIZES[:2]:
            draws = trial.draws(DRAWS)
            taken = _taken(world, trial.seed, n, 0.0, draws)
            yield Proof(
                f"equal rivals {words} take the first result's place, {n} images",
                taken,
                at_most=0.05 + 2.6 * np.sqrt(0.05 * 0.95 / draws),
                note=f"{draws:,} trainings of {RIVALS} candidates and {EPOCHS} epochs; 5 % and the error of so many draws",
            )
    for n, least in zip(SIZES, (0.0, 0.6, 0.95), strict=True):
        for gain in (0.02, 0.05, 0.10):
            draws = trial.draws(POWER_DRAWS)
            bound = {0.02: 0.0, 0.05: least, 0.10: max(least, 0.6)}[gain]
            yield Proof(
                f"a rival that is better by {gain:.0%} is taken, {n} images",
                _taken(World(), trial.seed + 1, n, gain, draws),
                at_least=max(0.0, bound - 2.6 * np.sqrt(0.25 / draws)) if draws < POWER_DRAWS else bound,
                note=f"{draws:,} trainings",
            )
    yield from _figures(trial)


def _taken(world: World, seed: int, n: int, gain: float, draws: int) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([winner(world.draw(rng, n, gain)) != 0 for _ in range(draws)]))


def _figures(trial: Trial) -> Iterator[Proof]:
    """How far the figure of what is handed out lies above what that is really right in; as told, and without the correction."""
    for n in SIZES[:2]:
        for gain in (0.0, 0.05):
            rng = np.random.default_rng(trial.seed + 2)
            draws = trial.draws(FIGURES)
            told, bare = [], []
            for _ in range(draws):
                field = World().draw(rng, n, gain)
                taken = winner(field)
                truth = RIGHT + (gain if taken else 0.0)
                bare.append(field.hits[taken].mean() - truth)
                said = field.hits[left_out_winners(field), np.arange(n)] if taken else field.hits[0]
                told.append(said.mean() - truth)
            error = 2.6 * float(np.std(told)) / np.sqrt(draws)
            yield Proof(
                f"points that the figure of the chosen one is too good, rivals better by {gain:.0%}, {n} images",
                100 * abs(float(np.mean(told))),
                at_most=1.0 if draws >= FIGURES else 1.0 + 100 * error,
                note=f"{draws:,} trainings; {100 * np.mean(bare):.1f} without the correction",
            )
