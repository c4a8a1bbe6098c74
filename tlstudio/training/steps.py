"""One step of the optimiser on one batch: loss in pieces that fit into memory, gradients, update."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tlstudio.domain.errors import OutOfMemory, memory_is_full
from tlstudio.training.batches import Batch
from tlstudio.training.devices import loss_scaler, mixed_precision, release, wait
from tlstudio.training.lessons import ALL, Lesson, Share, SummedLoss, lesson
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
        shift = recipe.logit_shift
        self._summed = SummedLoss(
            network, None if shift is None else torch.tensor(shift, dtype=torch.float32, device=device)
        )
        self._shared: DistributedDataParallel | None = None  # the same, where several processes share each step
        self._share = ALL

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
        taken = self._fitting(self._lesson(batch, generator, size), together=True)
        if self._shared is not None:
            taken = self._total(taken)
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
        self._summed.compiled = torch.compile(self.network.embed, dynamic=False)
        self._summed.whole = {(self.micro, edge) for edge in edges}
        try:
            after = self._seconds(edges, timed=not slower_too)
        except OutOfMemory:
            raise
        except Exception:  # whatever a compiler meets on a strange machine, the training goes on without it
            log.info("the network could not be compiled", exc_info=True)
            after = math.inf
        if math.isinf(after) or after > before * (1 - LEAST_GAIN):
            self._summed.compiled = None
        release(self._device)
        return self._summed.compiled is not None

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
        targets = torch.zeros((self.micro, self.network.head.out_features), device=self._device)
        self._fitting(Lesson(views, targets, None, self.micro))
        self.optimizer.zero_grad(set_to_none=True)

    # --- parts of a step ---

    def _fitting(self, given: Lesson, *, together: bool = False) -> Taken:
        """Sums the gradients, in smaller pieces where memory runs out. Raises OutOfMemory where one image is too much, or where
        others have exchanged gradients already."""
        taken = self._accumulate(given, together=together)
        while taken is None:
            if together and self._shared is not None:
                raise OutOfMemory(
                    "A batch does not fit into memory.", remedy="Choose a smaller batch, model or input size."
                )
            self.micro //= 2
            if self.micro == 0:
                raise OutOfMemory(
                    "One image does not fit into memory.",
                    remedy="Choose a smaller model or input size, or train small additions (LoRA) only.",
                )
            release(self._device)
            taken = self._accumulate(given, together=together)
        return taken

    @torch.no_grad()
    def loss(self, batch: Batch, generator: torch.Generator, size: int) -> Tensor:
        """Mean loss in nats that a step would begin with, on the same views as with the same random numbers; nothing moves."""
        given = self._lesson(batch, generator, size)
        total = torch.zeros((), device=self._device)
        for start in range(0, len(given), self.micro):
            with mixed_precision(self._device):
                total += self._summed(*given.piece(start, self.micro))[0] / given.of
        return total

    def _lesson(self, batch: Batch, generator: torch.Generator, size: int) -> Lesson:
        head = self.network.head
        return lesson(
            batch,
            self._recipe,
            generator,
            size,
            classes=head.out_features,
            features=head.in_features,
            share=self._share,
        )

    def _accumulate(self, given: Lesson, *, together: bool) -> Taken | None:
        """Sums the gradients of all pieces; None when memory ran out (recovery happens outside the handler)."""
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self._device)
        hits = torch.zeros((), dtype=torch.int64, device=self._device)
        starts = range(0, len(given), self.micro)
        try:
            for start in starts:
                with self._on_the_way(together=together, last=start == starts[-1]):
                    with mixed_precision(self._device):
                        summed, right = self._loss_of(together)(*given.piece(start, self.micro))
                    loss = summed * given.weight / given.of
                    hits += right * bool(given.weight)
                    # The gradients of several processes are averaged; what they have to come to is the sum.
                    self.scaler.scale(loss * self._share.count).backward()
                total += loss.detach()
        except RuntimeError as error:
            if not memory_is_full(error):
                raise
            return None
        return Taken(total, hits)

    # --- sharing each step with other processes ---

    def share(self, share: Share) -> None:
        """From here on every step is taken together with the other processes, whose networks are alike, each on its share of the
        batch. Batch normalisation is not trained, so its statistics need no exchange.
        """
        self._share = share
        self._shared = DistributedDataParallel(self._summed, init_sync=False, forward_sync_buffers=False)

    def _total(self, taken: Taken) -> Taken:
        """Of all processes."""
        both = torch.stack([taken.loss, taken.hits.to(taken.loss.dtype)])
        torch.distributed.all_reduce(both)
        return Taken(both[0], both[1].round().to(taken.hits.dtype))

    def _loss_of(self, together: bool) -> nn.Module:
        return self._summed if self._shared is None or not together else self._shared

    def _on_the_way(self, *, together: bool, last: bool) -> AbstractContextManager[object]:
        """Gradients are exchanged with the last piece. Who shares a step is not interrupted in it: the others would wait."""
        if self._shared is not None and together:
            return nullcontext() if last else self._shared.no_sync()
        return interruptible(self._device) if self._summed.compiled is None else nullcontext()
