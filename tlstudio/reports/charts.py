"""The drawings of a report."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tlstudio.domain.results import Evaluation
from tlstudio.domain.runs import EpochRow
from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import share_interval
from tlstudio.reports import words
from tlstudio.reports.scene import Box, Dot, Label, Line, Scene, Shape, Stroke

BINS = 10
WIDE, HIGH = 360.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 16.0, 22.0, 44.0
BAR_WIDTH, BAR_HEIGHT = 100.0, 9.0


def bar(share: Interval | None) -> Scene:
    """A share on a line from 0 to 100 %: a dot with its interval; the line alone where there is nothing to show."""
    middle = BAR_HEIGHT / 2
    reach = BAR_WIDTH - 6
    shapes: list[Shape] = [Line(3, middle, 3 + reach, middle)]
    shapes += [Line(3 + reach * t, middle - 2.5, 3 + reach * t, middle + 2.5) for t in (0.0, 0.5, 1.0)]
    if share is not None:
        shapes.append(Line(3 + reach * share.low, middle, 3 + reach * share.high, middle, "accent", 2.25))
        shapes.append(Dot(3 + reach * share.value, middle, 3))
    return Scene(BAR_WIDTH, BAR_HEIGHT, tuple(shapes), words.interval(share))


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in [low, high): how many, the mean confidence, and how many of them are right."""

    low: float
    high: float
    n: int
    confidence: float
    right: Interval


def reliability(evaluation: Evaluation, units: Sequence[Hashable]) -> tuple[Bin, ...]:
    """The confidence diagram of DeGroot and Fienberg (1983) in BINS bins of equal width; empty ones are left out."""
    confidence = np.array([p.confidence for p in evaluation.predictions])
    hit = np.array([p.correct for p in evaluation.predictions], dtype=bool)
    where = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found = []
    for k in range(BINS):
        inside = np.flatnonzero(where == k)
        if len(inside):
            right = share_interval(hit[inside], [units[int(i)] for i in inside])
            found.append(Bin(k / BINS, (k + 1) / BINS, len(inside), float(confidence[inside].mean()), right))
    return tuple(found)


def reliability_chart(bins: Sequence[Bin]) -> Scene:
    """How often answers of each confidence are right, with intervals and the number of answers, against the diagonal."""
    frame = _Frame(0.0, 1.0, 0.0, 1.0)
    floor = HIGH - BOTTOM
    shapes: list[Shape] = []
    for each in bins:
        left, right = frame.at(each.low, 0)[0] + 2, frame.at(each.high, 0)[0] - 2
        top = frame.at(0, each.right.value)[1]
        shapes.append(Box(left, top, right - left, floor - top, "accent_soft"))
        shapes.append(Label((left + right) / 2, floor + 11, words.number(each.n), size=7.5))
    shapes += frame.grid([t / 5 for t in range(6)], "Right answers")
    shapes.append(Line(*frame.at(0, 0), *frame.at(1, 1), "border", 0.75, True))
    for each in bins:
        x = frame.at(each.confidence, 0)[0]
        shapes.append(Line(x, frame.at(0, each.right.low)[1], x, frame.at(0, each.right.high)[1], "accent", 1.5))
        shapes.append(Dot(x, frame.at(0, each.right.value)[1], 3))
    for t in range(0, BINS + 1, 2):
        shapes.append(Label(frame.at(t / BINS, 0)[0], floor + 24, words.percent(t / BINS)))
    shapes.append(Label(LEFT + frame.wide / 2, HIGH - 5, "Confidence of the answer"))
    shapes.append(Label(LEFT - 5, floor + 11, "n", anchor="end"))
    told = "; ".join(
        f"{words.percent(b.low)} to {words.percent(b.high)}: {words.interval(b.right)} right, n = {words.number(b.n)}"
        for b in bins
    )
    return Scene(WIDE, HIGH, tuple(shapes), f"Right answers by confidence. {told}.")


def history_chart(rows: Sequence[EpochRow]) -> Scene:
    """Validation accuracy after each epoch."""
    last = max(r.epoch for r in rows)
    least = min(r.val_accuracy for r in rows)
    floor = max(0.0, int(least * 10 - 0.5) / 10)
    frame = _Frame(min(1, last - 1), max(last, 2), floor, 1.0)
    step = 0.1 if 1.0 - floor <= 0.6 else 0.2
    ticks = [t for t in (1.0 - step * k for k in range(11)) if t >= floor - 1e-9]
    shapes = frame.grid(ticks, "Accuracy")
    every = max(1, round(last / 8))
    for epoch in range(1, last + 1):
        if epoch == 1 or epoch % every == 0:
            shapes.append(Label(frame.at(epoch, floor)[0], HIGH - BOTTOM + 14, str(epoch)))
    shapes.append(Label(LEFT + frame.wide / 2, HIGH - BOTTOM + 30, "Epoch"))
    points = tuple(frame.at(r.epoch, r.val_accuracy) for r in rows)
    if len(points) > 1:
        shapes.append(Stroke(points))
    shapes += [Dot(x, y, 2.25) for x, y in points]
    best = max(rows, key=lambda r: r.val_accuracy)
    told = (
        f"Validation accuracy over {words.count(len(rows), 'epoch')}: from {words.percent(rows[0].val_accuracy)} to"
        f" {words.percent(rows[-1].val_accuracy)}, highest {words.percent(best.val_accuracy)} in epoch {best.epoch}."
    )
    return Scene(WIDE, HIGH - 10, tuple(shapes), told)


@dataclass(frozen=True, slots=True)
class _Frame:
    """From values to points inside the axes."""

    x_least: float
    x_most: float
    y_least: float
    y_most: float

    @property
    def wide(self) -> float:
        return WIDE - LEFT - RIGHT

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x_least) / (self.x_most - self.x_least)
        up = (y - self.y_least) / (self.y_most - self.y_least)
        return LEFT + across * self.wide, HIGH - BOTTOM - up * (HIGH - BOTTOM - TOP)

    def grid(self, ticks: Sequence[float], caption: str) -> list[Shape]:
        """Horizontal lines with their shares at the left; `caption` stands above them."""
        shapes: list[Shape] = []
        for t in ticks:
            y = self.at(self.x_least, t)[1]
            shapes.append(Line(LEFT, y, WIDE - RIGHT, y))
            shapes.append(Label(LEFT - 5, y + 3, words.percent(t), anchor="end"))
        shapes.append(Label(LEFT, TOP - 12, caption, anchor="start"))
        return shapes
