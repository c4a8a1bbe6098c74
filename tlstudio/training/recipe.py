"""What a training does, settled before its first step from the settings, the amount of data and the device."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tlstudio.domain.planning import BATCH, batch_for, planned_epochs, trained_layers
from tlstudio.domain.runs import Balance, Mode, TrainSettings
from tlstudio.training.augment import Augmentation
from tlstudio.training.network import Network, layer_groups

PEAK_RATE = {
    Mode.BALANCED: 1e-3,
    Mode.THOROUGH: 5e-4,
}  # of the head, at a full batch; it falls with the root of the batch
# A processor works on so many pixels at once, 16 images of 224 x 224: maps of more fall out of its caches (MobileNetV2: half the
# speed with 32), of fewer each step is mostly overhead (MobileNetV3 at 128: a quarter slower with 16 images than with 32).
CPU_PIXELS = 16 * 224 * 224
# Changed views teach what doesn't matter, and look otherwise than what the model will see: channels' means and deviations tell.
# Getting used to them takes steps, and a training of few steps gets views that are changed less.
LONG, LEAST_STRENGTH = 400, 0.3
MANY_IMAGES = 2000  # from here on mixup pays: fewer images and as few steps would rather be learned as they are
MIXUP = 0.2
SMALL_PHASE = 0.5  # share of the training at the lower resolution
SMALL_EDGE = 0.72  # of the full edge: about half the pixels
LEAST_SMALL_EDGE = 128


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything the loop needs to know besides the network and the images.

    layers: layer groups of the backbone that are trained. peak_rate: of the head. logit_shift: log of the classes' shares, added
    to the logits in training only (logit adjustment: Menon et al. 2021, arXiv 2007.07314). small_edge: edge in pixels of the
    views in the first part of the training, 0 for the full one throughout. mixup: the Beta distribution's parameter, 0 for none.
    budget: seconds for the steps and their measuring, None where the epochs decide. compile: None decides by
    what is to be done.
    """

    epochs: int
    batch: int
    micro_batch: int
    layers: int
    peak_rate: float
    layer_decay: float
    weight_decay: float
    label_smoothing: float
    dropout: float
    warm_up: float
    gradient_norm: float
    average_decay: float
    patience: int
    augmentation: Augmentation
    mixup: float
    balanced_sampling: bool
    logit_shift: tuple[float, ...] | None
    small_edge: int
    budget: float | None
    compile: bool | None
    seed: int

    @property
    def counts_classes_alike(self) -> bool:
        """Candidates are compared by balanced accuracy where the training was told to mind rare classes."""
        return self.balanced_sampling or self.logit_shift is not None

    def edge(self, progress: float, full: int) -> int:
        """Edge of the views in pixels at that point of the training."""
        return self.small_edge if self.small_edge and progress < SMALL_PHASE else full


def strength(steps: int) -> float:
    """How much of the usual change the views of a training of so many steps have: LEAST_STRENGTH … 1."""
    return min(1.0, max(LEAST_STRENGTH, steps / LONG))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a plan must know of a network. groups: layer groups of its backbone. edge: of its images in pixels.

    any_edge: whether the backbone takes images of another size than it was built for.
    """

    classes: int
    groups: int
    edge: int
    any_edge: bool

    @staticmethod
    def of(network: Network, *, any_edge: bool) -> Subject:
        spec = network.spec
        return Subject(len(spec.classes), len(layer_groups(network)), spec.preprocess.size, any_edge)


def plan(
    settings: TrainSettings,
    labels: npt.NDArray[np.int64],
    subject: Subject,
    *,
    look: Augmentation,
    device: torch.device,
    images: int = 0,
    budget: float | None = None,
) -> Recipe:
    """The recipe for training images with these labels (n,). look: what may be changed in them, at normal strength.

    images: for how many it is made, where these are a part of them; 0 for these.
    """
    images = images or len(labels)
    batch = batch_for(settings, images)
    counts = np.bincount(labels, minlength=subject.classes)
    shift = np.log(np.maximum(counts, 1) / len(labels)) if settings.balance is Balance.LOGITS else None
    mixup = settings.mixup if settings.mixup is not None else (MIXUP if images >= MANY_IMAGES else 0.0)
    small = round(subject.edge * SMALL_EDGE / 32) * 32
    epochs = planned_epochs(settings, images)
    phases = settings.low_resolution if settings.low_resolution is not None else images >= MANY_IMAGES
    return Recipe(
        epochs=epochs,
        batch=batch,
        micro_batch=min(batch, max(1, CPU_PIXELS // subject.edge**2)) if device.type == "cpu" else batch,
        layers=trained_layers(settings, subject.groups),
        peak_rate=settings.learning_rate or PEAK_RATE[settings.mode] * math.sqrt(batch / BATCH),
        layer_decay=settings.layer_decay,
        weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing,
        dropout=settings.dropout,
        warm_up=settings.warm_up,
        gradient_norm=settings.gradient_norm,
        average_decay=settings.average_decay,
        patience=settings.patience,
        augmentation=look.scaled(settings.augmentation * strength(epochs * math.ceil(images / batch))),
        mixup=mixup,
        balanced_sampling=settings.balance is Balance.SAMPLING,
        logit_shift=None if shift is None else tuple(float(v) for v in shift),
        small_edge=small if phases and subject.any_edge and LEAST_SMALL_EDGE <= small < subject.edge else 0,
        budget=budget,
        compile=settings.compile,
        seed=settings.seed,
    )
