"""Model cards: what the program knows of a pretrained model before it is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One pretrained model. Field names follow timm's `pretrained_cfg` where it has the same thing.

    id: `<architecture>.<tag>`, timm's full name. title: the name people know. family: `ResNet`, `ViT` … good_for: one sentence.
    input_size: edge in pixels. mean, std: normalisation of 0 … 1 RGB. parameters: millions, with the original classifier.
    gmacs: 10^9 multiply-adds for one image at input_size. classifier: the name of timm's final layer. license: SPDX identifier
    where there is one. license_note: what it forbids, in words. source: Hugging Face repository, empty for bundled weights.
    sha256: of model.safetensors; empty where it is only known from the hub at download time. bytes: size of the download.
    bundled: part of the program itself. imagenet_top1: percent, from timm's results table, None where not applicable.
    """

    id: str
    title: str
    family: str
    good_for: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    parameters: float
    gmacs: float
    classifier: str
    license: str
    source: str
    license_note: str = ""
    sha256: str = ""
    bytes: int = 0
    bundled: bool = False
    imagenet_top1: float | None = None
    interpolation: str = "bicubic"
    limits: str = ""
    fixed_input_size: bool = False

    @property
    def architecture(self) -> str:
        return self.id.split(".", 1)[0]

    @property
    def tag(self) -> str:
        return self.id.split(".", 1)[1] if "." in self.id else ""


class Where(StrEnum):
    """Where a model's weights are."""

    BUNDLED = "bundled"
    HERE = "here"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A card as the Model page shows it: is it here, and how fast is it on this machine.

    folder: timm local directory with config.json and model.safetensors, None while not here.
    images_per_second: measured forward passes on this machine, None until measured. unread: nobody has looked yet whether its
    numbers are numbers; whoever uses it does.
    """

    card: ModelCard
    where: Where
    folder: Path | None = None
    images_per_second: float | None = None
    unread: bool = False
