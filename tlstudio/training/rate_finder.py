"""The search for a learning rate: the rate rises from step to step, and the loss tells where it helps and where it harms.

The range test of Smith 2017 (arXiv 1506.01186), with the recipe of the training that is to follow. A fine-tuning starts near its
goal, so the loss falls by less than it differs between batches; each step is therefore compared with what the network before the
first step says of the very same views (common random numbers), and only the difference is smoothed. The network is spoilt
afterwards, and nothing is written.
"""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import closing

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.rates import RateCurve
from tlstudio.training.batches import Batch, Batches, Data, chance, epoch_seed, order_of
from tlstudio.training.network import Network
from tlstudio.training.optimizer import begin_training, set_rate
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import Stopwatch
from tlstudio.training.steps import Stepper

STEPS = 100
LEAST, MOST = 1e-6, 1.0  # peak rates of the head
DIVERGED = 4.0  # times the least loss: from there on nothing comes back (as in fastai)
LATELY = 0.7  # what a step's loss leaves of the ones before it, when divergence is looked for
WIDTH = 4.0  # standard deviation of the smoothing, in steps
SAFE = 0.5  # of the limit; measured with tests.bench.rates
LEAST_FALL = 0.02  # share of the first loss by which it must fall, or the curve tells nothing
STAGE = "Trying learning rates"

Floats = npt.NDArray[np.float64]


def find(network: Network, data: Data, recipe: Recipe, *, device: torch.device, reporter: Reporter) -> RateCurve:
    """Trains the network, whose head is the probe's, with rates that rise until the loss diverges; it is of no use then.

    The same seed gives the same curve. Asked to stop, it tells what the steps so far say. Raises Cancelled and OutOfMemory.
    """
    search = _Search(network, data, recipe, device)
    search.run(reporter)
    return search.curve()


class _Search:
    """still: the network as it is before the first step."""

    def __init__(self, network: Network, data: Data, recipe: Recipe, device: torch.device) -> None:
        self.recipe = recipe
        self.labels = data.train_labels
        self.batches = Batches(data, recipe.batch, device)
        self.still = Stepper.on(copy.deepcopy(network), recipe, device)
        self.moving = Stepper.on(network, recipe, device)
        self.edge = recipe.edge(0.0, network.spec.preprocess.size)
        self.rates = np.geomspace(LEAST, MOST, STEPS)
        self.losses: list[float] = []
        self.first: list[float] = []  # what the still network says of the same views
        self.diverged = False

    def run(self, reporter: Reporter) -> None:
        for each in (self.still, self.moving):
            begin_training(each.network)
        watch, recent, spent = Stopwatch(), _Recent(), 0.0
        with closing(self._batches()) as batches:
            for number, (batch, seed) in zip(range(STEPS), batches, strict=False):
                loss = self._step(number, batch, seed)
                self.diverged = not np.isfinite(loss) or recent.far_above_least(loss)
                if self.diverged:
                    return
                spent += watch.lap()
                reporter.report(Progress(STAGE, number + 1, STEPS, spent / (number + 1) * (STEPS - number - 1)))
                if reporter.stop_requested():
                    return

    def _batches(self) -> Generator[tuple[Batch, int]]:
        """Batches without end, each with the seed of its epoch."""
        epoch = 0
        while True:
            epoch += 1
            seed = epoch_seed(self.recipe.seed, epoch)
            with closing(self.batches.epoch(order_of(self.labels, seed, self.recipe.balanced_sampling))) as batches:
                for batch in batches:
                    yield batch, seed

    def _step(self, number: int, batch: Batch, seed: int) -> float:
        """One step at that rate; returns the loss before it."""
        set_rate(self.moving.optimizer, self.rates[number] / self.recipe.peak_rate)
        loss = float(self.moving.step(batch, chance(seed, batch.step), self.edge).loss)
        self.still.micro = self.moving.micro  # what fits into memory
        first = float(self.still.loss(batch, chance(seed, batch.step), self.edge))
        if np.isfinite(loss):
            self.losses.append(loss)
            self.first.append(first)
        return loss

    def curve(self) -> RateCurve:
        first, losses = np.array(self.first), np.array(self.losses)
        start = float(first.mean())
        # One step of the divergence can weigh more than all before it: what is far above the start is no more than that.
        smoothed = start + smooth(np.minimum(losses - first, start), WIDTH)
        rates = self.rates[: len(losses)]
        limit = limit_of(rates, smoothed, start)
        return RateCurve(
            rates=tuple(float(v) for v in rates),
            losses=tuple(float(v) for v in smoothed),
            start=start,
            suggested=None if limit is None else SAFE * limit,
            limit=limit,
            usual=self.recipe.peak_rate,
            diverged=self.diverged,
        )


class _Recent:
    """The loss of the last few steps, and the least that it has been."""

    def __init__(self) -> None:
        self._sum = self._weight = 0.0
        self._least = np.inf

    def far_above_least(self, loss: float) -> bool:
        self._sum = LATELY * self._sum + loss
        self._weight = LATELY * self._weight + 1.0
        now = self._sum / self._weight
        self._least = min(self._least, now)
        return now > DIVERGED * self._least


def smooth(values: Floats, width: float) -> Floats:
    """Gaussian smoothing of (n,) by `width` steps, without pulling the ends to anything."""
    place = np.arange(len(values))
    kernel = np.exp(-0.5 * ((place[:, None] - place[None, :]) / width) ** 2)
    return np.asarray(kernel @ values / kernel.sum(axis=1))


def limit_of(rates: Floats, losses: Floats, start: float) -> float | None:
    """The rate at which the loss, after its fall, is back at `start`: there, steps begin to undo what was learned.

    rates (n,) rise evenly. Smith 2017 takes the upper bound from where the loss becomes ragged, fastai's `steep` and `minimum`
    look for its steepest and lowest place; after a first result there is little left to fall, and on few images those places
    are lost in noise (a factor of three from seed to seed), while this one is not. None where the loss does not fall by
    LEAST_FALL of `start`, or does not come back.
    """
    least = int(losses.argmin())
    back = np.flatnonzero(losses[least:] >= start)
    if losses[least] > start * (1 - LEAST_FALL) or len(back) == 0:
        return None
    after = least + int(back[0])
    share = (start - losses[after - 1]) / (losses[after] - losses[after - 1])
    return float(np.exp(np.log(rates[after - 1]) + share * np.log(rates[after] / rates[after - 1])))
