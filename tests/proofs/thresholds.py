"""A threshold for a class that must not be missed: it never misses more, and finds as many as it is said to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from tests.proofs.table import Proof, Trial
from tlstudio.domain.operating import OperatingPoint, Wish
from tlstudio.evaluation.decision import decide, flag_scores
from tlstudio.evaluation.operating import find_point

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DRAWS = 400  # of each cell
TRUTH = 40_000  # images that a true sensitivity is counted on
POSITIVES = (10, 20, 40, 60, 100, 200)
WISHES = (0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Classifier:
    """A simulated classifier: logits around the true class.

    classes: their number; class 0 must not be missed. skill: by how much the true class's logit leads on average, in standard
    deviations of the noise. sharp: the logits' factor, above 1 for one that is too sure of itself. hard: share of the images of
    class 0 that are taken for others, as of a kind that was hardly met in training. digits: to which the probabilities are
    rounded, which makes ties.
    """

    name: str
    classes: int
    skill: float
    sharp: float = 1.0
    hard: float = 0.0
    digits: int = 9

    def answers(self, truth: Ints, ease: Floats, rng: np.random.Generator) -> Floats:
        """Probabilities (n, classes). ease (n,): standard normal, how easy the image's group is, noise included."""
        n = len(truth)
        logits = rng.normal(size=(n, self.classes))
        logits[np.arange(n), truth] = self.skill + ease
        unlike = (truth == 0) & (rng.random(n) < self.hard)
        logits[unlike, 0] -= 2 * self.skill
        return self.softmax(logits)

    def softmax(self, logits: Floats) -> Floats:
        powers = np.exp(self.sharp * (logits - logits.max(axis=1, keepdims=True)))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True)).round(self.digits)


CLASSIFIERS = (
    Classifier("good", 2, 3.0),
    Classifier("nearly perfect and too sure", 2, 5.0, sharp=8.0),
    Classifier("weak", 2, 0.7),
    Classifier("of three classes", 3, 2.0),
    Classifier("of eight classes, unsure", 8, 1.5, sharp=0.3),
    Classifier("with a kind it does not know", 3, 3.0, hard=0.04),
    Classifier("with ties", 3, 2.0, digits=2),
    Classifier("a coin", 2, 0.0),
)


@dataclass(frozen=True, slots=True)
class Groups:
    """How the images of class 0 fall into groups. count: of them. unequal: half of the images in a fifth of the groups.

    alike: correlation of the ease of two images of a group. blocks: share of the groups that are hard as a whole.
    """

    count: int
    unequal: bool
    alike: float
    blocks: float = 0.0

    def sizes(self, images: int) -> Ints:
        shares = np.ones(self.count)
        if self.unequal:
            shares[: max(1, self.count // 5)] = 4.0
        return np.maximum(1, np.round(images * shares / shares.sum())).astype(np.int64)

    def ease(self, units: Ints, rng: np.random.Generator) -> Floats:
        count = int(units.max()) + 1
        common = rng.normal(size=count) - 6.0 * (rng.random(count) < self.blocks)
        return np.sqrt(self.alike) * common[units] + np.sqrt(1 - self.alike) * rng.normal(size=len(units))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One draw: what was chosen, and the true sensitivity with and without it."""

    point: OperatingPoint
    truly: float
    alone: float


def trials(
    by: Classifier, positives: int, wish: float, draws: int, rng: np.random.Generator, *, groups: Groups | None = None
) -> Iterator[Outcome]:
    """Draws validation images, chooses, and counts the truth on images that are the same for all draws."""
    sizes = np.ones(positives, np.int64) if groups is None else groups.sizes(positives)
    many = np.arange(TRUTH)
    ease = rng.normal(size=TRUTH) if groups is None else groups.ease(many, rng)
    truth = by.answers(np.zeros(TRUTH, np.int64), ease, rng)
    ordered = np.sort(flag_scores(truth, 0))
    alone = int((truth.argmax(axis=1) == 0).sum()) / TRUTH
    for _ in range(draws):
        own = np.repeat(np.arange(len(sizes)), sizes)
        units = np.concatenate([own, len(sizes) + np.arange(3 * len(own))])
        labels = np.concatenate([np.zeros(len(own), np.int64), rng.integers(1, by.classes, 3 * len(own))])
        ease = rng.normal(size=len(labels))
        if groups is not None:
            ease[: len(own)] = groups.ease(own, rng)
        answers = by.answers(labels, ease, rng)
        point = find_point(labels, answers, 0, Wish("crack", wish), units=units.tolist())
        truly = (TRUTH - int(np.searchsorted(ordered, point.threshold, side="left"))) / TRUTH
        yield Outcome(point, truly, alone)
    assert truly == int((decide(truth, 0, point.threshold) == 0).sum()) / TRUTH, "counted as the program decides"


def never_worse(outcomes: list[Outcome]) -> float:
    """The largest loss of true sensitivity by a threshold."""
    return max(o.alone - o.truly for o in outcomes)


def kept_promises(outcomes: list[Outcome]) -> float | None:
    """Share of the draws that are said to reach the wish in which it is truly reached; None where none is said to."""
    said = [o for o in outcomes if o.point.reached]
    return sum(o.truly >= o.point.wanted for o in said) / len(said) if said else None


def said_when_enough(outcomes: list[Outcome]) -> bool:
    """Whether the wish is said to be reached wherever the images are worth enough, and nowhere else."""
    return all(
        o.point.reached == ((o.point.independent or 0) >= np.log(0.05) / np.log(o.point.wanted)) for o in outcomes
    )


def prove(trial: Trial) -> Iterator[Proof]:
    rng = np.random.default_rng(trial.seed)
    cells = list(product(CLASSIFIERS, POSITIVES, WISHES))
    alone = [list(trials(by, n, wish, trial.draws(DRAWS), rng)) for by, n, wish in cells]
    yield from _claims("a threshold", alone, f"{len(cells)} cells of classifier, positives and wish")
    idle = [o for cell in alone for o in cell if o.point.reached and o.point.idle]
    yield Proof(
        "where no threshold is said to be needed, the model alone truly reaches the wish: share of draws",
        sum(o.alone >= o.point.wanted for o in idle) / max(1, len(idle)),
        at_least=0.9,
        note=f"{len(idle):,} draws over all cells",
    )
    kinds = [
        Groups(count, unequal, alike, blocks)
        for count, unequal, (alike, blocks) in product(
            (5, 9, 20, 40, 80), (False, True), ((0.0, 0.0), (0.3, 0.0), (0.7, 0.0), (0.3, 0.08))
        )
    ]
    grouped = [
        list(trials(by, 200, wish, trial.draws(DRAWS // 2), rng, groups=kind))
        for kind, by, wish in product(kinds, CLASSIFIERS[:3:2], (0.7, 0.9, 0.95))
    ]
    yield from _claims("a threshold chosen on groups", grouped, f"{len(grouped)} cells of groups, classifier and wish")


def _claims(what: str, cells: list[list[Outcome]], note: str) -> Iterator[Proof]:
    note = f"{note}, {len(cells[0]):,} draws each"
    yield Proof(
        f"{what} never lowers the true sensitivity: largest loss of any draw",
        max(never_worse(cell) for cell in cells),
        at_most=0.0,
        note=note,
    )
    kept = [share for cell in cells if (share := kept_promises(cell)) is not None]
    yield Proof(
        f"{what} truly reaches the wish where it is said to: share of draws in the worst cell",
        min(kept),
        at_least=0.9,
        note=f"{note}; said in {len(kept)}",
    )
    yield Proof(
        f"{what} is said to reach the wish where the images are enough, and nowhere else: share of cells",
        sum(said_when_enough(cell) for cell in cells) / len(cells),
        at_least=1.0,
        note=note,
    )
