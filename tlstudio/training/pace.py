"""How long the rest of a training takes, told from what its parts have taken so far: steps, looks at the validation images,
checkpoints, and what comes when the last step is done.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tlstudio.training.recipe import SMALL_PHASE, Recipe

FIXED = 0.15  # share of a step's time that does not depend on how many pixels the views have
KEEP = 0.99  # share of the past that counts at the next measurement: the machine may become busier, or less so
# At the validation images, after the last step: candidates, the model itself, its calibration.
LOOKS_AT_THE_END = 6


@dataclass
class _Cost:
    """Seconds that one step takes. The first measurement, in which libraries warm up, counts only while it is the only one."""

    first: float | None = None
    seconds: float = 0.0
    steps: float = 0.0

    def add(self, seconds: float, steps: int) -> None:
        if self.first is None:
            self.first = seconds / steps
        else:
            self.seconds, self.steps = KEEP * self.seconds + seconds, KEEP * self.steps + steps

    @property
    def each(self) -> float | None:
        return self.seconds / self.steps if self.steps else self.first


@dataclass
class Pace:
    """Measures as the training goes.

    per_epoch: steps of an epoch. small_share: share of all steps, the first ones, that are taken on smaller views. small_cost:
    what such a step is expected to take of one at full size, until both kinds are measured. look: seconds for one look at the
    validation images. after: seconds for what the caller does once the training is over.
    """

    per_epoch: int
    small_share: float = 0.0
    small_cost: float = 1.0
    look: float = 0.0
    after: float = 0.0
    save: float = 0.0  # seconds for a checkpoint
    _costs: dict[bool, _Cost] = field(default_factory=lambda: {True: _Cost(), False: _Cost()})
    _pending: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    def begin_again(self) -> None:
        """Steps take another time from here on: what they took is forgotten when the next are measured."""
        for cost in self._costs.values():
            cost.first, cost.seconds, cost.steps = cost.each, 0.0, 0.0

    def step(self, *, small: bool) -> None:
        """A step was taken; `took` tells how long it and the others since the last one lasted."""
        self._pending[small] += 1

    def took(self, seconds: float) -> None:
        kinds = [small for small, steps in self._pending.items() if steps]
        if len(kinds) == 1:  # of a mixture nobody knows which part took how long
            self._costs[kinds[0]].add(seconds, self._pending[kinds[0]])
        self._pending = {True: 0, False: 0}

    @property
    def end(self) -> float:
        """Seconds from the last step to the end of everything."""
        return LOOKS_AT_THE_END * self.look + self.save + self.after

    def seconds(self, taken: int, steps: int) -> float:
        """For the rest of `steps` when `taken` of them are done, with what follows each epoch and the last one."""
        epochs = math.ceil((steps - taken) / self.per_epoch)
        return self.steps(taken, steps) + epochs * (self.look + self.save) + self.end

    def steps(self, taken: int, steps: int) -> float:
        """The same of the steps alone; 0 before any is measured."""
        turn = math.ceil(self.small_share * steps)
        small, full = max(0, turn - taken), steps - max(turn, taken)
        return small * self._each(small=True) + full * self._each(small=False)

    def _each(self, *, small: bool) -> float:
        measured = self._costs[small].each
        if measured is not None:
            return measured
        other = self._costs[not small].each or 0.0
        return other * self.small_cost if small else other / self.small_cost


def pace_of(recipe: Recipe, per_epoch: int, full: int, *, look: float, after: float) -> Pace:
    """The pace of a training before its first step. full: edge of its images in pixels."""
    small = recipe.small_edge
    cost = FIXED + (1 - FIXED) * (small / full) ** 2 if small else 1.0
    return Pace(per_epoch, SMALL_PHASE if small else 0.0, cost, look=look, after=after)
