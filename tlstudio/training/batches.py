"""Batches of an epoch: which images, in what order, read ahead from the memory map while the step before is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tlstudio.storage.rowstore import RowStore

Ints = npt.NDArray[np.int64]

AHEAD = 2  # batches read before they are wanted


@dataclass(frozen=True, slots=True)
class Data:
    """Contents and labels of both parts; labels (n,) int64. val_units: what each is grouped with; empty: each by itself."""

    pixels: RowStore
    train_keys: Sequence[str]
    train_labels: Ints
    val_keys: Sequence[str]
    val_labels: Ints
    val_units: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """pixels (n, h, w, 3) uint8 and labels (n,) int64, both on the training device. step: from 0, within its epoch."""

    step: int
    pixels: Tensor
    labels: Tensor


def epoch_seed(seed: int, epoch: int) -> int:
    """Of an epoch, counted from 1, in the training with that seed: of its order and of all its steps."""
    return seed * 100_003 + epoch


def chance(seed: int, step: int) -> torch.Generator:
    """The random numbers of a step, by the seed of its epoch: returned for its views, put into torch for dropout and the like."""
    torch.manual_seed(seed * 1_000_003 + step)
    return torch.Generator().manual_seed(seed * 1_000_003 + step)


def order_of(labels: Ints, seed: int, balanced: bool) -> Ints:
    """The images of one epoch as row numbers, (n,).

    balanced: every class is drawn equally often, with repetition; else each image comes exactly once.
    """
    generator = torch.Generator().manual_seed(seed)
    if not balanced:
        return torch.randperm(len(labels), generator=generator).numpy()
    weights = 1.0 / np.bincount(labels)[labels]
    return torch.multinomial(torch.from_numpy(weights), len(labels), replacement=True, generator=generator).numpy()


class Batches:
    """Cuts an epoch's order into batches of `size` images and brings them to the device."""

    def __init__(self, data: Data, size: int, device: torch.device) -> None:
        self._pixels = data.pixels
        self._rows = data.pixels.rows(data.train_keys)
        self._labels = data.train_labels
        self._device = device
        self.size = size
        self.per_epoch = max(1, -(-len(self._rows) // size))

    def epoch(self, order: Ints, first: int = 0) -> Generator[Batch]:
        """The batches of this order, from step `first` on."""
        array = self._pixels.array()  # one map for the whole epoch

        def load(step: int) -> Batch:
            chosen = order[step * self.size : (step + 1) * self.size]
            pixels = torch.from_numpy(np.ascontiguousarray(array[self._rows[chosen]]))
            return Batch(step, self._there(pixels), self._there(torch.from_numpy(self._labels[chosen])))

        return read_ahead(range(first, self.per_epoch), load)

    def _there(self, tensor: Tensor) -> Tensor:
        """On the device; from pinned memory a graphics card fetches it while it computes."""
        if self._device.type != "cuda":
            return tensor.to(self._device)
        return tensor.pin_memory().to(self._device, non_blocking=True)


def read_ahead(steps: Sequence[int], load: Callable[[int], Batch]) -> Generator[Batch]:
    """Yields load(step) for every step; a thread of its own is up to `AHEAD` steps further."""
    with ThreadPoolExecutor(1, "tlstudio-batches") as reader:
        waiting: deque[Future[Batch]] = deque()
        try:
            for step in steps:
                waiting.append(reader.submit(load, step))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
