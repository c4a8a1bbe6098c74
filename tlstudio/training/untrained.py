"""The yardstick of a pretrained model: the same network as it was before it learned anything.

Random features tell more than nothing, so a head on them has to be beaten before anything is owed to the pretraining. Batch
normalisation is part of what random weights are good for: without statistics of its own inputs a deep network of them sees next
to nothing, and would be too easy to beat. They are taken from the training images; no label is looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import timm
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from tlstudio.storage.rowstore import RowStore
from tlstudio.training import devices
from tlstudio.training.features import each_batch
from tlstudio.training.network import Network, NetworkSpec, keep_branches

SEED = 0  # of the weights: the same for all runs, so that what the network sees is looked at once
IMAGES = 256  # that the statistics are taken from

Norms = dict[str, npt.NDArray[np.float32]]


def untrained(spec: NetworkSpec, norms: Mapping[str, npt.NDArray[np.float32]] | None = None) -> Network:
    """The network with freshly drawn weights. norms: what `settle` returned, of the same architecture."""
    options: dict[str, Any] = {"img_size": spec.preprocess.size} if spec.resized else {}
    with devices.chance_kept():
        torch.manual_seed(SEED)
        backbone = timm.create_model(spec.architecture, pretrained=False, num_classes=0, **options)
        keep_branches(backbone)
        for name, value in (norms or {}).items():
            backbone.get_buffer(name).copy_(torch.from_numpy(np.asarray(value)))
        network = Network(backbone, replace(spec, weights_hash=_name(norms or {})))
    return network.eval()


def settle(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Norms:
    """Statistics for the network's batch normalisations, from some of the images with these contents, by the buffers' names."""
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

    some = keys[:: max(1, len(keys) // IMAGES)][:IMAGES]
    for _ in each_batch(network, look, pixels, some, device=device):
        pass
    network.eval()
    return {
        f"{name}.{part}": getattr(layer, part).float().cpu().numpy().copy()
        for name, layer in layers.items()
        for part in ("running_mean", "running_var")
        if getattr(layer, part) is not None
    }


def _name(norms: Mapping[str, npt.NDArray[np.float32]]) -> str:
    """Stands where other networks have the SHA-256 of their weights: features of another seed or statistics are others."""
    told = hashlib.sha256(f"untrained {SEED}".encode())
    for name in sorted(norms):
        told.update(name.encode() + np.ascontiguousarray(norms[name], np.float32).tobytes())
    return told.hexdigest()
