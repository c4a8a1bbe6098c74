"""Several processes train one model: `torchrun … -m tlstudio train`.

The first process leads. It alone knows the project, decides and writes, just as if it were alone; the others wait for its orders,
each with a copy of the network, and do their share of what takes long: the steps of a training (DistributedDataParallel: Li et
al. 2020, arXiv 2006.15704) and looking at images with a frozen network. A batch is as large as that of one process, and what is
random in it is the same, so the model is the same but for the rounding of sums. The others read the prepared images themselves:
every machine has to see the project's folder under the same path.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from tlstudio.domain.errors import RankLost, StudioError, memory_is_full
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.adapters import rank_of
from tlstudio.training.batches import Batch, Data
from tlstudio.training.branches import drop_shares
from tlstudio.training.lessons import ALL, Share
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.recipe import Recipe
from tlstudio.training.steps import Stepper, Taken

LEADER = 0
MEETING = timedelta(minutes=5)  # until all have found each other; their machines may start one after the other
PATIENCE = timedelta(
    days=30
)  # nobody knows how long the leader decodes images; a process that is gone is noticed at once
HOST = torch.device("cpu")
GONE = "Another process of this training has ended."
GO_ON = "Start the same command again with --resume: the run goes on from its last checkpoint, with any number of processes."

Features = npt.NDArray[np.float32]


# --- orders ---


@dataclass(frozen=True, slots=True)
class Learn:
    """A training begins, or begins again: all that building the network and its steps takes. adapters: their rank, or 0."""

    spec: NetworkSpec
    branches: Mapping[str, float]
    adapters: int
    order: torch.memory_format
    data: Data
    recipe: Recipe
    device: str


@dataclass(frozen=True, slots=True)
class Step:
    """seed: of the epoch. step: within it. edge: of the views in pixels. rates: of the optimiser's groups."""

    seed: int
    step: int
    edge: int
    rates: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The leader's weights and moments follow; it has gone back to a checkpoint. moments: of which parameters there are some."""

    moments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A frozen network's weights follow; it is going to look at images of `pixels`. light: without its norms, by this image."""

    spec: NetworkSpec
    order: torch.memory_format
    pixels: RowStore
    light: str
    device: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Images to look at, those of each process."""

    keys: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class End:
    """There is nothing more to do."""


Order = Learn | Step | TakeOver | Look | Chunk | End


# --- this process ---


class _Group:
    """talking: the processes are in the middle of an exchange, which none of them can leave without breaking it."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self.talking = False


_group: _Group | None = None


@contextmanager
def joined() -> Iterator[Share]:
    """Inside the block this process belongs to those that torchrun has started; at its end the leader dismisses the others.

    Raises RankLost where they don't find each other.
    """
    global _group
    cards = torch.cuda.device_count()
    if cards:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % cards)
    try:
        store, rank, count = next(rendezvous("env://", timeout=MEETING))
        backend = "cpu:gloo,cuda:nccl" if cards else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise RankLost(
            "The processes of this training can't reach each other.",
            remedy="Start them with torchrun; on several machines, name one of them with --rdzv-endpoint.",
        ) from error
    group = _group = _Group(Share(dist.get_rank(), dist.get_world_size()))
    try:
        yield group.share
    finally:
        _group = None
        if not group.talking:  # else the others learn of it by the connection's end
            with suppress(RuntimeError):
                if group.share.rank == LEADER:
                    _send(End())
                dist.destroy_process_group()


def leading() -> bool:
    """Whether other processes wait for orders of this one."""
    return _group is not None and _group.share.rank == LEADER


def share() -> Share:
    """Of this process in what all do."""
    return ALL if _group is None else _group.share


def describe(device: torch.device) -> str:
    """The device for people, and how many processes use such ones: `Processor, 8 cores, 2 processes`."""
    count = share().count
    return devices.describe(device) + (f", {count} processes" if count > 1 else "")


@contextmanager
def talking() -> Iterator[None]:
    """Around an exchange. Raises RankLost where another process has gone."""
    group = _group
    assert group is not None, "nobody else calls"
    group.talking = True
    try:
        yield
        group.talking = False
    except StudioError:
        raise
    except RuntimeError as error:
        if memory_is_full(error):
            raise
        raise RankLost(GONE, remedy=GO_ON) from error


def _send(order: Order) -> None:
    dist.broadcast_object_list([order], src=LEADER, device=HOST)


def receive() -> Order:
    """Waits for the leader's next order."""
    given: list[Any] = [None]
    dist.broadcast_object_list(given, src=LEADER, device=HOST)
    order: Order = given[0]
    return order


def need_ready(trouble: str) -> None:
    """What every process says once it has done what it was ordered to; the leader raises RankLost for the first trouble."""
    heard: list[Any] = [None] * share().count
    dist.all_gather_object(heard, trouble)
    for said in heard:
        if said:
            raise RankLost(said, remedy=GO_ON)


def spread(tensors: Sequence[Tensor]) -> None:
    """Those of the leader take the place of everybody's."""
    for tensor in tensors:
        shown = tensor.detach()
        passed = shown.to(HOST).contiguous()
        dist.broadcast(passed, src=LEADER)
        with torch.no_grad():
            shown.copy_(passed)


def state_of(network: Network) -> list[Tensor]:
    """All numbers of a network, in the same order in every process."""
    return [*network.parameters(), *network.buffers()]


# --- the leader of a training ---


class Leader:
    """What the leader of a training orders. Made where `leading`; from then on a step of this stepper is one of all processes."""

    def __init__(self, stepper: Stepper, data: Data, recipe: Recipe, device: torch.device) -> None:
        self._stepper = stepper
        network = stepper.network
        with talking():
            _send(Learn(network.spec, drop_shares(network), rank_of(network), network.order, data, recipe, device.type))
            need_ready("")
            spread(state_of(network))
            stepper.share(share())

    def step(self, seed: int, batch: Batch, generator: torch.Generator, edge: int) -> Taken:
        """One step of all, at the rates that the optimiser has now. seed: of the epoch."""
        rates = tuple(group["lr"] for group in self._stepper.optimizer.param_groups)
        with talking():
            _send(Step(seed, batch.step, edge, rates))
            return self._stepper.step(batch, generator, edge)

    def take_over(self) -> None:
        """The others go on from what this process has gone back to."""
        state = self._stepper.optimizer.state
        known = tuple(name for name, parameter in self._stepper.parameters.items() if state.get(parameter))
        with talking():
            _send(TakeOver(known))
            spread(moments_of(self._stepper, known))


def moments_of(stepper: Stepper, known: Sequence[str]) -> list[Tensor]:
    """Weights, and of the parameters with these names what the optimiser keeps, which is made where it is missing."""
    tensors: list[Tensor] = list(stepper.parameters.values())
    for name in known:
        parameter = stepper.parameters[name]
        state = stepper.optimizer.state[parameter]
        if not state:
            step = torch.zeros((), dtype=torch.float32, device=parameter.device)
            state.update(step=step, exp_avg=torch.zeros_like(parameter), exp_avg_sq=torch.zeros_like(parameter))
        tensors += [state["step"], state["exp_avg"], state["exp_avg_sq"]]
    return tensors


# --- looking at images together ---


def look(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device, *, light: bool) -> None:
    """The others get this frozen network ready for images of `pixels`; light: without its norms, tried on the first of `keys`."""
    with talking():
        _send(Look(network.spec, network.order, pixels, keys[0] if light else "", device.type))
        need_ready("")
        spread(state_of(network))


def features_of(
    keys: Sequence[str], embed: Callable[[Sequence[str]], Features], each: int
) -> Iterator[tuple[Sequence[str], Features]]:
    """Yields (keys, features) over all keys, to each process `each` images at a time. embed: this process's own way."""
    mine = share()
    for start in range(0, len(keys), each * mine.count):
        chunk = keys[start : start + each * mine.count]
        parts = tuple(tuple(chunk[n] for n in Share(rank, mine.count).of(len(chunk))) for rank in range(mine.count))
        with talking():
            _send(Chunk(parts))
            found = gathered(embed(parts[LEADER]))
        yield chunk, np.concatenate(found)


def gathered(features: Features) -> list[Features]:
    """Those of every process, for the leader; empty for the others."""
    heard: list[Any] | None = [None] * share().count if leading() else None
    dist.gather_object(features, heard, dst=LEADER)
    return heard or []
