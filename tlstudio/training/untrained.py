"""The yardstick of a pretrained model: the same network as it was before it learned anything.

Random features tell more than nothing, so a head on them has to be beaten before anything is owed to the pretraining. How much
they tell differs from draw to draw, and with the statistics of batch normalisation: those of its own inputs keep a deep network
of random weights alive, and those that it is built with let a plain pattern through (stripes of two directions: 95 to 100 % right
with the latter, 62 to 73 % with the former). So both are tried on some of the training images, and the better is the yardstick.
Found on fewer images, or at half the resolution, it was too weak.
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
from tlstudio.training.branches import keep_branches
from tlstudio.training.features import BATCH, each_batch, embed_batches
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.probe import UNCHOSEN, Held, fit_probe

SEED = 0  # of the weights
IMAGES = 256  # that they are tried on, and that the statistics are taken from
SIMPLE = (Held(UNCHOSEN),)  # one way to fit at one strength: enough to tell draws apart, and done in a moment

Norms = dict[str, npt.NDArray[np.float32]]
Features = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """Random weights: their seed, and the statistics of the batch normalisations; without any, those that it is built with."""

    seed: int
    norms: Norms


def looks(images: int) -> int:
    """How many looks at an image the yardstick takes, of so many: with either kind of statistics, and one that takes them."""
    return 3 * min(images, IMAGES)


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
    some = list(range(0, len(keys), -(-len(keys) // IMAGES)))
    seen, truth, kin = [keys[i] for i in some], labels[some], [units[i] for i in some]
    network = untrained(spec, Draw(SEED, {}))
    tried = [(Draw(SEED, {}), _features(network, pixels, seen, device))]
    if settled := settle(network, pixels, seen, device):
        tried.append((Draw(SEED, settled), _features(network, pixels, seen, device)))

    def right(features: Features) -> float:
        found = fit_probe(features, truth, len(spec.classes), units=kin, regularisation=SIMPLE)
        if not found.folds:
            return 0.0
        return float((found.held_out[found.judged].argmax(axis=1) == truth[found.judged]).mean())

    return max(tried, key=lambda each: right(each[1]))[0]


def _features(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Features:
    return np.concatenate([rows for _, rows in embed_batches(network, pixels, keys, device)])


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


def settle(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Norms:
    """Statistics for the network's batch normalisations, from the images with these contents, by the buffers' names.

    The network has them from then on.
    """
    layers = {name: m for name, m in network.backbone.named_modules() if isinstance(m, _BatchNorm)}
    if not layers or len(keys) < 2:
        return {}
    for layer in layers.values():
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over the batches

    def look(rows: Tensor) -> Tensor:
        for layer in layers.values():
            layer.train(len(rows) > 1)  # a single image has no statistics
        return network.embed(rows)

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
