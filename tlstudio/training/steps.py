"""One step of the optimiser on one batch: views, loss in pieces that fit into memory, gradients, update."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.domain.errors import OutOfMemory, memory_is_full
from tlstudio.training.augment import augment, mix
from tlstudio.training.batches import Batch
from tlstudio.training.devices import loss_scaler, mixed_precision, release, wait
from tlstudio.training.listening import interruptible
from tlstudio.training.network import Network
from tlstudio.training.optimizer import Parameters, begin_training, make_optimizer, trainable
from tlstudio.training.recipe import Recipe
from tlstudio.training.trials import seconds_of

ORDERS = (torch.channels_last, torch.contiguous_format)
PIECES = (1, 2, 4)  # parts that a batch is tried in
LEAST_PIECE = 8  # images; smaller ones leave a graphics processor idle
LEAST_GAIN = 0.05  # share of a step's time that compiling must save to be kept

log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """What a step brought, as scalars on the device: reading them there waits for it.

    loss: mean in nats. hits: views for which the model's likeliest class was that of the target, or of its larger part.
    """

    loss: Tensor
    hits: Tensor


class Settled(NamedTuple):
    """What is fastest on a device: the order of numbers in memory, and how many images go through at once."""

    order: torch.memory_format
    micro: int


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
        self.parameters = parameters
        self.optimizer = optimizer
        self.micro = recipe.micro_batch
        self.scaler = loss_scaler(device)
        self._recipe = recipe
        self._device = device
        self._dropout = nn.Dropout(recipe.dropout)
        self._compiled: Callable[[Tensor], Tensor] | None = None
        self._whole: set[tuple[int, int]] = set()  # what `_compiled` is for: images, and their edge in pixels
        shift = recipe.logit_shift
        self._shift = None if shift is None else torch.tensor(shift, dtype=torch.float32, device=device)

    @staticmethod
    def on(network: Network, recipe: Recipe, device: torch.device) -> Stepper:
        """Brings the network to the device and takes the recipe's layers and rates."""
        network.place(device)
        parameters, optimizer = make_optimizer(
            network,
            trainable(network, recipe.layers),
            peak=recipe.peak_rate,
            layer_decay=recipe.layer_decay,
            weight_decay=recipe.weight_decay,
            fused=device.type in ("cpu", "cuda"),
        )
        return Stepper(network, parameters, optimizer, recipe, device)

    def step(self, batch: Batch, generator: torch.Generator, size: int) -> Taken:
        """One step of the optimiser. size: edge of the views in pixels."""
        views, targets = self._views(batch, generator, size)
        taken = self._fitting(views, targets)
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.parameters.values(), self._recipe.gradient_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return taken

    # --- before the first step ---

    def settle(self, size: int, known: Settled | None = None) -> Settled:
        """Finds out how many images go through the device at once, and in which order of numbers, by what is fastest of what fits
        into its memory; nothing moves. Fewer at once are sometimes faster: what they leave behind still lies in a nearer memory.

        For graphics processors: elsewhere a rule does, so that the same seed gives the same model. To be called before anything
        is copied from the parameters, which has to be in the same order. size: edge of the largest views in pixels. known: what
        was found out for another training like this one, which is not tried again.
        """
        if known is not None:
            self._put_in(known.order)
            self.micro = min(self.micro, known.micro)
            return known
        self.fit(size)
        parts = [part for part in PIECES if self.micro % part == 0 and self.micro // part >= LEAST_PIECE] or [1]
        took = {}
        for order in ORDERS:
            self._put_in(order)
            for piece in [self.micro // part for part in parts]:
                took[Settled(order, piece)] = self._seconds([size], piece) / piece
        found = min(took, key=lambda way: took[way])
        self._put_in(found.order)
        self.micro = found.micro
        release(self._device)
        return found

    def _put_in(self, order: torch.memory_format) -> None:
        self.network.order = order
        self.network.place(self._device)

    def fit(self, size: int) -> None:
        """Finds out how many images fit into the device's memory at once; nothing moves.

        A step that runs out of memory would halve them just as well, but on a graphics processor it leaves memory in pieces that
        the next one may not fit into. size: edge of the largest views in pixels.
        """
        begin_training(self.network)
        # The optimiser's two moments of each number come with the first step; until then something holds their place.
        later = 0 if self.optimizer.state else 2
        held = [torch.empty_like(p) for p in self.parameters.values() for _ in range(later)]
        self._dry(size)
        del held
        release(self._device)

    def compile(self, edges: Sequence[int], *, slower_too: bool = False) -> bool:
        """Compiles the network for views of these edges in pixels; True where that works and makes steps faster.

        slower_too: however fast they are, so that timing decides nothing. Only whole pieces go through what comes of it: every
        other number of images would have to be compiled again.
        """
        begin_training(self.network)
        before = math.inf if slower_too else self._seconds(edges)
        torch.compiler.reset()  # a process compiles for so many networks only, and goes without for the next
        self._compiled = torch.compile(self.network.embed, dynamic=False)
        self._whole = {(self.micro, edge) for edge in edges}
        try:
            after = self._seconds(edges, timed=not slower_too)
        except OutOfMemory:
            raise
        except Exception:  # whatever a compiler meets on a strange machine, the training goes on without it
            log.info("the network could not be compiled", exc_info=True)
            after = math.inf
        if math.isinf(after) or after > before * (1 - LEAST_GAIN):
            self._compiled = None
        release(self._device)
        return self._compiled is not None

    def _seconds(self, edges: Sequence[int], piece: int = 0, *, timed: bool = True) -> float:
        """For a piece of each edge; infinite where that many images don't fit into memory. timed: else 0, after doing it once.

        piece: 0 for as many images as go through at once now.
        """
        micro = self.micro
        self.micro = piece = piece or micro

        def trial() -> None:
            for edge in edges:
                self._dry(edge)

        if timed:
            took = seconds_of(trial, lambda: wait(self._device))
        else:
            trial()
            took = 0.0
        fits, self.micro = self.micro == piece, micro
        return took if fits else math.inf

    def _dry(self, size: int) -> None:
        """A step on nothing, whose gradients are forgotten. Its views lie in memory as `augment` leaves them."""
        views = torch.zeros((self.micro, 3, size, size), device=self._device).permute(0, 2, 3, 1)
        self._fitting(views, torch.zeros((self.micro, self.network.head.out_features), device=self._device))
        self.optimizer.zero_grad(set_to_none=True)

    # --- parts of a step ---

    def _fitting(self, views: Tensor, targets: Tensor) -> Taken:
        """Sums the gradients, in smaller pieces where memory runs out. Raises OutOfMemory where one image is too much."""
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
        return taken

    @torch.no_grad()
    def loss(self, batch: Batch, generator: torch.Generator, size: int) -> Tensor:
        """Mean loss in nats that a step would begin with, on the same views as with the same random numbers; nothing moves."""
        views, targets = self._views(batch, generator, size)
        total = torch.zeros((), device=self._device)
        for start in range(0, len(views), self.micro):
            total += self._piece(views[start : start + self.micro], targets[start : start + self.micro])[0] / len(views)
        return total

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
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._device)
        hits = torch.zeros((), dtype=torch.int64, device=self._device)
        try:
            for start in range(0, len(views), self.micro):
                piece, truth = views[start : start + self.micro], targets[start : start + self.micro]
                with interruptible(self._device) if self._compiled is None else nullcontext():
                    summed, right = self._piece(piece, truth)
                    loss = summed / len(views)
                    hits += right
                    self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                total += loss.detach()
        except RuntimeError as error:
            if not memory_is_full(error):
                raise
            return None
        return Taken(total, hits)

    def _embed(self, views: Tensor) -> Tensor:
        if self._compiled is not None and tuple(views.shape[:2]) in self._whole:
            return self._compiled(views)
        return self.network.embed(views)

    def _piece(self, views: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Summed loss of a part of the batch, and how many of it the model gets right."""
        with mixed_precision(self._device):
            # What is dropped is the mean: a statistic of a stage is never anywhere near zero.
            logits = self.network.head(self._dropout(self.network.gauged(self._embed(views))))
        logits = logits.float()
        hits = (logits.detach().argmax(dim=1) == targets.argmax(dim=1)).sum()
        logits = logits if self._shift is None else logits + self._shift
        return functional.cross_entropy(logits, targets, reduction="sum"), hits
