"""Random views of a batch, made on the device from cached pixels: one resampling for all geometry, then light and holes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

DRAWS = 15  # random numbers per image


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What may change from one view of an image to the next; every change is drawn anew for each image.

    least_area: smallest share of the picture that a crop keeps. aspect: largest change of shape, as a natural logarithm.
    angle: largest rotation in degrees, and shear: largest slant, each for one image in three. light: largest relative change
    of brightness and contrast. colour: largest relative change of saturation; 0 for grey images. erase: share of the images
    that lose a rectangle. flip, flip_vertical: mirror half of the images.
    """

    least_area: float = 0.35
    aspect: float = 0.25
    angle: float = 15.0
    shear: float = 0.15
    light: float = 0.25
    colour: float = 0.3
    erase: float = 0.2
    flip: bool = True
    flip_vertical: bool = False

    def scaled(self, strength: float) -> Augmentation:
        """The same with everything but mirroring weaker or stronger; 0 leaves images as they are."""
        return replace(
            self,
            least_area=max(0.08, 1 - (1 - self.least_area) * strength),
            aspect=self.aspect * strength,
            angle=self.angle * strength,
            shear=self.shear * strength,
            light=min(0.9, self.light * strength),
            colour=min(1.0, self.colour * strength),
            erase=min(0.8, self.erase * strength),
        )


def drawn(images: int, generator: torch.Generator) -> Tensor:
    """What `augment` decides by: (images, DRAWS) in 0 … 1. From a CPU generator, so the views are the same on every device."""
    return torch.rand((images, DRAWS), generator=generator)


def augment(pixels: Tensor, how: Augmentation, draw: Tensor, size: int = 0) -> Tensor:
    """uint8 (batch, h, w, 3) -> float (batch, size, size, 3) in 0 … 255, each image changed by its own row of `draw`.

    Random resized crops as in Szegedy et al. 2015 (arXiv 1409.4842), one of a few further changes for each image as in
    TrivialAugment (Müller and Hutter 2021, arXiv 2103.10158), random erasing (Zhong et al. 2020, arXiv 1708.04896).
    size: edge of the result in pixels, 0 for that of the images.
    """
    n, height, width, _ = pixels.shape
    images = pixels.permute(0, 3, 1, 2).float()
    edge = (n, 3, size or height, size or width)
    grid = functional.affine_grid(_geometry(draw, how).to(pixels.device), list(edge), align_corners=False)
    views = functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    views = _light(views, draw[:, 7:10].to(pixels.device), how)
    if how.erase:
        views = _erase(views, draw[:, 10:15].to(pixels.device), how.erase)
    return views.permute(0, 2, 3, 1)


def _geometry(draw: Tensor, how: Augmentation) -> Tensor:
    """Maps of the view's coordinates to the image's, (n, 2, 3): crop, shape, mirror, and for some a rotation or slant."""
    n = len(draw)
    area = how.least_area + (1 - how.least_area) * draw[:, 0]
    stretch = (_signed(draw[:, 1]) * how.aspect).exp().sqrt()
    width, height = (area.sqrt() * stretch).clamp(max=1.0), (area.sqrt() / stretch).clamp(max=1.0)
    third = (3 * draw[:, 2]).floor()  # 0: turned, 1: slanted, 2: upright
    much = _signed(3 * draw[:, 2] - third)
    angle = torch.where(third == 0, much * math.radians(how.angle), 0.0)
    slant = torch.where(third == 1, much * how.shear, 0.0)
    mirror = torch.where(draw[:, 3] < 0.5, -1.0, 1.0) if how.flip else torch.ones(n)
    upside = torch.where(draw[:, 4] < 0.5, -1.0, 1.0) if how.flip_vertical else torch.ones(n)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = angle.cos() * width * mirror, (slant - angle.sin()) * height
    theta[:, 1, 0], theta[:, 1, 1] = angle.sin() * width * mirror, angle.cos() * height * upside
    theta[:, 0, 2], theta[:, 1, 2] = _signed(draw[:, 5]) * (1 - width), _signed(draw[:, 6]) * (1 - height)
    return theta


def _light(views: Tensor, draw: Tensor, how: Augmentation) -> Tensor:
    """Contrast and brightness around each view's own mean, saturation around its grey: float (n, 3, h, w) in 0 … 255."""
    contrast, brightness, saturation = (_signed(draw[:, i]).view(-1, 1, 1, 1) for i in range(3))
    mean = views.mean(dim=(1, 2, 3), keepdim=True)
    if how.colour:
        grey = views.mean(dim=1, keepdim=True)
        views = torch.lerp(grey, views, 1 + how.colour * saturation)
    factor = 1 + how.light * contrast
    return torch.addcmul(mean * (1 - factor) + 127.5 * how.light * brightness, views, factor).clamp_(0, 255)


def _erase(views: Tensor, draw: Tensor, share: float) -> Tensor:
    """Fills a rectangle of 2 to 20 % of the area with the view's mean, in that share of the views."""
    n, _, h, w = views.shape
    area = 0.02 + 0.18 * draw[:, 1]
    ratio = (_signed(draw[:, 2]) * 0.9).exp().sqrt()
    tall, wide = area.sqrt() * ratio, area.sqrt() / ratio
    top, left = draw[:, 3] * (1 - tall), draw[:, 4] * (1 - wide)
    y = (torch.arange(h, device=views.device) + 0.5) / h
    x = (torch.arange(w, device=views.device) + 0.5) / w
    rows = (y > top[:, None]) & (y < (top + tall)[:, None]) & (draw[:, 0] < share)[:, None]
    columns = (x > left[:, None]) & (x < (left + wide)[:, None])
    hole = (rows[:, :, None] & columns[:, None, :]).view(n, 1, h, w)
    return torch.where(hole, views.mean(dim=(1, 2, 3), keepdim=True), views)


def _signed(draw: Tensor) -> Tensor:
    """0 … 1 -> -1 … 1."""
    return 2 * draw - 1


@dataclass(frozen=True, slots=True)
class Pairs:
    """Mixup (Zhang et al. 2018, arXiv 1710.09412): an image keeps `share` (n,) of itself; the rest is `other` (n,)."""

    share: Tensor
    other: Tensor


def pairs_of(images: int, alpha: float, generator: torch.Generator) -> Pairs:
    """Who is mixed with whom; by less than half, so that each image's own class stays the larger part."""
    seed = int(torch.randint(2**31, (1,), generator=generator))
    share = np.random.default_rng(seed).beta(alpha, alpha, images)
    return Pairs(
        torch.from_numpy(np.maximum(share, 1 - share).astype(np.float32)), torch.randperm(images, generator=generator)
    )


def mix(values: Tensor, others: Tensor, share: Tensor) -> Tensor:
    """(n, …) blended with as many others; share (n,) of its own."""
    return torch.lerp(others, values, share.view(-1, *(1 for _ in values.shape[1:])))
