"""Random views of a batch, made on the device from cached pixels: one grid sample for crop, shape and flip, then light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Augmentation:
    """least_area: smallest share of the picture that a crop keeps. aspect: largest change of shape, as a natural logarithm.
    light: largest relative change of brightness and contrast. flip: mirror left and right half of the time."""

    least_area: float = 0.5
    aspect: float = 0.2
    light: float = 0.2
    flip: bool = True


def augment(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """uint8 (batch, h, w, 3) -> uint8-valued float (batch, h, w, 3), 0 … 255, each image changed differently.

    Random resized crops as in Szegedy et al. 2015 (arXiv 1409.4842), sampled with reflection at the border. Random numbers come
    from a CPU generator, so the views are the same on every device.
    """
    n = pixels.shape[0]
    draw = torch.rand((n, 7), generator=generator)
    area = how.least_area + (1 - how.least_area) * draw[:, 0]
    stretch = ((2 * draw[:, 1] - 1) * how.aspect).exp().sqrt()
    width, height = (area.sqrt() * stretch).clamp(max=1.0), (area.sqrt() / stretch).clamp(max=1.0)
    mirror = torch.where(draw[:, 2] < 0.5, -1.0, 1.0) if how.flip else torch.ones(n)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = width * mirror, height
    theta[:, 0, 2], theta[:, 1, 2] = (2 * draw[:, 3] - 1) * (1 - width), (2 * draw[:, 4] - 1) * (1 - height)
    images = pixels.permute(0, 3, 1, 2).float()
    grid = functional.affine_grid(theta.to(pixels.device), list(images.shape), align_corners=False)
    views = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    contrast = (1 + how.light * (2 * draw[:, 5] - 1)).view(n, 1, 1, 1).to(pixels.device)
    brightness = (255 * how.light * (2 * draw[:, 6] - 1) / 2).view(n, 1, 1, 1).to(pixels.device)
    mean = views.mean(dim=(1, 2, 3), keepdim=True)
    return ((views - mean) * contrast + mean + brightness).clamp(0, 255).permute(0, 2, 3, 1)


def cosine(step: int, steps: int, warm_up: int) -> float:
    """Factor of the learning rate at `step`: linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2017)."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))
