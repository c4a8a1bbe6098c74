"""Hiding parts of a picture from a model, and what is left of its answer then.

Parts are hidden under a blur, which has none of the hard edges of a black square that a model may read as a sign of something.
How strong a blur takes a reason away depends on the reason: a fine texture is gone under a light one, which leaves a shadow in
place; a strong one leaves smooth grey, which is what a flawless part may look like. So the strength is chosen for every picture
and class by what it does to the whole picture, before there is any heat map.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from tlstudio.training.network import Network

Heat = npt.NDArray[np.float32]
Order = npt.NDArray[np.int64]

RADII = (1 / 56, 1 / 32, 1 / 16, 1 / 4)  # of the blur, as shares of the edge
BATCH = 16


def hidden_picture(network: Network, pixels: Tensor, target: int) -> Tensor:
    """The picture, uint8 (1, size, size, 3), under the blur that takes away most of what speaks for class number `target`."""
    trials = torch.cat([blurred(pixels, max(1, round(share * pixels.shape[1]))) for share in RADII])
    with torch.inference_mode():
        left = margin(network(trials), target)
    best = int(left.argmin())
    return trials[best : best + 1]


def order_of(heat: Heat) -> Order:
    """The number of each place when they are sorted, 0 at the hottest; of equally hot ones the upper and left come first."""
    order = np.empty(heat.size, np.int64)
    order[np.argsort(-heat, axis=None, kind="stable")] = np.arange(heat.size)
    return order.reshape(heat.shape)


def first(order: Order, share: float) -> npt.NDArray[np.bool_]:
    """Where the first `share` of the picture is."""
    return order < round(share * order.size)


def without(pixels: Tensor, hidden: Tensor, parts: npt.NDArray[np.bool_]) -> Tensor:
    """Pictures, uint8 (n, size, size, 3), each with one of `parts`, (n, size, size), taken from the hidden picture."""
    return torch.where(torch.from_numpy(parts)[..., None].to(pixels.device), hidden, pixels)


def log_odds(network: Network, pixels: Iterable[Tensor], target: int) -> npt.NDArray[np.float64]:
    """Of one class against all others, calibrated, for pictures in batches of uint8 (n, size, size, 3).

    Unlike the probability, it still tells differences where the model is very sure.
    """
    found = []
    with torch.inference_mode():
        for part in pixels:
            logits = network(part).double() / network.spec.temperature
            found.append(margin(logits, target).cpu().numpy())
    return np.concatenate(found)


def logistic(log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log-odds -> probability."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def margin(logits: Tensor, target: int) -> Tensor:
    """Logits (n, classes) -> log-odds of one class against all others (n,); of an only class its logit."""
    others = [k for k in range(logits.shape[1]) if k != target]
    return logits[:, target] - logits[:, others].logsumexp(dim=1) if others else logits[:, target]


def blurred(pixels: Tensor, radius: int) -> Tensor:
    """The same pictures, uint8 (n, size, size, 3), blurred over about `radius` pixels."""
    flat = pixels.permute(0, 3, 1, 2).float()
    return softened(flat, radius).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def softened(values: Tensor, radius: int) -> Tensor:
    """Three box blurs, which are nearly a Gaussian; (…, h, w), edges mirrored.

    Rows and columns apart: the time grows with the radius, not with its square.
    """
    flat = values.reshape(-1, 1, *values.shape[-2:]).float()
    reach = min(radius, min(flat.shape[-2:]) - 1)
    for _ in range(3):
        flat = functional.avg_pool2d(
            functional.pad(flat, (0, 0, reach, reach), mode="reflect"), (2 * reach + 1, 1), stride=1
        )
        flat = functional.avg_pool2d(
            functional.pad(flat, (reach, reach, 0, 0), mode="reflect"), (1, 2 * reach + 1), stride=1
        )
    return flat.reshape(values.shape)
