"""What a model is made of, told without its weights: the architecture is built where tensors have a shape and no numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.layers import LayerGroup, ModelLayers
from tlstudio.training.adapters import takes_adapter
from tlstudio.training.building import build_backbone
from tlstudio.training.network import grouped_parameters

ENTRY, EXIT, SCALING = "Entry", "Exit", "Last scaling"


def model_layers(model: str) -> ModelLayers:
    """The layer groups of timm's `<architecture>.<tag>`, from the image to the head. Raises UnknownModel where timm has none."""
    architecture = model.split(".", 1)[0]
    with torch.device("meta"):
        backbone: Any = build_backbone(architecture)
    parameters = dict(backbone.named_parameters())
    adapted = {name for name, module in backbone.named_modules() if takes_adapter(module)}
    parts = grouped_parameters(backbone)
    groups = tuple(
        LayerGroup(
            name=name,
            parameters=sum(parameters[each].numel() for each in names),
            additions=any(each.rpartition(".")[0] in adapted for each in names),
        )
        for name, names in zip(_names(parts, parameters), parts, strict=True)
    )
    fixed = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in backbone.modules())
    return ModelLayers(model, groups, fixed)


def need_layers(model: str, layers: int) -> None:
    """Raises WrongUsage where a model has fewer layer groups than are to be trained; UnknownModel as `model_layers`."""
    there = len(model_layers(model).groups) if layers > 0 else 0
    if layers > there:
        raise WrongUsage(
            f"{model} has {there} layer groups; {layers} of them can't be trained.",
            remedy=f"Use 0 to {there}; “tlstudio models layers {model}” names them.",
        )


def _names(parts: Sequence[Sequence[str]], parameters: dict[str, nn.Parameter]) -> list[str]:
    """Plain words for each part: where it stands, as no two families of models agree on a word for what it does."""
    last = len(parts) - 1
    body = {_stem(name) for name in parts[last // 2]}
    names: list[str] = []
    for number, part in enumerate(parts):
        if number == 0 and last:
            names.append(ENTRY)
        elif number == last and all(parameters[name].ndim < 2 for name in part):
            names.append(SCALING)
        elif number == last and not any(_stem(name) in body for name in part):
            names.append(EXIT)
        else:
            names.append(f"Block {number if last else 1}")
    return names


def _stem(parameter: str) -> str:
    """`blocks` of `blocks.3.0.conv.weight`, `layer` of `layer4.0.bn1.bias`, `Mixed_` of `Mixed_6a.branch3x3.conv.weight`."""
    return re.split(r"[.\d]", parameter, maxsplit=1)[0]
