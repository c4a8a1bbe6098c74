"""`config.json` of a weights folder: the facts that timm keeps beside the weights, read without timm."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlstudio.catalog.layouts import check_architecture
from tlstudio.catalog.tensors import Tensor
from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import UnknownModel, WeightsRefused, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage.files import read_small

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
LONGEST = 4_000_000  # bytes of a config.json; with the names of 21,000 classes and their descriptions it is below 3 MB
# What timm takes for wishes about where to look, what to load and how to end; never the description's to say.
OWN_ARGUMENTS = (
    *(
        "num_classes",
        "in_chans",
        "pretrained",
        "pretrained_cfg",
        "pretrained_cfg_overlay",
        "checkpoint_path",
        "cache_dir",
    ),
    *(
        "scriptable",
        "exportable",
        "no_jit",
        "features_only",
        "model_name",
        "pretrained_model_args",
        "pretrained_strict",
    ),
)
INPUT_SIZES = (8, 2048)  # pixels, as images can be prepared

# Model names become folder names and parts of addresses, so nothing else may be in them.
NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_\-]+)?")
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """What config.json says. `tag` is empty where it names none; `input_size` is an edge in pixels.

    classifiers: names of the final layers, which the program replaces. arguments: of the architecture itself, where the weights
    were made with others than its usual ones. hash: SHA-256 (hex) of all that the description holds.
    """

    architecture: str
    tag: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    classifier: str
    license: str
    interpolation: str
    fixed_input_size: bool
    classifiers: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""

    @property
    def arguments_change_it(self) -> bool:
        """Whether the architecture is built otherwise than usual; how features are pooled changes no tensor's shape."""
        return bool(set(self.arguments) - {"global_pool"})

    @property
    def id(self) -> str:
        return f"{self.architecture}.{self.tag}" if self.tag else self.architecture


def read_config(path: Path) -> ModelConfig:
    """Reads config.json. Raises WeightsRefused when it is not timm's, FileTrouble when it can't be read."""
    try:
        text = read_small(path, LONGEST).decode("utf-8")
    except OSError as error:
        raise from_os_error(error, path) from error
    except UnicodeDecodeError as error:
        raise _not_timm(path) from error
    return parse_config(text, path)


def parse_config(text: str, path: Path | str) -> ModelConfig:
    """The facts in the text of a config.json; `path` is named in the refusal."""
    try:
        data = parse_json(text)
        # Older files hold everything at the top level.
        facts = data.get("pretrained_cfg") or data
        architecture, tag = str(data["architecture"]), str(facts.get("tag") or "")
        channels, height, width = (int(edge) for edge in facts["input_size"])
        config = ModelConfig(
            architecture=architecture,
            tag=tag,
            input_size=max(height, width),
            mean=_three(facts["mean"]),
            std=_three(facts["std"], above=0.0),
            classifier=next(iter(_names(facts.get("classifier"))), ""),
            license=str(facts.get("license") or ""),
            interpolation=facts["interpolation"] if facts.get("interpolation") in INTERPOLATIONS else "bicubic",
            fixed_input_size=bool(facts.get("fixed_input_size", False)),
            classifiers=_names(facts.get("classifier")),
            arguments=_arguments(data.get("model_args"), facts.get("global_pool")),
            hash=hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _not_timm(path) from error
    if not NAME.fullmatch(config.id) or "." in architecture:
        raise _not_timm(path)
    if not INPUT_SIZES[0] <= config.input_size <= INPUT_SIZES[1]:
        raise _not_timm(path)
    try:
        check_architecture(architecture)
    except UnknownModel as error:
        raise WeightsRefused(error.what, remedy="Choose weights of another network.", path=path) from error
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


def _three(values: Any, *, above: float = -math.inf) -> tuple[float, float, float]:
    """Three finite numbers above a limit."""
    red, green, blue = (float(value) for value in values)
    if not all(math.isfinite(value) and value > above for value in (red, green, blue)):
        raise ValueError("no mean or deviation of colours")
    return red, green, blue


def _names(classifier: Any) -> tuple[str, ...]:
    """timm gives a list where a network has two classifiers; the first is the one that is used."""
    listed = classifier if isinstance(classifier, list | tuple) else [classifier]
    return tuple(str(name) for name in listed if name)


def _arguments(stated: Any, pooling: Any) -> dict[str, Any]:
    """What the architecture is to be built with; classes and colours are the program's own affair."""
    arguments = {str(name): value for name, value in dict(stated or {}).items() if name not in OWN_ARGUMENTS}
    if pooling is not None:
        arguments.setdefault("global_pool", str(pooling))
    return arguments


def _not_timm(path: Path | str) -> WeightsRefused:
    return WeightsRefused(
        "The description beside the weights (config.json) is damaged or not one of timm's.",
        remedy="Take config.json and model.safetensors together from the model's page.",
        path=path,
    )
