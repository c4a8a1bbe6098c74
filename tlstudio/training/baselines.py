"""What a run is compared with: the most frequent class, logistic regression on thumbnails, an untrained network, and the probe.

They are fitted to the images that the run learned from, and kept with it, so that measuring on other images later needs neither
the training images nor their cache.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tlstudio.domain.errors import RunNotReady
from tlstudio.domain.transfer import Method
from tlstudio.storage import files
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.checkpoint import write_tensors
from tlstudio.training.linear import LinearHead
from tlstudio.training.probe import Probe, fit_probe
from tlstudio.training.untrained import Draw
from tlstudio.training.views import Fitted, Views, fit_views

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

EDGE = 16
BATCH = 64
NAME = "baselines.safetensors"
NORMS = "norms."


@dataclass(frozen=True, slots=True)
class Baselines:
    """majority: number of a class. thumbnails, untrained, probe: heads on (n, EDGE * EDGE * 3) and on frozen features, (n,
    features), of the untrained and of the pretrained network. draw: of the untrained one.

    probe: None for a run whose model is the probe itself.
    """

    majority: int
    thumbnails: LinearHead
    untrained: LinearHead
    draw: Draw
    probe: LinearHead | None

    def answers(self, pixels: Floats, untrained: Floats, features: Floats | None) -> dict[Method, Ints]:
        """What each way says, (n,) class numbers. untrained, features: of either network; features None leaves the probe out."""
        said = {
            Method.MAJORITY: np.full(len(pixels), self.majority, dtype=np.int64),
            Method.THUMBNAILS: self.thumbnails.logits(pixels).argmax(axis=1),
            Method.UNTRAINED: self.untrained.logits(untrained).argmax(axis=1),
        }
        if features is not None and self.probe is not None:
            said[Method.PROBE] = self.probe.logits(features).argmax(axis=1)
        return said


@dataclass(frozen=True, slots=True)
class Learned:
    """The fitted baselines, and what each said of every training image while that was left out, (n,); -1 where it never was."""

    baselines: Baselines
    left_out: dict[Method, Ints]


def thumbnails(pixels: RowStore, keys: Sequence[str]) -> Floats:
    """The images with these contents at EDGE x EDGE pixels, each the mean of the area it covers: (n, EDGE * EDGE * 3), 0 … 1."""
    array = pixels.array()
    weights = _area_weights(pixels.shape[0])
    parts = [np.empty((0, EDGE * EDGE * 3), np.float32)]
    for start in range(0, len(keys), BATCH):
        rows = np.asarray(array[pixels.rows(keys[start : start + BATCH])], dtype=np.float32)
        n, height, width, channels = rows.shape
        lines = (weights @ rows.reshape(n, height, -1)).reshape(n, EDGE, width, channels)
        parts.append(np.asarray((weights @ lines).reshape(n, -1) / 255, dtype=np.float32))
    return np.concatenate(parts)


def _area_weights(size: int) -> Floats:
    """(EDGE, size): how much each pixel of a line counts in each of EDGE equal parts; every row sums to 1."""
    edges = np.linspace(0, size, EDGE + 1)
    left, right = edges[:-1, None], edges[1:, None]
    pixel = np.arange(size)[None, :]
    overlap = np.clip(np.minimum(right, pixel + 1) - np.maximum(left, pixel), 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the ways see of n images: thumbnails (n, EDGE * EDGE * 3) and features (n, d) of the untrained network, which
    `draw` is, and of the pretrained one; None where no probe is wanted.
    """

    pixels: Floats
    untrained: Floats
    draw: Draw
    features: Floats | None
    views: Views


def fit_baselines(seen: Seen, labels: Ints, classes: int, *, units: Sequence[Hashable], seed: int) -> Learned:
    """Fits to what is seen of the images and labels (n,); `units` are left out together."""
    pixels, features = seen.pixels, seen.features
    small = fit_probe(pixels, labels, classes, units=units, seed=seed, alone=True)
    blank = fit_views(seen.untrained, labels, classes, views=seen.views, units=units, seed=seed)
    probe = None
    if features is not None:
        probe = fit_views(features, labels, classes, views=seen.views, units=units, seed=seed)
    majority = int(np.bincount(labels, minlength=classes).argmax())
    left_out = {
        Method.MAJORITY: np.full(len(labels), majority, dtype=np.int64),
        Method.THUMBNAILS: _left_out(small),
        Method.UNTRAINED: _left_out(blank),
    }
    if probe is not None:
        left_out[Method.PROBE] = _left_out(probe)
    heads = small.head, blank.head, seen.draw, None if probe is None else probe.head
    return Learned(Baselines(majority, *heads), left_out)


def _left_out(fitted: Probe | Fitted) -> Ints:
    """What was said of each image while it was left out, (n,); -1 where it never was."""
    return np.where(fitted.judged, np.nan_to_num(fitted.held_out, nan=-1.0).argmax(axis=1), -1)


def save_baselines(baselines: Baselines, folder: Path) -> None:
    """Writes them into a run's folder, atomically. Raises DiskFull, CantWrite."""
    arrays = {
        "majority": np.array([baselines.majority], dtype=np.int64),
        "thumbnails.weight": baselines.thumbnails.weight,
        "thumbnails.bias": baselines.thumbnails.bias,
        "untrained.weight": baselines.untrained.weight,
        "untrained.bias": baselines.untrained.bias,
        "untrained.seed": np.array([baselines.draw.seed], dtype=np.int64),
        **{f"{NORMS}{name}": value for name, value in baselines.draw.norms.items()},
    }
    if baselines.probe is not None:
        arrays |= {"probe.weight": baselines.probe.weight, "probe.bias": baselines.probe.bias}
    with files.replacing(folder / NAME) as temporary:
        write_tensors(temporary, {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()})


def load_baselines(folder: Path) -> Baselines | None:
    """What `save_baselines` wrote, None where a run has none yet, or those of a version that knew no untrained network.

    Raises RunNotReady for a damaged file.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        files.open_regular(path).close()  # a pipe would never say anything
        found = load_file(path)
        if "untrained.weight" not in found:
            return None
        small = LinearHead(found["thumbnails.weight"], found["thumbnails.bias"])
        blank = LinearHead(found["untrained.weight"], found["untrained.bias"])
        norms = {name.removeprefix(NORMS): value for name, value in found.items() if name.startswith(NORMS)}
        probe = LinearHead(found["probe.weight"], found["probe.bias"]) if "probe.weight" in found else None
        draw = Draw(int(found["untrained.seed"][0]), norms)
        return Baselines(int(found["majority"][0]), small, blank, draw, probe)
    except (OSError, SafetensorError, KeyError, ValueError, IndexError) as error:
        raise RunNotReady(
            "What this run is compared with is damaged.",
            remedy="Delete this file and measure the run again.",
            path=path,
        ) from error
