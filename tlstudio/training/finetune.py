"""Fine-tuning that starts from the probe (LP-FT: Kumar et al. 2022, arXiv 2202.10054).

The rate falls from the head towards the image (layer-wise decay), the average of the weights is what is measured, statistics of
batch normalisation stay those of pretraining, and every epoch ends with a checkpoint that a killed run goes on from with the same
result. Each epoch draws its random numbers from the seed and its own number, so no random state has to be kept.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.domain.errors import OutOfMemory, RunNotReady
from tlstudio.domain.events import Reporter, StepDone
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.evaluation.metrics import accuracy, log_loss
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import checkpoint
from tlstudio.training.augment import Augmentation, augment, cosine
from tlstudio.training.devices import loss_scaler, mixed_precision, release
from tlstudio.training.features import logit_batches
from tlstudio.training.network import Network, layer_groups

Ints = npt.NDArray[np.int64]

PEAK_RATE = {Mode.BALANCED: 1e-3, Mode.THOROUGH: 5e-4}
STEPS_WANTED = {Mode.BALANCED: 500, Mode.THOROUGH: 1000}
EPOCHS_ALLOWED = {Mode.BALANCED: (6, 20), Mode.THOROUGH: (10, 40)}
BATCH = 32
CPU_MICRO_BATCH = 16  # a processor gains nothing from more at once, and needs half the memory
AVERAGE_DECAY = 0.998
GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Data:
    """Contents and labels of both parts; labels (n,) int64."""

    pixels: RowStore
    train_keys: Sequence[str]
    train_labels: Ints
    val_keys: Sequence[str]
    val_labels: Ints


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate on the validation images; compared by accuracy, then by loss (nats). hits: which images it got right."""

    accuracy: float
    loss: float
    hits: tuple[bool, ...] = ()

    def beats(self, other: Score) -> bool:
        return (self.accuracy, -self.loss) > (other.accuracy, -other.loss)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch brought. score: of the averaged weights; best: of the best candidate so far, the probe included."""

    epoch: int
    epochs: int
    train_loss: float
    score: Score
    best: Score
    learning_rate: float
    images_per_second: float
    seconds: float
    seconds_left: float


def planned_epochs(settings: TrainSettings, images: int) -> int:
    """Epochs asked for, or as many as give the mode's number of steps within sensible bounds."""
    if settings.epochs:
        return settings.epochs
    steps = max(1, math.ceil(images / (settings.batch_size or BATCH)))
    low, high = EPOCHS_ALLOWED[settings.mode]
    return min(high, max(low, round(STEPS_WANTED[settings.mode] / steps)))


class FineTuner:
    """Trains part or all of a network whose head is the probe's. `best_epoch` 0 means that nothing beat the probe."""

    def __init__(
        self,
        network: Network,
        data: Data,
        settings: TrainSettings,
        *,
        device: torch.device,
        folder: Path,
        flip: bool,
    ) -> None:
        self.network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.data = data
        self.settings = settings
        self.device = device
        self.folder = folder
        self.epochs = planned_epochs(settings, len(data.train_keys))
        self.batch = settings.batch_size or BATCH
        self.micro = min(self.batch, CPU_MICRO_BATCH) if device.type == "cpu" else self.batch
        self.steps_per_epoch = max(1, math.ceil(len(data.train_keys) / self.batch))
        self.view = Augmentation(flip=flip)
        self.scaler = loss_scaler(device)
        self.parameters, self.optimizer = self._optimizer()
        self.average = {name: p.detach().clone() for name, p in self.parameters.items()}
        self.start = {name: p.detach().cpu().clone() for name, p in self.parameters.items()}
        self.best = self.start
        self.best_epoch = 0
        self.done_epochs = 0
        self.unstable = False  # the loss stopped being a number
        self.probe_score = self.best_score = self.validate()

    # --- setting up ---

    def _optimizer(self) -> tuple[dict[str, nn.Parameter], torch.optim.AdamW]:
        """AdamW over the layers that the mode trains; no decay on norms and biases; rates falling towards the image."""
        groups = layer_groups(self.network)
        first = 0 if self.settings.mode is Mode.THOROUGH else len(groups) - max(2, round(len(groups) / 3))
        named = dict(self.network.named_parameters())
        for parameter in named.values():
            parameter.requires_grad_(False)
        peak = self.settings.learning_rate or PEAK_RATE[self.settings.mode]
        chosen: dict[str, nn.Parameter] = {}
        options: list[dict[str, Any]] = []
        for depth, names in enumerate([*groups[first:], ["head.weight", "head.bias"]], start=first):
            rate = peak * self.settings.layer_decay ** (len(groups) - depth)
            for decayed in (True, False):
                part = {n: named[n] for n in names if (named[n].ndim > 1) is decayed}
                chosen.update(part)
                if part:
                    decay = self.settings.weight_decay if decayed else 0.0
                    options.append({"params": list(part.values()), "lr": rate, "peak": rate, "weight_decay": decay})
        for parameter in chosen.values():
            parameter.requires_grad_(True)
        return chosen, torch.optim.AdamW(options, lr=peak, betas=(0.9, 0.999))

    # --- the loop ---

    def run(self, reporter: Reporter, on_epoch: Callable[[Epoch], None]) -> bool:
        """Trains to the end, to the user's Stop, or until patience is over. True when the user stopped it."""
        while not self._over():
            epoch = self.done_epochs + 1
            started = time.monotonic()
            loss = self._train_epoch(epoch, reporter, started)
            if loss is None:
                return True
            if not math.isfinite(loss):
                self.unstable = True  # what was best before is kept
                return False
            trained = time.monotonic() - started
            score = self._with_average(self.validate)
            if score.beats(self.best_score):
                self.best_score, self.best_epoch = score, epoch
                self.best = {name: value.detach().cpu().clone() for name, value in self.average.items()}
            self.done_epochs = epoch
            self._save()
            seconds = time.monotonic() - started
            on_epoch(
                Epoch(
                    epoch=epoch,
                    epochs=self.epochs,
                    train_loss=loss,
                    score=score,
                    best=self.best_score,
                    learning_rate=self._rate(epoch * self.steps_per_epoch - 1)
                    * self.optimizer.param_groups[-1]["peak"],
                    images_per_second=len(self.data.train_keys) / max(trained, 1e-9),
                    seconds=seconds,
                    seconds_left=seconds * (self.epochs - epoch),
                )
            )
        return False

    def _over(self) -> bool:
        """All epochs done, or no gain for as many as the user's patience; asked before each, so that resuming agrees."""
        return self.done_epochs >= self.epochs or self.done_epochs - self.best_epoch >= self.settings.patience

    def _train_epoch(self, epoch: int, reporter: Reporter, started: float) -> float | None:
        """Mean training loss in nats, or None when the user asked to stop."""
        self.network.train()
        freeze_statistics(self.network)
        torch.manual_seed(self.settings.seed * 100_003 + epoch)  # dropout and the like
        generator = torch.Generator().manual_seed(self.settings.seed * 100_003 + epoch)
        total, seen = 0.0, 0
        for step, rows in enumerate(self._batches(generator)):
            rate = self._rate((epoch - 1) * self.steps_per_epoch + step)
            for group in self.optimizer.param_groups:
                group["lr"] = group["peak"] * rate
            total += self._step(rows, generator, epoch, step) * len(rows)
            seen += len(rows)
            speed = seen / max(time.monotonic() - started, 1e-9)
            left = (len(self.data.train_keys) * (self.epochs - epoch + 1) - seen) / speed
            reporter.report(StepDone(epoch, self.epochs, step + 1, self.steps_per_epoch, total / seen, speed, left))
            if reporter.stop_requested():
                return None
        return total / seen

    def _batches(self, generator: torch.Generator) -> Iterator[Ints]:
        order = torch.randperm(len(self.data.train_keys), generator=generator).numpy()
        for start in range(0, len(order), self.batch):
            yield order[start : start + self.batch]

    def _rate(self, step: int) -> float:
        steps = self.epochs * self.steps_per_epoch
        return cosine(step, steps, max(1, min(self.steps_per_epoch, steps // 10)))

    def _step(self, rows: Ints, generator: torch.Generator, epoch: int, step: int) -> float:
        """One optimiser step on these images, in pieces that fit into memory; returns the mean loss."""
        keys = [self.data.train_keys[i] for i in rows]
        array = self.data.pixels.array()
        pixels = torch.from_numpy(np.ascontiguousarray(array[self.data.pixels.rows(keys)])).to(self.device)
        views = augment(pixels, self.view, generator)
        labels = torch.from_numpy(self.data.train_labels[rows]).to(self.device)
        loss = self._accumulate(views, labels)
        while loss is None:
            self.micro //= 2
            if self.micro == 0:
                raise OutOfMemory("One image does not fit into memory.", remedy="Choose a smaller model or input size.")
            release(self.device)
            loss = self._accumulate(views, labels)
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.parameters.values(), GRADIENT_NORM)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        taken = (epoch - 1) * self.steps_per_epoch + step
        weight = 1 - min(AVERAGE_DECAY, (1 + taken) / (10 + taken))
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                self.average[name].lerp_(parameter, weight)
        return loss

    def _accumulate(self, views: Tensor, labels: Tensor) -> float | None:
        """Sums the gradients of all pieces; None when memory ran out (recovery happens outside the handler)."""
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        try:
            for start in range(0, len(views), self.micro):
                piece, truth = views[start : start + self.micro], labels[start : start + self.micro]
                with mixed_precision(self.device):
                    logits = self.network(piece)
                smoothing = self.settings.label_smoothing
                loss = functional.cross_entropy(
                    logits.float(), truth, label_smoothing=smoothing, reduction="sum"
                ) / len(views)
                self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                total += float(loss.detach())
        except torch.OutOfMemoryError:
            return None
        return total

    # --- measuring, keeping ---

    def probabilities(self) -> npt.NDArray[np.float64]:
        """What the network as it is now says of the validation images, (n, classes); no augmentation, full precision."""
        batches = logit_batches(self.network, self.data.pixels, self.data.val_keys, self.device)
        parts = [torch.from_numpy(logits) for _, logits in batches]
        return np.asarray(torch.cat(parts).double().softmax(dim=1).numpy())

    def validate(self) -> Score:
        probabilities, truth = self.probabilities(), self.data.val_labels
        predicted = probabilities.argmax(axis=1)
        hits = tuple(bool(hit) for hit in predicted == truth)
        return Score(accuracy(truth, predicted), log_loss(truth, probabilities), hits)

    def _with_average(self, measure: Callable[[], Score]) -> Score:
        """Measures the averaged weights and puts the trained ones back."""
        trained = {name: p.detach().clone() for name, p in self.parameters.items()}
        self._set(self.average)
        try:
            return measure()
        finally:
            self._set(trained)

    def _set(self, values: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(values[name])

    def keep_best(self) -> None:
        """Puts the best candidate's weights into the network."""
        self._set(self.best)
        self.network.eval()

    def _save(self) -> None:
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            tensors[f"now/{name}"], tensors[f"average/{name}"] = parameter, self.average[name]
            tensors[f"best/{name}"] = self.best[name]
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"adam/{key}/{name}"] = value
        state = {
            "epoch": self.done_epochs,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "best": [self.best_score.accuracy, self.best_score.loss, list(self.best_score.hits)],
            "scaler": self.scaler.state_dict(),
            "origin": self._origin(),
        }
        checkpoint.save(self.folder, tensors, state)

    def resume(self) -> bool:
        """Goes back to the last checkpoint, if there is one. True when there was."""
        found = checkpoint.load(self.folder)
        if found is None:
            return False
        tensors, state = found
        if state["origin"] != self._origin():
            raise RunNotReady(
                "The images or the pretrained model are not the ones that this run began with.",
                remedy="Connect the drive that holds them, or start the training again.",
            )
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(tensors[f"now/{name}"])
                self.average[name].copy_(tensors[f"average/{name}"])
                kept = {key: tensors[f"adam/{key}/{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
                self.optimizer.state[parameter] = {k: v if k == "step" else v.to(self.device) for k, v in kept.items()}
        self.best = {name: tensors[f"best/{name}"] for name in self.parameters}
        self.done_epochs, self.epochs, self.best_epoch = state["epoch"], state["epochs"], state["best_epoch"]
        accuracy_then, loss_then, hits = state["best"]
        self.best_score = Score(accuracy_then, loss_then, tuple(hits))
        if state["scaler"] and self.scaler.is_enabled():
            self.scaler.load_state_dict(state["scaler"])
        return True

    def _origin(self) -> str:
        """Tells the images and pretrained weights of a run from any others: SHA-256 in hex."""
        told = [self.network.spec.weights_hash, *self.data.train_keys, "|", *self.data.val_keys]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def freeze_statistics(network: nn.Module) -> None:
    """Keeps batch normalisation at the statistics of pretraining: small batches would only blur them."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
