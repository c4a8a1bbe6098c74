"""Branches of a network that training may leave out of a step (stochastic depth: Huang et al. 2016, arXiv 1603.09382)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from timm.layers.drop import DropPath
from torch import nn

from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import WrongUsage
from tlstudio.training.building import build_backbone


def need_branches(card: ModelCard) -> None:
    """Raises WrongUsage for an architecture without residual branches that can be left out."""
    try:
        with torch.device("meta"):
            model = build_backbone(card.architecture, drop_path_rate=0.5)
        found = any(isinstance(module, DropPath) for module in model.modules())
    except TypeError:  # it does not know the option
        found = False
    if not found:
        raise WrongUsage(
            f"{card.title} has no side branches that training could leave out.", remedy="Set drop path to 0."
        )


def keep_branches(backbone: nn.Module) -> None:
    """Some architectures leave branches out unless told otherwise."""
    for module in backbone.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0


def drop_shares(network: nn.Module) -> dict[str, float]:
    """Of the branches that training leaves out of a step, by the names of the modules that do it: how often they do."""
    return {name: module.drop_prob for name, module in network.named_modules() if isinstance(module, DropPath)}


def put_drop_shares(network: nn.Module, shares: Mapping[str, float]) -> None:
    """The reverse of `drop_shares`, for a network of the same architecture."""
    for name, module in network.named_modules():
        if isinstance(module, DropPath):
            module.drop_prob = shares.get(name, 0.0)
