"""`config.json` of a weights folder: the facts that timm keeps beside the weights, read without timm."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlstudio.catalog.tensors import Tensor
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import WeightsRefused, from_os_error

CONFIG = "config.json"
WEIGHTS = "model.safetensors"

# Model names become folder names and parts of addresses, so nothing else may be in them.
NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_\-]+)?")
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What config.json says. `tag` is empty where it names none; `input_size` is an edge in pixels."""

    architecture: str
    tag: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    classifier: str
    license: str
    interpolation: str
    fixed_input_size: bool

    @property
    def id(self) -> str:
        return f"{self.architecture}.{self.tag}" if self.tag else self.architecture


def read_config(path: Path) -> ModelConfig:
    """Reads config.json. Raises WeightsRefused when it is not timm's, FileTrouble when it can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise from_os_error(error, path) from error
    except UnicodeDecodeError as error:
        raise _not_timm(path) from error
    return parse_config(text, path)


def parse_config(text: str, path: Path | str) -> ModelConfig:
    """The facts in the text of a config.json; `path` is named in the refusal."""
    try:
        data = json.loads(text)
        # Older files hold everything at the top level.
        facts = data.get("pretrained_cfg") or data
        architecture, tag = str(data["architecture"]), str(facts.get("tag") or "")
        channels, height, width = (int(edge) for edge in facts["input_size"])
        config = ModelConfig(
            architecture=architecture,
            tag=tag,
            input_size=max(height, width),
            mean=_three(facts["mean"]),
            std=_three(facts["std"]),
            classifier=_first(facts.get("classifier")),
            license=str(facts.get("license") or ""),
            interpolation=facts["interpolation"] if facts.get("interpolation") in INTERPOLATIONS else "bicubic",
            fixed_input_size=bool(facts.get("fixed_input_size", False)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_timm(path) from error
    if not NAME.fullmatch(config.id) or "." in architecture:
        raise _not_timm(path)
    if channels != 3:
        raise WeightsRefused(
            f"This model expects pictures with {channels} colour channels; the program gives it three.",
            remedy="Choose a model for ordinary colour pictures.",
            path=path,
        )
    return config


def config_for(card: ModelCard, tensors: dict[str, Tensor]) -> dict[str, Any]:
    """The content of a config.json for weights that came without one, from the card and the weights themselves."""
    head = tensors.get(f"{card.classifier}.weight")
    classes = head.shape[0] if head is not None else 0
    return {
        "architecture": card.architecture,
        "num_classes": classes,
        "pretrained_cfg": {
            "tag": card.tag,
            "custom_load": False,
            "input_size": [3, card.input_size, card.input_size],
            "fixed_input_size": card.fixed_input_size,
            "interpolation": card.interpolation,
            "mean": list(card.mean),
            "std": list(card.std),
            "num_classes": classes,
            "classifier": card.classifier,
            "license": card.license,
        },
    }


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _first(classifier: Any) -> str:
    """timm gives a list where a network has two classifiers; the first is the one that is used."""
    if isinstance(classifier, list | tuple):
        classifier = classifier[0] if classifier else ""
    return str(classifier or "")


def _not_timm(path: Path | str) -> WeightsRefused:
    return WeightsRefused(
        "The description beside the weights (config.json) is damaged or not one of timm's.",
        remedy="Take config.json and model.safetensors together from the model's page.",
        path=path,
    )
