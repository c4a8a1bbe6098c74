"""How far a training is, by steps or by the clock, and what the learning rate makes of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from tlstudio.storage.clocks import working
from tlstudio.training.candidates import Score
from tlstudio.training.pace import Pace
from tlstudio.training.recipe import Recipe


def rate_factor(progress: float, warm_up: float) -> float:
    """Factor of the learning rate at `progress` in 0 … 1: linear warm-up over that share, then half a cosine to zero.

    Loshchilov and Hutter 2017 (arXiv 1608.03983), with the warm-up of Goyal et al. 2017 (arXiv 1706.02677).
    """
    progress = min(max(progress, 0.0), 1.0)
    if progress < warm_up:
        return (progress + 0.01) / (warm_up + 0.01)  # the first step moves too
    return 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / max(1e-9, 1 - warm_up)))


@dataclass
class Clock(ABC):
    """Tells the loop where it stands. spent: seconds reported with `spend`, and no others."""

    spent: float = field(default=0.0, kw_only=True)

    def spend(self, seconds: float) -> None:
        self.spent += seconds

    @abstractmethod
    def begin(self, seconds: float) -> None:
        """They were gone before the first step."""

    @abstractmethod
    def lose(self, seconds: float) -> None:
        """They are gone, and the training has come no further."""

    @abstractmethod
    def steps_left(self, step: int, pace: Pace) -> float:
        """Seconds of steps that are still to come, without what is measured and kept between them."""

    @abstractmethod
    def progress(self, step: int) -> float:
        """0 before the first step, 1 when it is over; `step` counts those already taken."""

    @abstractmethod
    def epochs(self, step: int, steps_per_epoch: int) -> int:
        """How many epochs there will be, as far as can be told after `step` steps."""

    @abstractmethod
    def seconds_left(self, step: int, pace: Pace) -> float:
        """To the end of everything, at the pace so far."""


@dataclass
class StepClock(Clock):
    """A number of steps, settled before the first one: the same on every machine, busy or not."""

    steps: int

    def begin(self, seconds: float) -> None:
        """The steps are as many as they were."""

    def lose(self, seconds: float) -> None:
        self.spend(seconds)

    def steps_left(self, step: int, pace: Pace) -> float:
        return pace.steps(step, self.steps)

    def progress(self, step: int) -> float:
        return min(1.0, step / max(1, self.steps))

    def epochs(self, step: int, steps_per_epoch: int) -> int:
        return math.ceil(self.steps / steps_per_epoch)

    def seconds_left(self, step: int, pace: Pace) -> float:
        return pace.seconds(step, self.steps)


@dataclass
class BudgetClock(Clock):
    """A number of seconds; the rate falls with them, so that the end comes when it should, at whatever speed."""

    seconds: float

    def begin(self, seconds: float) -> None:
        self.lose(seconds)

    def lose(self, seconds: float) -> None:
        """The schedule becomes shorter by them, so that it still begins with its warm-up."""
        self.seconds = max(0.0, self.seconds - seconds)

    def steps_left(self, step: int, pace: Pace) -> float:
        return max(0.0, self.seconds - self.spent)

    def progress(self, step: int) -> float:
        return min(1.0, self.spent / self.seconds) if self.seconds > 0 else 1.0

    def epochs(self, step: int, steps_per_epoch: int) -> int:
        stretch = max(1.0, self.seconds / self.spent) if self.spent else 1.0
        return max(1, math.ceil(step * stretch / steps_per_epoch))

    def seconds_left(self, step: int, pace: Pace) -> float:
        return max(0.0, self.seconds - self.spent) + pace.end


def clock_of(recipe: Recipe, pace: Pace) -> Clock:
    """The clock that a recipe asks for. What comes after the last step is part of a budget: looks at the candidates, and what the
    caller does then.
    """
    if recipe.budget is None:
        return StepClock(recipe.epochs * pace.per_epoch)
    return BudgetClock(max(0.0, recipe.budget - pace.end))


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch brought. score: of the averaged weights; best: of the best candidate so far, the probe included.

    train_accuracy: share of the changed views that were right while they were learned from; None where it was not counted.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float | None
    score: Score
    best: Score
    learning_rate: float
    images_per_second: float
    seconds: float
    seconds_left: float


@dataclass
class Stopwatch:
    """Seconds of work since it was made or last read; `now` in seconds, replaceable in tests."""

    now: Callable[[], float] = working
    started: float = field(default=0.0)

    def __post_init__(self) -> None:
        self.started = self.now()

    def lap(self) -> float:
        """Seconds since the last lap; starts the next."""
        ended = self.now()
        seconds, self.started = ended - self.started, ended
        return seconds
