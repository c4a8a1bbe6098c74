"""The yardstick of a pretrained model: the same network as it was before it learned anything.

Random features tell more than nothing, so a head on them has to be beaten before anything is owed to the pretraining. How much
they tell differs from draw to draw, and with the statistics of batch normalisation: those of its own inputs keep a deep network
of random weights alive, and those that it is built with let a plain pattern through (stripes of two directions: 95 to 100 % right
with the latter, 62 to 73 % with the former). So several are tried on some of the training images, at half the height and width
where the network takes such; the best is the yardstick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.features import BATCH, each_batch
from tlstudio.training.network import Network, NetworkSpec, keep_branches
from tlstudio.training.probe import UNCHOSEN, Held, fit_probe

SEEDS = (0, 1, 2)  # of the weights
TRIED = 64  # images that they are tried on
IMAGES = 256  # that the statistics of the best are taken from
COARSE = 112  # pixels: of images that are higher and wider, every second one is enough to try on
SIMPLE = (Held(UNCHOSEN),)  # one way to fit at one strength: enough to tell draws apart, and done in a moment

Norms = dict[str, npt.NDArray[np.float32]]
Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """Random weights: their seed, and the statistics of the batch normalisations; without any, those that it is built with."""

    seed: int
    norms: Norms


def looks(images: int) -> float:
    """How many looks at an image the yardstick takes, of so many: at a quarter of its pixels for each draw, and the best anew."""
    return 3 * len(SEEDS) * min(images, TRIED) / 4 + min(images, IMAGES)


def best_draw(
    spec: NetworkSpec,
    pixels: RowStore,
    keys: Sequence[str],
    labels: Ints,
    *,
    units: Sequence[Hashable],
    device: torch.device,
) -> Draw:
    """That whose features tell the classes of some of these images apart best, by cross-validation; labels and units (n,)."""
    some = _spread(len(keys), TRIED)
    seen, truth, kin = [keys[i] for i in some], labels[some], [units[i] for i in some]
    best, reached, settles = SEEDS[0], -1.0, False
    for seed in SEEDS:
        network = untrained(spec, Draw(seed, {}))
        step = 2 if _norms(network) and spec.preprocess.size > COARSE else 1
        tried = [(False, _features(network, pixels, seen, device, step))]
        if settle(network, pixels, seen, device, step):
            tried.append((True, _features(network, pixels, seen, device, step)))
        for settled, features in tried:
            found = fit_probe(features, truth, len(spec.classes), units=kin, regularisation=SIMPLE)
            right = (found.held_out[found.judged].argmax(axis=1) == truth[found.judged]).mean() if found.folds else 0.0
            if right > reached:
                best, reached, settles = seed, float(right), settled
    if not settles:
        return Draw(best, {})
    some = _spread(len(keys), IMAGES)
    return Draw(best, settle(untrained(spec, Draw(best, {})), pixels, [keys[i] for i in some], device))


def _spread(count: int, most: int) -> list[int]:
    """Numbers below `count`, evenly spread and at most so many."""
    return list(range(0, count, -(-count // most)))


def _features(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device, step: int) -> Features:
    """Of every `step`-th pixel, down and across."""

    def embed(rows: Tensor) -> Tensor:
        return network.embed(rows[:, ::step, ::step])

    return np.concatenate([rows for _, rows in each_batch(network, embed, pixels, keys, device=device)])


def _norms(network: Network) -> dict[str, _BatchNorm]:
    return {name: m for name, m in network.backbone.named_modules() if isinstance(m, _BatchNorm)}


def untrained(spec: NetworkSpec, draw: Draw) -> Network:
    """The network with freshly drawn weights."""
    with devices.chance_kept():
        torch.manual_seed(draw.seed)
        backbone = spec.build()
        keep_branches(backbone)
        for name, value in draw.norms.items():
            backbone.get_buffer(name).copy_(torch.from_numpy(np.asarray(value)))
        network = Network(backbone, replace(spec, weights_hash=_name(draw)))
    return network.eval()


def settle(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device, step: int = 1) -> Norms:
    """Statistics for the network's batch normalisations, from the images with these contents, by the buffers' names.

    The network has them from then on. step: looks at every `step`-th pixel, down and across.
    """
    layers = _norms(network)
    if not layers or len(keys) < 2:
        return {}
    for layer in layers.values():
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over the batches

    def look(rows: Tensor) -> Tensor:
        for layer in layers.values():
            layer.train(len(rows) > 1)  # a single image has no statistics
        return network.embed(rows[:, ::step, ::step])

    for _ in each_batch(network, look, pixels, keys, device=device, images=BATCH):  # few images have poor statistics
        pass
    network.eval()
    return {
        f"{name}.{part}": getattr(layer, part).float().cpu().numpy().copy()
        for name, layer in layers.items()
        for part in ("running_mean", "running_var")
        if getattr(layer, part) is not None
    }


def _name(draw: Draw) -> str:
    """Stands where other networks have the SHA-256 of their weights: features of another draw are others."""
    told = hashlib.sha256(f"untrained {draw.seed}".encode())
    for name in sorted(draw.norms):
        told.update(name.encode() + np.ascontiguousarray(draw.norms[name], np.float32).tobytes())
    return told.hexdigest()
