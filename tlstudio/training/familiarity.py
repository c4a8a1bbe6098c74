"""How unlike the pretraining images these images are, as the pretrained model itself sees them; no such image is needed for that.

Batch normalisation remembers the mean and the spread of each channel over the images that a network was pretrained on. Images of
another kind give other ones: that difference is what AdaBN corrects (Li et al. 2016, arXiv 1603.04779), and its size, by the
Wasserstein distance used here, goes with the loss of accuracy under corruption (Schneider et al. 2020, arXiv 2006.16971).
Networks that only have layer normalisation remember nothing of the kind, so of them this can't be told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from tlstudio.storage.rowstore import RowStore
from tlstudio.training.network import Network

IMAGES = 32  # enough for channel statistics in Schneider et al.
BATCH = 16


class _Moments:
    """Mean and variance of the values that reach one layer, channel by channel, added up over batches."""

    def __init__(self, layer: _BatchNorm) -> None:
        self._layer = layer
        self._count = 0.0
        self._sum = self._squares = torch.zeros(1, dtype=torch.float64)

    def take(self, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].detach()
        others = [axis for axis in range(values.ndim) if axis != 1]
        count = values.numel() / values.shape[1]
        self._count += count
        # Means in single precision and sums of them in double: exact enough, and some graphics processors have no double.
        self._sum = self._sum + count * values.float().mean(others).cpu().double()
        self._squares = self._squares + count * (values.float() ** 2).mean(others).cpu().double()

    def distance(self) -> float | None:
        """Median over the channels of the Wasserstein distance between the found normal distribution and the remembered one.

        In standard deviations of the latter. Dead channels have next to none, and would outweigh all others in a mean.
        """
        mean, variance = self._layer.running_mean, self._layer.running_var
        if mean is None or variance is None or self._count < 2:
            return None
        known_mean, known_spread = mean.cpu().double(), (variance.cpu().double() + self._layer.eps).sqrt()
        found_mean = self._sum / self._count
        found_spread = (self._squares / self._count - found_mean**2).clamp(min=0).sqrt()
        apart = ((found_mean - known_mean) ** 2 + (found_spread - known_spread) ** 2).sqrt() / known_spread
        return float(apart.median())


def distance_from_pretraining(
    network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device
) -> float | None:
    """Median over the layers with batch normalisation of the distance of these images' statistics from the remembered ones.

    In standard deviations: 0 for the pretraining images themselves. At most IMAGES of the contents are looked at, spread evenly.
    None for a network without such layers, or without images.
    """
    layers = [m for m in network.backbone.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    chosen = [keys[int(i)] for i in np.linspace(0, len(keys) - 1, min(IMAGES, len(keys)))]
    if not layers or not chosen:
        return None
    found = [_Moments(layer) for layer in layers]
    hooks = [layer.register_forward_pre_hook(each.take) for layer, each in zip(layers, found, strict=True)]
    network.place(device).eval()
    array = pixels.array()
    try:
        with torch.inference_mode():
            for start in range(0, len(chosen), BATCH):
                rows = np.ascontiguousarray(array[pixels.rows(chosen[start : start + BATCH])])
                network.embed(torch.from_numpy(rows).to(device))
    finally:
        for hook in hooks:
            hook.remove()
    distances = [each for moments in found if (each := moments.distance()) is not None]
    return float(np.median(distances)) if distances else None
