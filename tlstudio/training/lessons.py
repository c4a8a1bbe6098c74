"""What a step learns from, its views, and the loss on them.

Everything random is drawn for the whole batch, however many processes share it and in however many pieces it goes through the
device: the same seed means the same lesson.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.training.augment import augment, drawn, mix, pairs_of
from tlstudio.training.batches import Batch
from tlstudio.training.network import Network
from tlstudio.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Lesson:
    """views (n, size, size, 3) in 0 … 255 and targets (n, classes), of a batch of `of` images of which this may be a part.

    kept: what dropout leaves of each feature, (n, features), as factors; None for all as it is. weight: 0 where the images stand
    in for none, so that a process without any can take part.
    """

    views: Tensor
    targets: Tensor
    kept: Tensor | None
    of: int
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.views)

    def piece(self, start: int, count: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Views, targets and what is kept of `count` images."""
        some = slice(start, start + count)
        return self.views[some], self.targets[some], None if self.kept is None else self.kept[some]


@dataclass(frozen=True, slots=True)
class Share:
    """Which images of a batch a process looks at: the `rank`-th of `count` parts that are as equal as can be."""

    rank: int = 0
    count: int = 1

    def of(self, images: int) -> Tensor:
        """Their numbers, (k,); none where there are fewer images than processes."""
        return torch.arange(images).tensor_split(self.count)[self.rank]


ALL = Share()


def lesson(
    batch: Batch,
    recipe: Recipe,
    generator: torch.Generator,
    size: int,
    *,
    classes: int,
    features: int,
    share: Share = ALL,
) -> Lesson:
    """A share of a batch as a step sees it. size: edge of the views in pixels. features: that the head sees."""
    n, device = len(batch.labels), batch.pixels.device
    draw = drawn(n, generator)
    pairs = pairs_of(n, recipe.mixup, generator) if recipe.mixup and n > 1 else None
    kept = _kept(n, features, recipe.dropout, generator)
    mine = share.of(n)
    weight = 1.0 if len(mine) else 0.0
    if not len(mine):
        mine = torch.zeros(1, dtype=torch.int64)
    needed, place = torch.unique(mine if pairs is None else torch.cat([mine, pairs.other[mine]]), return_inverse=True)
    place = place.to(device)
    pixels = batch.pixels if len(needed) == n else batch.pixels[needed.to(device)]
    views = augment(pixels, recipe.augmentation, draw[needed], size)
    targets = functional.one_hot(batch.labels[needed.to(device)], classes).float()
    targets = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / classes
    if pairs is not None:
        own, other, part = place[: len(mine)], place[len(mine) :], pairs.share[mine].to(device)
        views, targets = mix(views[own], views[other], part), mix(targets[own], targets[other], part)
    return Lesson(views, targets, None if kept is None else kept[mine].to(device), n, weight)


def _kept(images: int, features: int, dropout: float, generator: torch.Generator) -> Tensor | None:
    """Factors of dropout, (images, features): 0, or what keeps the mean as it was."""
    if not dropout:
        return None
    return (torch.rand((images, features), generator=generator) >= dropout).float() / (1 - dropout)


class SummedLoss(nn.Module):
    """Views, targets and what dropout leaves -> loss in nats, summed, and how many views the model gets right.

    compiled: does the same as the network's `embed`, for the numbers and edges of views in `whole`.
    """

    def __init__(self, network: Network, shift: Tensor | None) -> None:
        super().__init__()
        self.network = network
        self.compiled: Callable[[Tensor], Tensor] | None = None
        self.whole: set[tuple[int, int]] = set()
        self._shift = shift

    def forward(self, views: Tensor, targets: Tensor, kept: Tensor | None) -> tuple[Tensor, Tensor]:
        # What is dropped is the mean: a statistic of a stage is never anywhere near zero.
        gauged = self.network.gauged(self._embed(views))
        logits = self.network.head(gauged if kept is None else gauged * kept.to(gauged.dtype)).float()
        hits = (logits.detach().argmax(dim=1) == targets.argmax(dim=1)).sum()
        logits = logits if self._shift is None else logits + self._shift
        return functional.cross_entropy(logits, targets, reduction="sum"), hits

    def _embed(self, views: Tensor) -> Tensor:
        if self.compiled is not None and tuple(views.shape[:2]) in self.whole:
            return self.compiled(views)
        return self.network.embed(views)
