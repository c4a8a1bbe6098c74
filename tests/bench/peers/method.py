"""What a method hands back, and what several of them need."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import timm
import torch
from torch import Tensor, nn

from tests.bench.peers.data import Cell, Ints, Part

BATCH = 32


class Missing(Exception):
    """A peer that is not installed; the text says how it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """accuracy and balanced_accuracy on the test images, 0 … 1; None where only time is measured. seconds: of the training,
    without decoding, testing and loading libraries. details: what the method chose, for whoever reads the rows."""

    seconds: float
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


def judged(cell: Cell, predicted: Ints, seconds: float, **details: Any) -> Outcome:
    """predicted: class numbers of the test images, (n,)."""
    hits = predicted == cell.parts["test"].labels
    truth = cell.parts["test"].labels
    balanced = np.mean([hits[truth == k].mean() for k in np.unique(truth)])
    return Outcome(seconds, float(hits.mean()), float(balanced), details)


@dataclass(slots=True)
class Watch:
    seconds: float = 0.0


@contextmanager
def watch(cell: Cell) -> Iterator[Watch]:
    """Seconds of what is done within, what the graphics processor still has to do included."""
    result = Watch()
    started = time.perf_counter()
    yield result
    if cell.device == "cuda":
        torch.cuda.synchronize()
    result.seconds = time.perf_counter() - started


def backbone(cell: Cell, classes: int) -> nn.Module:
    """The pretrained network with a new head for `classes`, or without one for 0; channels last, which is fastest here."""
    model: nn.Module = timm.create_model(f"local-dir:{cell.weights}", pretrained=True, num_classes=classes)
    return model.to(device=cell.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def batch_of(cell: Cell, part: Part, start: int, size: int) -> Tensor:
    """Some images as the program sees them, normalised, (k, 3, h, w)."""
    rows = cell.own.take(part.keys[start : start + size])
    return normalised(cell, torch.from_numpy(np.asarray(rows)).to(cell.device).permute(0, 3, 1, 2))


def normalised(cell: Cell, pixels: Tensor) -> Tensor:
    """uint8-valued (k, 3, h, w) -> float, as the backbone was pretrained."""
    mean = 255 * torch.tensor(cell.mean, device=cell.device).view(1, 3, 1, 1)
    std = 255 * torch.tensor(cell.std, device=cell.device).view(1, 3, 1, 1)
    return (pixels.float() - mean) / std


def outputs(cell: Cell, model: nn.Module, part: Part) -> npt.NDArray[np.float32]:
    """What the network says of these images, (n, outputs)."""
    model.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(part), BATCH):
            found.append(model(batch_of(cell, part, start, BATCH)).float().cpu().numpy())
    return np.concatenate(found)


def mixed(cell: Cell) -> AbstractContextManager[object]:
    """bfloat16 where a graphics processor has it, as this program trains, too."""
    return torch.autocast("cuda", dtype=torch.bfloat16) if cell.device == "cuda" else nullcontext()
