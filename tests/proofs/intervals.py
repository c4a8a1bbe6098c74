"""Do the intervals hold the truth as often as they say, with few images, few groups, unequal groups, and when all is right?

Each image has a margin by which the model leans towards its class: normal around a height that gives the wanted score, with a
part that the images of a group share. From it follow the answer and both classes' probabilities, rounded so that scores tie.
Groups are of 20 images each, or of sizes in geometric progression from 1 to 32 times the smallest; they are of one class each, or
hold images of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from tests.proofs.table import Proof, Trial
from tlstudio.domain.values import Interval
from tlstudio.evaluation.metrics import auroc_interval, measure

AREA = "AUROC"
FIGURES = ("accuracy", "balanced accuracy", "sensitivity", "specificity", "PPV", "NPV", AREA)
GROUPS, ALIKE, GROUPED_SCORE = (5, 9, 20, 40), (0.0, 0.3, 0.7), 0.9
PER_CLASS, SCORES = (5, 20, 100), (0.6, 0.9, 0.97, 0.99, 1.0)
LEAST = 0.93
JUMP = 0.15
MISTAKES = 60
SURE = 40.0  # a margin that nothing turns

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of data. score: the true accuracy; groups: None for images that are independent."""

    score: float
    groups: int | None = None
    equal: bool = True
    alike: float = 0.0
    pure: bool = False
    per_class: int = 0

    def __str__(self) -> str:
        if self.groups is None:
            return f"{self.per_class} a class, {self.score:g}"
        sizes, kind = "equal" if self.equal else "unequal", "of one class" if self.pure else "of both classes"
        return f"{self.groups} {sizes} groups {kind}, correlation {self.alike:g}, {self.score:g}"


@dataclass(slots=True)
class Count:
    """How often an interval held the truth, how often there was one, and the sum of the widths."""

    held: int = 0
    drawn: int = 0
    width: float = 0.0

    def add(self, found: Interval | None, truth: float) -> None:
        if found is not None:
            self.drawn += 1
            self.held += found.low - 1e-12 <= truth <= found.high + 1e-12
            self.width += found.high - found.low


@dataclass(slots=True)
class Worst:
    """The cell of a figure with the lowest coverage, and the mean width over all cells."""

    coverage: float = 1.0
    where: str = ""
    widths: list[float] = field(default_factory=list)


def cells(grouped: bool) -> list[Cell]:
    if not grouped:
        return [Cell(score, per_class=n) for n in PER_CLASS for score in SCORES]
    return [
        Cell(GROUPED_SCORE, groups, equal, alike, pure)
        for groups in GROUPS
        for equal in (True, False)
        for alike in ALIKE
        for pure in (False, True)
    ]


def height_of(cell: Cell, figure: str) -> float:
    """The mean margin that gives the figure the score."""
    if cell.score == 1.0:
        return SURE
    return float(ndtri(cell.score) / (np.sqrt(2) if figure == AREA else 1.0))


def draw(cell: Cell, height: float, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
    """Labels (n,), probabilities (n, 2) and groups (n,)."""
    if cell.groups is None:
        truth, groups = np.repeat([0, 1], cell.per_class), np.arange(2 * cell.per_class)
    else:
        growth = np.ones(cell.groups) if cell.equal else np.geomspace(1, 32, cell.groups)
        sizes = np.maximum(1, np.round(20 * growth / growth.mean())).astype(int)
        groups = np.repeat(rng.permutation(cell.groups), sizes)
        truth = groups % 2 if cell.pure else rng.integers(0, 2, len(groups))
    shared = rng.normal(size=int(groups.max()) + 1)[groups]
    noise = np.sqrt(cell.alike) * shared + np.sqrt(1 - cell.alike) * rng.normal(size=len(groups))
    return truth, probabilities(truth, height + noise), groups


def probabilities(truth: Ints, margin: Floats) -> Floats:
    """(n, 2), to two digits: the more of the image's own class, the larger its margin."""
    own = np.where(margin > 0, np.maximum(ndtr(margin).round(2), 0.51), np.minimum(ndtr(margin).round(2), 0.49))
    first = np.where(truth == 0, own, 1 - own)
    return np.column_stack([first, 1 - first])


def found(truth: Ints, said: Floats, groups: Ints) -> dict[str, Interval | None]:
    """The interval of each figure but the area; those of a class are about the second, whose negative predictive value is the
    first's positive one."""
    figures = measure(truth, said, groups)
    other, one = figures.per_class
    shares = (figures.accuracy, figures.balanced_accuracy, one.sensitivity, one.specificity, one.ppv, other.ppv)
    return dict(zip(FIGURES, shares, strict=False))


def predictive_values(score: float, truth: Ints) -> dict[str, float]:
    """True ones where the classes are as frequent as in `truth`, and each is recognised as often as the score says."""
    right, wrong = score * np.bincount(truth, minlength=2), (1 - score) * np.bincount(truth, minlength=2)
    return {"PPV": float(right[1] / (right[1] + wrong[0])), "NPV": float(right[0] / (right[0] + wrong[1]))}


def area_of(height: float, rng: np.random.Generator) -> float:
    """The true area: that of images that share no group. Counted over many, because probabilities are rounded."""
    many = 200_000
    second = probabilities(np.repeat([0, 1], many), height + rng.normal(size=2 * many))[:, 1]
    values, where = np.unique(second, return_inverse=True)
    below = np.bincount(where[:many], minlength=len(values)) / many
    above = np.bincount(where[many:], minlength=len(values)) / many
    return float((above * (np.cumsum(below) - below / 2)).sum())


def coverage(cell: Cell, draws: int, seed: int) -> dict[str, Count]:
    """How often each figure's interval holds the truth; a figure with nothing to count in a draw is left out of it."""
    rng = np.random.default_rng([seed, *str(cell).encode()])
    counts = {name: Count() for name in FIGURES}
    height = height_of(cell, AREA)
    area = area_of(height, rng)
    for _ in range(draws):
        truth, said, groups = draw(cell, height_of(cell, "accuracy"), rng)
        values = predictive_values(cell.score, truth)
        for name, interval in found(truth, said, groups).items():
            counts[name].add(interval, values.get(name, cell.score))
        counts[AREA].add(auroc_interval(*draw(cell, height, rng)), area)
    return counts


def narrowing(cell: Cell, rng: np.random.Generator) -> tuple[float, float]:
    """Answers that are all right become wrong one after the other: by how much an interval gets narrower, at the most, with
    the first mistake and with any other, down to a value of one half. Predictive values are about other images each time, so they
    are left out."""
    truth, _, groups = draw(cell, SURE, rng)
    margin = rng.uniform(0.1, 2.0, len(truth))
    first = later = -1.0
    before: dict[str, Interval | None] = {}
    for wrong in [None, *rng.permutation(len(truth))[: min(MISTAKES, len(truth) // 2)]]:
        if wrong is not None:
            margin[wrong] *= -1
        said = probabilities(truth, margin)
        now = found(truth, said, groups) | {AREA: auroc_interval(truth, said, groups)}
        now = {name: interval for name, interval in now.items() if name not in ("PPV", "NPV")}
        for name, old in before.items():
            new = now[name]
            if old is not None and new is not None and 0.5 <= new.value < old.value:
                lost = (old.high - old.low) - (new.high - new.low)
                first, later = (max(first, lost), later) if old.value == 1.0 else (first, max(later, lost))
        before = now
    return first, later


def prove(trial: Trial) -> Iterator[Proof]:
    for grouped, full in ((False, 2000), (True, 1200)):
        yield from _coverages(
            cells(grouped), trial.draws(full), trial.seed, "in groups" if grouped else "without groups"
        )
    rng = np.random.default_rng(trial.seed)
    draws = trial.draws(8)
    kinds = [cell for cell in cells(grouped=True) if cell.alike == 0.0] + [Cell(0.9, per_class=n) for n in PER_CLASS]
    lost = {cell: np.max([narrowing(cell, rng) for _ in range(draws)], axis=0) for cell in kinds}
    note = f"{len(kinds)} kinds of data, {draws} sequences of up to {MISTAKES} mistakes each"
    first = max(float(each[0]) for each in lost.values())
    yield Proof("interval of a perfect result, wider than with one mistake by", first, at_most=0.0, note=note)
    later = max(float(each[1]) for each in lost.values())
    yield Proof("interval gets narrower with one more mistake by", later, at_most=JUMP, note=note)


def _coverages(kinds: list[Cell], draws: int, seed: int, where: str) -> Iterator[Proof]:
    worst = {name: Worst() for name in FIGURES}
    for cell in kinds:
        for name, count in coverage(cell, draws, seed).items():
            share = count.held / count.drawn if count.drawn else 1.0
            worst[name].widths.append(count.width / max(1, count.drawn))
            if share < worst[name].coverage:
                worst[name].coverage, worst[name].where = share, str(cell)
    for name, low in worst.items():
        width = f"mean width {np.mean(low.widths):.2f}"
        note = f"{len(kinds)} cells, {draws} draws each; lowest: {low.where or 'none below 1'}; {width}"
        yield Proof(f"interval of the {name} holds the truth, {where}", low.coverage, at_least=LEAST, note=note)
