"""What the maps at the end of a network's stages come to: mean and standard deviation of every channel.

Early stages tell material, grain and light, late ones things; on scans and surfaces the early ones tell more than what a network
that has learned from photographs of things makes of them in the end (Head2Toe: Evci et al. 2022, arXiv 2201.03529). They cost no
second look at the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

MOST_STAGES = 5
VANISHING = 1e-6  # variance below which a map counts as flat; the root of nothing has no slope to learn by


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
    output = output.float()  # the squares of half-precision numbers may be too large for one
    mean = output.mean(places)
    # From the squares, not from the differences, which would be a second map of this size.
    variance = (mean_square(output, places) - mean.square()).clamp(min=0.0)
    return torch.cat([mean, (variance + VANISHING).sqrt()], dim=1)


def mean_square(maps: Tensor, places: tuple[int, ...]) -> Tensor:
    """Over places; without a second map of the size of this one."""
    # As plain numbers: a traced graph would reckon with shapes anew for every image. A compiler does not follow generators.
    count = 1
    for place in places:
        count *= int(maps.shape[place])
    result: Tensor = torch.linalg.vector_norm(maps, dim=places).square() / count
    return result


class StageEnds:
    """Listens at the ends of a backbone's stages, for as long as the backbone lives. Copied with the network that holds it."""

    def __init__(self, backbone: nn.Module) -> None:
        self.points = stage_points(backbone)
        self._seen: list[Tensor] | None = None
        for name, channels in self.points:
            backbone.get_submodule(name).register_forward_hook(_Ear(self, channels))

    @property
    def width(self) -> int:
        """How many numbers all stages together come to."""
        return sum(2 * channels for _, channels in self.points)

    def begin(self) -> None:
        self._seen = []

    def heard(self) -> list[Tensor]:
        """The statistics of each stage since `begin`, (batch, 2 x channels) each; from now on it does not listen."""
        seen, self._seen = self._seen or [], None
        return seen

    def take(self, output: object, channels: int) -> None:
        # At once: what comes next may write into the same memory.
        if self._seen is not None and isinstance(output, Tensor) and output.dim() in (3, 4):
            self._seen.append(channel_statistics(output, channels))


class _Ear:
    """A hook that can be copied together with the module it hangs on."""

    def __init__(self, ends: StageEnds, channels: int) -> None:
        self._ends = ends
        self._channels = channels

    def __call__(self, _: nn.Module, __: object, output: object) -> None:
        self._ends.take(output, self._channels)
