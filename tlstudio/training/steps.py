"""One step of the optimiser on one batch: views, loss in pieces that fit into memory, gradients, update."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.domain.errors import OutOfMemory
from tlstudio.training.augment import augment, mix
from tlstudio.training.batches import Batch
from tlstudio.training.devices import loss_scaler, mixed_precision, release
from tlstudio.training.network import Network
from tlstudio.training.optimizer import Parameters
from tlstudio.training.recipe import Recipe


class Taken(NamedTuple):
    """What a step brought, as scalars on the device: reading them there waits for it.

    loss: mean in nats. hits: views for which the model's likeliest class was that of the target, or of its larger part.
    """

    loss: Tensor
    hits: Tensor


class Stepper:
    """Takes steps on a network. `micro` images at most are on the way at once; it falls when memory runs out."""

    def __init__(
        self,
        network: Network,
        parameters: Parameters,
        optimizer: torch.optim.Optimizer,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self.network = network
        self.micro = recipe.micro_batch
        self.scaler = loss_scaler(device)
        self._parameters = list(parameters.values())
        self._optimizer = optimizer
        self._recipe = recipe
        self._device = device
        self._dropout = nn.Dropout(recipe.dropout)
        shift = recipe.logit_shift
        self._shift = None if shift is None else torch.tensor(shift, dtype=torch.float32, device=device)

    def step(self, batch: Batch, generator: torch.Generator, size: int) -> Taken:
        """One step of the optimiser. size: edge of the views in pixels."""
        views, targets = self._views(batch, generator, size)
        taken = self._accumulate(views, targets)
        while taken is None:
            self.micro //= 2
            if self.micro == 0:
                raise OutOfMemory(
                    "One image does not fit into memory.",
                    remedy="Choose a smaller model or input size, or train small additions (LoRA) only.",
                )
            release(self._device)
            taken = self._accumulate(views, targets)
        self.scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self._parameters, self._recipe.gradient_norm)
        self.scaler.step(self._optimizer)
        self.scaler.update()
        return taken

    def _views(self, batch: Batch, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Augmented pixels (n, size, size, 3) and the targets (n, classes) that go with them."""
        recipe = self._recipe
        views = augment(batch.pixels, recipe.augmentation, generator, size)
        classes = self.network.head.out_features
        targets = functional.one_hot(batch.labels, classes).float()
        targets = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / classes
        if recipe.mixup and len(views) > 1:
            views, targets = mix(views, targets, recipe.mixup, generator)
        return views, targets

    def _accumulate(self, views: Tensor, targets: Tensor) -> Taken | None:
        """Sums the gradients of all pieces; None when memory ran out (recovery happens outside the handler)."""
        self._optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._device)
        hits = torch.zeros((), dtype=torch.int64, device=self._device)
        try:
            for start in range(0, len(views), self.micro):
                piece, truth = views[start : start + self.micro], targets[start : start + self.micro]
                with mixed_precision(self._device):
                    logits = self.network.head(self._dropout(self.network.embed(piece)))
                logits = logits.float()
                hits += (logits.detach().argmax(dim=1) == truth.argmax(dim=1)).sum()
                logits = logits if self._shift is None else logits + self._shift
                loss = functional.cross_entropy(logits, truth, reduction="sum") / len(views)
                self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                total += loss.detach()
        except torch.OutOfMemoryError:
            return None
        return Taken(total, hits)
