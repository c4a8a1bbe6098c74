"""What every process but the first one does when several train one model: it waits for orders and follows them."""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator
from typing import TypeVar

import torch

from tlstudio.domain.errors import StudioError
from tlstudio.training import adapters, devices, ranks
from tlstudio.training.batches import Batch, Batches, chance, order_of
from tlstudio.training.branches import put_drop_shares
from tlstudio.training.features import embedded, without_norms
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.optimizer import begin_training
from tlstudio.training.ranks import Chunk, End, Features, Learn, Look, Step, TakeOver
from tlstudio.training.steps import Stepper

T = TypeVar("T")
UNSEEN = (
    "{host} can't read the prepared images in {path}. Every machine has to see the project's folder, or the working folder of "
    "the packed file, under the same path."
)


def follow() -> None:
    """Follows the leader's orders until it has no more. Raises RankLost when it has gone, or this process can't take part."""
    Follower().work()


class Follower:
    """learning: the training that it takes part in; looking: the network with which it looks at images."""

    def __init__(self) -> None:
        self.learning: _Learning | None = None
        self.looking: _Looking | None = None

    def work(self) -> None:
        """Until there are no more orders."""
        with ranks.talking():
            while not isinstance(order := ranks.receive(), End):
                self._do(order)

    def _do(self, order: ranks.Order) -> None:
        if isinstance(order, Learn):
            self.learning = None  # what it holds of the device's memory is wanted
            self.learning = _ready(lambda: _Learning(order))
            ranks.spread(ranks.state_of(self.learning.stepper.network))
            self.learning.stepper.share(ranks.share())
        elif isinstance(order, Step):
            assert self.learning is not None, "a training begins before its steps"
            self.learning.step(order)
        elif isinstance(order, TakeOver):
            assert self.learning is not None, "a training begins before it goes back"
            ranks.spread(ranks.moments_of(self.learning.stepper, order.moments))
        elif isinstance(order, Look):
            self.looking = None
            self.looking = _ready(lambda: _Looking(order))
            ranks.spread(ranks.state_of(self.looking.network))
        elif isinstance(order, Chunk):
            assert self.looking is not None, "the network comes before the images"
            ranks.gathered(self.looking.embed(order.keys[ranks.share().rank]))


class _Learning:
    """A training that this process takes part in."""

    def __init__(self, order: Learn) -> None:
        device = devices.choose(order.device)
        network = _empty(order.spec, order.order)
        put_drop_shares(network, order.branches)
        if order.adapters:
            adapters.attach(network, order.adapters, seed=0)
        order.data.pixels.array()  # whether it can be read shows now
        self._recipe = order.recipe
        self._labels = order.data.train_labels
        self._batches = Batches(order.data, order.recipe.batch, device)
        self._epoch: Generator[Batch] | None = None
        self._at = (0, 0)  # seed of the epoch, and its next step
        self.stepper = Stepper.on(network, order.recipe, device)
        if device.type == "cuda":
            self.stepper.fit(order.spec.preprocess.size)
        begin_training(network)

    def step(self, order: Step) -> None:
        if self._epoch is None or self._at != (order.seed, order.step):
            if self._epoch is not None:
                self._epoch.close()
            images = order_of(self._labels, order.seed, self._recipe.balanced_sampling)
            self._epoch = self._batches.epoch(images, order.step)
        batch = next(self._epoch)
        self._at = (order.seed, order.step + 1)
        for group, rate in zip(self.stepper.optimizer.param_groups, order.rates, strict=True):
            group["lr"] = rate
        self.stepper.step(batch, chance(order.seed, order.step), order.edge)


class _Looking:
    """A frozen network, and the images that it looks at."""

    def __init__(self, order: Look) -> None:
        self._order = order
        self._device = devices.choose(order.device)
        self.network = _empty(order.spec, order.order).eval()
        self._light: Network | None = None
        order.pixels.array()

    def embed(self, keys: tuple[str, ...]) -> Features:
        if self._light is None:
            order = self._order
            self._light = (
                without_norms(self.network, order.pixels, order.light, self._device) if order.light else self.network
            )
        return embedded(self._light, self._order.pixels, keys, self._device)


def _ready(make: Callable[[], T]) -> T:
    """What is made, after everybody has heard that it could be. Raises RankLost, with the words of whoever could not."""
    try:
        made = make()
    except OSError as error:
        trouble = UNSEEN.format(host=platform.node(), path=error.filename)
    except StudioError as error:
        trouble = f"{platform.node()}: {error}"
    else:
        ranks.need_ready("")
        return made
    ranks.need_ready(trouble)
    raise AssertionError("trouble is told")


def _empty(spec: NetworkSpec, order: torch.memory_format) -> Network:
    """The network with whatever weights; the leader's are to come."""
    network = Network(spec.build(), spec)
    network.order = order
    return network
