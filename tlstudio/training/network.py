"""The network that is trained and exported: pixels in, one linear head on what a pretrained backbone makes of them.

The head sees the backbone's final features and the statistics of its stages side by side. Normalisation is part of the network,
so nothing outside has to agree on a mean.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import timm
import torch
from torch import Tensor, nn

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training.building import build_backbone
from tlstudio.training.channels import StageEnds
from tlstudio.training.linear import Features, LinearHead

LEAST_SPREAD = 0.01  # of the usual one; statistics that hardly differ between images are not blown up further
NOT_FEATURES = ("classes", "temperature")  # what only the head is about


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """What it takes to build the network again without its pretrained weights; config.json beside the weights."""

    model: str
    architecture: str
    classes: tuple[str, ...]
    preprocess: PreprocessSpec
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    features: int  # that the head sees
    resized: bool  # the backbone was built for the size of `preprocess`: one that takes pictures of one size only
    license: str
    weights_hash: str
    temperature: float = 1.0  # divides the logits on the way to probabilities
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the architecture, beside its usual ones
    config_hash: str = ""  # of the description beside the weights; empty in runs of earlier versions
    staged: int = (
        0  # of the features, the last ones, how many are statistics of the stages; none in runs of earlier versions
    )

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that no training writes: what they come to would look like answers."""
        numbers = (*self.mean, *self.std, self.temperature)
        sound = all(isinstance(n, int | float) and math.isfinite(n) for n in numbers)
        if not sound or min(*self.std, self.temperature) <= 0 or not 0 <= self.staged < self.features:
            raise ValueError("impossible numbers in the description of a network")
        if len(set(self.classes)) != len(self.classes) or not all(isinstance(name, str) for name in self.classes):
            raise ValueError("impossible classes in the description of a network")

    @property
    def final(self) -> int:
        """How many of the features, the first ones, are the backbone's own."""
        return self.features - self.staged

    def features_key(self) -> str:
        """Stands for everything that the backbone's features of a picture depend on; a short name for a cache."""
        told = {name: value for name, value in self.to_json().items() if name not in NOT_FEATURES}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return f"{self.architecture}-{self.weights_hash[:12]}-{self.preprocess.key()}-{digest[:16]}"

    def build(self) -> Any:
        """The backbone, freshly drawn. Raises UnknownModel for an architecture that is not timm's."""
        size = {"img_size": self.preprocess.size} if self.resized else {}
        return build_backbone(self.architecture, self.arguments, **size)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "preprocess": self.preprocess.to_json(), "arguments": dict(self.arguments)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> NetworkSpec:
        return NetworkSpec(
            **{
                **data,
                "classes": tuple(data["classes"]),
                "mean": tuple(data["mean"]),
                "std": tuple(data["std"]),
                "preprocess": PreprocessSpec.from_json(data["preprocess"]),
            }
        )


class Network(nn.Module):
    """uint8 (batch, size, size, 3) -> logits (batch, classes). `embed` gives the features before the head."""

    def __init__(self, backbone: nn.Module, spec: NetworkSpec) -> None:
        super().__init__()
        self.backbone = backbone
        self.adapters: frozenset[str] = frozenset()  # names of parameters that training.adapters put in
        self.order = torch.channels_last  # of the numbers in memory
        self.ends = StageEnds(backbone)
        self.mean: Tensor
        self.std: Tensor
        self.center: Tensor
        self.gauge: Tensor
        self.register_buffer("mean", 255.0 * torch.tensor(spec.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255.0 * torch.tensor(spec.std).view(1, 3, 1, 1), persistent=False)
        self.make_head(spec)

    def make_head(self, spec: NetworkSpec) -> None:
        """A new one, as the specification says."""
        self.spec = spec
        self.head = nn.Linear(spec.features, len(spec.classes))
        if spec.staged:
            self.register_buffer("center", torch.zeros(spec.features))
            self.register_buffer("gauge", torch.ones(spec.features))

    def place(self, device: torch.device) -> Network:
        """Brings it to the device, its numbers in their order; returns itself."""
        self.to(device=device, memory_format=self.order)  # type: ignore[call-overload]
        return self

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 (batch, h, w, 3) -> float (batch, 3, h, w), as the backbone was trained."""
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std

    def look(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Normalised (batch, 3, h, w) -> the backbone's final features (batch, spec.final), and of each stage the statistics."""
        self.ends.begin()
        try:
            final: Tensor = self.backbone(images)
        except BaseException:
            self.ends.heard()  # memory that ran out is not to be held by what was heard so far
            raise
        return final, self.ends.heard()

    def features(self, images: Tensor) -> Tensor:
        """Normalised (batch, 3, h, w) -> (batch, spec.features)."""
        if not self.spec.staged:
            final: Tensor = self.backbone(images)
            return final
        return side_by_side(*self.look(images))

    def embed(self, pixels: Tensor) -> Tensor:
        """uint8 (batch, h, w, 3) -> (batch, spec.features)."""
        return self.features(self.normalise(pixels))

    def gauged(self, features: Tensor) -> Tensor:
        """Features (batch, spec.features) -> the same as the head takes them, see `set_gauge`."""
        return (features - self.center) * self.gauge if self.spec.staged else features

    def decide(self, features: Tensor) -> Tensor:
        """Features (batch, spec.features) -> logits (batch, classes)."""
        logits: Tensor = self.head(self.gauged(features))
        return logits

    def forward(self, pixels: Tensor) -> Tensor:
        return self.decide(self.embed(pixels))

    def chances(self, logits: Tensor) -> Tensor:
        """Logits (batch, classes) -> calibrated probabilities (batch, classes)."""
        return (logits / self.spec.temperature).softmax(dim=1)

    def set_head(self, head: LinearHead) -> None:
        """head: on features as they are."""
        weight, bias = torch.from_numpy(head.weight).double(), torch.from_numpy(head.bias).double()
        with torch.no_grad():
            if self.spec.staged:
                bias = bias + weight @ self.center.cpu().double()
                weight = weight / self.gauge.cpu().double()
            self.head.weight.copy_(weight)
            self.head.bias.copy_(bias)

    def set_gauge(self, seen: Features) -> None:
        """Brings the statistics of the stages to the middle and the size of the final features, (n, features) of training images.

        Their own sizes differ by the thousand; a step of the optimiser moves all weights of the head by much the same.
        """
        if not self.spec.staged:
            return
        final = self.spec.final
        spread = seen.std(axis=0, dtype=np.float64)
        usual = float(spread[:final].mean()) or 1.0
        center, gauge = np.zeros(len(spread)), np.ones(len(spread))
        center[final:] = seen[:, final:].mean(axis=0, dtype=np.float64)
        gauge[final:] = usual / np.maximum(spread[final:], LEAST_SPREAD * usual)
        with torch.no_grad():
            self.center.copy_(torch.from_numpy(center))
            self.gauge.copy_(torch.from_numpy(gauge))


def side_by_side(final: Tensor, stages: Sequence[Tensor]) -> Tensor:
    """What the head sees: (batch, features) from what `Network.look` gives."""
    return torch.cat([final.float(), *stages], dim=1)


def layer_groups(network: Network) -> list[list[str]]:
    """Parameter names of the backbone in timm's coarse groups, from the image to the head."""
    return [[f"backbone.{name}" for name in names] for names in grouped_parameters(network.backbone)]


def grouped_parameters(backbone: Any) -> list[list[str]]:
    """The same of a timm model by itself, whose names they are."""
    grouped = timm.models.group_parameters(backbone, backbone.group_matcher(coarse=True))
    return [list(grouped[key]) for key in sorted(grouped)]
