"""What is seen of an image on its way through a network, in a few blocks of numbers.

Mean and standard deviation of every channel at the end of each stage, the direction and length of the final features, and two
blocks that need no network: the picture's colours and its texture. Early stages tell foreign material (another camera, another
subject), late ones foreign content; what one block overlooks, another sees. All of it can be traced into an exported graph.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.training.channels import mean_square
from tlstudio.training.network import Network, side_by_side

PLAIN = 3  # blocks that are used as they are: colours, texture, final features
QUIET = 0.25  # grey levels below which a deviation counts as none
OCTAVES = 5
LEAST_SIZE = 64  # of a picture that is looked at


class Stages(nn.Module):
    """uint8 (batch, size, size, 3) -> what the head sees (batch, features) and the blocks, each (batch, its own width).

    Blocks in order: colours, texture, final features, then one for each stage, from the image to the head. Those of the stages
    hold the channels' means and then their standard deviations.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.points = network.ends.points
        self.widths: tuple[int, ...] = ()  # of the blocks; known after the first image
        self.picture = PictureStatistics()

    def forward(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        final, seen = self.network.look(self.network.normalise(pixels))
        features = side_by_side(final, seen) if self.network.spec.staged else final
        # As the network's normalisation begins, so that an exported graph does it once.
        picture = pixels.permute(0, 3, 1, 2).float()
        blocks = [*self.picture(picture), _direction(final), *seen]
        self.widths = tuple(block.shape[1] for block in blocks)
        return features, blocks

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


def _level(energy: Tensor) -> Tensor:
    """Logarithm of the deviation, in grey levels."""
    return 0.5 * (energy + QUIET**2).log()
