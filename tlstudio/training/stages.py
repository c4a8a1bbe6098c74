"""What is seen of an image on its way through a network, in a few blocks of numbers.

Mean and standard deviation of every channel at the end of each stage, the direction and length of the final features, and two
blocks that need no network: the picture's colours and its texture. Early stages tell foreign material (another camera, another
subject), late ones foreign content; what one block overlooks, another sees. All of it can be traced into an exported graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from tlstudio.training.network import Network

MOST_STAGES = 5
PLAIN = 3  # blocks that are used as they are: colours, texture, final features
QUIET = 0.25  # grey levels below which a deviation counts as none
OCTAVES = 5
LEAST_SIZE = 64  # of a picture that is looked at


class Stages(nn.Module):
    """uint8 (batch, size, size, 3) -> the final features (batch, features) and the blocks, each (batch, its own width).

    Blocks in order: colours, texture, final features, then one for each stage, from the image to the head. Those of the stages
    hold the channels' means and then their standard deviations.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.points = stage_points(network.backbone)
        self.widths: tuple[int, ...] = ()  # of the blocks; known after the first image
        self.picture = PictureStatistics()
        self._seen: list[Tensor] = []
        self._hooks: list[RemovableHandle] = []
        for name, channels in self.points:
            self._hooks.append(network.backbone.get_submodule(name).register_forward_hook(self._listen(channels)))

    def _listen(self, channels: int) -> Any:
        def hook(_: nn.Module, __: object, output: object) -> None:
            # At once: what comes next may write into the same memory.
            if isinstance(output, Tensor) and output.dim() in (3, 4):
                self._seen.append(channel_statistics(output, channels))

        return hook

    def forward(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        self._seen.clear()
        features = self.network.embed(pixels)
        seen = list(self._seen)
        self._seen.clear()
        # As the network's normalisation begins, so that an exported graph does it once.
        picture = pixels.permute(0, 3, 1, 2).float()
        blocks = [*self.picture(picture), _direction(features), *seen]
        self.widths = tuple(block.shape[1] for block in blocks)
        return features, blocks

    def let_go(self) -> None:
        """The network is as it was; this is of no more use."""
        for hook in self._hooks:
            hook.remove()

    def flat(self, pixels: Tensor) -> Tensor:
        """All blocks side by side, (batch, sum of widths)."""
        return torch.cat(self(pixels)[1], dim=1)

    def split(self, flat: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """What `flat` joined, for any number of images."""
        return np.split(flat, np.cumsum(self.widths)[:-1], axis=1)

    @property
    def count(self) -> int:
        """How many of the blocks, the last ones, are channel statistics of a stage."""
        return len(self.widths) - PLAIN


def stage_points(backbone: nn.Module) -> list[tuple[str, int]]:
    """Names of the modules that end the stages, and how many channels they give, as timm knows them; at most MOST_STAGES.

    Of more, as the blocks of a transformer, some evenly apart, the last among them. Empty where timm knows none.
    """
    info: Any = getattr(backbone, "feature_info", None)
    rows: Sequence[dict[str, Any]] = info if isinstance(info, list) else getattr(info, "info", [])
    inside = dict(backbone.named_modules())
    # The largest maps cost most and tell what the picture's own statistics tell, too.
    points = [
        (str(r["module"]), int(r["num_chs"])) for r in rows if r.get("module") in inside and r.get("reduction", 4) >= 4
    ]
    if len(points) <= MOST_STAGES:
        return points
    return [points[round((i + 1) * len(points) / MOST_STAGES) - 1] for i in range(MOST_STAGES)]


def channel_statistics(output: Tensor, channels: int) -> Tensor:
    """Mean and standard deviation over places, (batch, 2 x channels), of maps in either order or (batch, tokens, channels)."""
    if output.dim() == 3:
        places: tuple[int, ...] = (1,)
    elif output.shape[1] != channels and output.shape[3] == channels:
        places = (1, 2)
    else:
        places = (2, 3)
    mean = output.mean(places)
    # From the squares, not from the differences, which would be a second map of this size.
    return torch.cat([mean, (mean_square(output, places) - mean.square()).clamp(min=0.0).sqrt()], dim=1)


def _direction(features: Tensor) -> Tensor:
    """Unit vector and the logarithm of the length, (batch, features + 1)."""
    length = features.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-6)
    return torch.cat([features / length, length.log()], dim=1)


class PictureStatistics(nn.Module):
    """(batch, 3, h, w) of 0 … 255 -> colours (batch, 7) and texture (batch, 16), which need no network.

    Colours: means of two colour differences and of the luminance, and logarithms of how much they vary and of the colour itself.
    Texture: logarithms of the luminance's energy in octaves, across, down and diagonal (Haar's wavelet), and of what is left.
    """

    def __init__(self) -> None:
        super().__init__()
        # Mean, and differences across, down and diagonal, of 2 x 2 places.
        signs = torch.tensor([[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]])
        haar = signs[:, None].float() / 4
        mix = torch.tensor([[1, 1, 1], [0, -3, 3], [3, -3, 0]]).float()[:, :, None, None] / 3
        self.first: Tensor
        self.second: Tensor
        self.next: Tensor
        self.register_buffer("first", torch.cat([mix[:1] * haar, mix[1:] * haar[:1]]), persistent=False)
        # Of all that the step before gave, each step takes the first map, the means; zeros are quicker than cutting it out.
        self.register_buffer("second", functional.pad(haar, (0, 0, 0, 0, 0, 5)), persistent=False)
        self.register_buffer("next", functional.pad(haar, (0, 0, 0, 0, 0, 3)), persistent=False)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        # Every second place of a large picture tells as much about its colours and its grain in a quarter of the time.
        apart = 2 if int(picture.shape[2]) >= 2 * LEAST_SIZE else 1
        parts = functional.conv2d(picture, self.first, stride=2 * apart, dilation=apart)
        mean, power = parts.mean((2, 3)), mean_square(parts, (2, 3))
        varying = (power - mean.square()).clamp(min=0.0)
        energies, bands = [power[:, 1:4]], parts
        for step in range(1, OCTAVES):
            if min(int(bands.shape[2]), int(bands.shape[3])) < 2:
                break
            bands = functional.conv2d(bands, self.second if step == 1 else self.next, stride=2)
            energy = mean_square(bands, (2, 3))
            energies.append(energy[:, 1:])
        rest = (energy[:, :1] - mean[:, :1].square()).clamp(min=0.0)
        tint = power[:, 4:].sum(dim=1, keepdim=True)
        colours = torch.cat([varying[:, :1], varying[:, 4:], tint], dim=1)
        texture = torch.cat([*energies, rest], dim=1)
        return torch.cat([mean[:, :1], mean[:, 4:], _level(colours)], dim=1), _level(texture)


def mean_square(maps: Tensor, places: tuple[int, ...]) -> Tensor:
    """Over places; without a second map of the size of this one."""
    # As plain numbers: a traced graph would reckon with shapes anew for every image.
    count = math.prod(int(maps.shape[place]) for place in places)
    result: Tensor = torch.linalg.vector_norm(maps, dim=places).square() / count
    return result


def _level(energy: Tensor) -> Tensor:
    """Logarithm of the deviation, in grey levels."""
    return 0.5 * (energy + QUIET**2).log()
