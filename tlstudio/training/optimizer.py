"""Which parameters a run trains, at what rate each, and the optimiser over them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tlstudio.training.network import Network, layer_groups

HEAD = ["head.weight", "head.bias"]
Parameters = dict[str, nn.Parameter]


def trainable(network: Network, layers: int) -> list[list[str]]:
    """Names of the parameters to train, by layer group from the image to the head; the head is the last group.

    layers: how many groups of the backbone, counted from the head; 0 for none but the head. With adapters in the network those
    alone are trained, whatever their layer.
    """
    groups = layer_groups(network)
    if network.adapters:
        adapted = [[name for name in names if name in network.adapters] for names in groups]
        return [*(names for names in adapted if names), HEAD]
    return [*groups[max(0, len(groups) - layers) :], HEAD]


def make_optimizer(
    network: Network, groups: list[list[str]], *, peak: float, layer_decay: float, weight_decay: float, fused: bool
) -> tuple[Parameters, torch.optim.AdamW]:
    """AdamW over these groups and nothing else; each group's rate is `layer_decay` times that of the one after it.

    Layer-wise decay: Clark et al. 2020 (ELECTRA, arXiv 2003.10555). Norms and biases don't decay, nor does what the architecture
    itself spares, such as the positions of a transformer. Every option group keeps its own full rate under `peak`.
    """
    named = dict(network.named_parameters())
    spared = _spared(network)
    for parameter in named.values():
        parameter.requires_grad_(False)
    chosen: Parameters = {}
    options: list[dict[str, Any]] = []
    for depth, names in enumerate(groups):
        rate = peak * layer_decay ** (len(groups) - 1 - depth)
        for decayed in (True, False):
            part = {n: named[n] for n in names if (named[n].ndim > 1 and n not in spared) is decayed}
            chosen.update(part)
            if part:
                decay = weight_decay if decayed else 0.0
                options.append({"params": list(part.values()), "lr": rate, "peak": rate, "weight_decay": decay})
    for parameter in chosen.values():
        parameter.requires_grad_(True)
    return chosen, torch.optim.AdamW(options, lr=peak, betas=(0.9, 0.999), fused=fused)


# Beside each number that is trained stand its gradient, two moments and the moving average on the device, and in the computer's
# memory, at the end, what the candidates have in its place.
ON_DEVICE, ON_HOST = 4, 6


def memory_needed(network: Network, layers: int, device: torch.device) -> int:
    """Bytes on the device for training so many layer groups, without the images that are on their way."""
    numbers = dict(network.named_parameters())
    trained = sum(numbers[name].numel() for names in trainable(network, layers) for name in names)
    copies = ON_DEVICE if device.type == "cuda" else ON_DEVICE + ON_HOST
    return 4 * copies * trained


def _spared(network: Network) -> set[str]:
    """Parameters that timm's author of the architecture does not let decay."""
    told = getattr(network.backbone, "no_weight_decay", None)
    return {f"backbone.{name}" for name in told()} if callable(told) else set()


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def freeze_statistics(network: nn.Module) -> None:
    """Keeps batch normalisation at the statistics of pretraining: small batches would only blur them."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def begin_training(network: nn.Module) -> None:
    """Puts a network into the state in which steps are taken: dropout works, statistics stay those of pretraining."""
    network.train()
    freeze_statistics(network)
