"""The parts that a pretrained model is made of, as a training takes them: whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from tlstudio.domain.planning import trained_layers
from tlstudio.domain.runs import Adapter, Mode, TrainSettings


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """One part. name: in plain words. parameters: how many numbers it holds. additions: whether adapters fit to it."""

    name: str
    parameters: int
    additions: bool


@dataclass(frozen=True, slots=True)
class ModelLayers:
    """All parts of a model, from the image to the classes, without its head.

    fixed_statistics: it has batch normalisation, whose running averages no training changes.
    """

    model: str
    groups: tuple[LayerGroup, ...]
    fixed_statistics: bool

    @property
    def parameters(self) -> int:
        return sum(group.parameters for group in self.groups)

    def share(self, number: int) -> float:
        """Of the parameters that the part with that number, from 0, has: 0 … 1."""
        return self.groups[number].parameters / max(1, self.parameters)


def rate_shares(layers: ModelLayers, settings: TrainSettings) -> tuple[float, ...]:
    """The full rate of each part to that of the head; 0 for a part that stays as it is.

    From one trained part to the one before it the rate falls by `layer_decay`. With adapters it is the rate of the additions,
    and the parts that take none stay.
    """
    groups = layers.groups
    if settings.mode is Mode.QUICK:
        moving = [False] * len(groups)
    elif settings.adapter is Adapter.LORA:
        moving = [group.additions for group in groups]
    else:
        first = len(groups) - trained_layers(settings, len(groups))
        moving = [number >= first for number in range(len(groups))]
    behind = [sum(moving[number:]) for number in range(len(groups))]
    return tuple(settings.layer_decay**count if moves else 0.0 for count, moves in zip(behind, moving, strict=True))
