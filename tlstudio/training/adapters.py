"""Low-rank adapters (LoRA: Hu et al. 2021, arXiv 2106.09685) through peft: little to train, little memory, merged at the end."""

from __future__ import annotations

import torch
from torch import nn

from tlstudio.domain.errors import WrongUsage
from tlstudio.training.network import Network


def targets(network: Network) -> list[str]:
    """Names of the layers of the backbone that take an adapter: all linear ones, and 1 x 1 convolutions that are not grouped."""
    return [name for name, module in network.backbone.named_modules() if takes_adapter(module)]


def takes_adapter(module: nn.Module) -> bool:
    pointwise = isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.groups == 1
    return isinstance(module, nn.Linear) or pointwise


def attach(network: Network, rank: int, *, seed: int) -> None:
    """Puts adapters of that rank beside the backbone's layers; the network's function stays as it is until they are trained.

    Raises WrongUsage when the backbone has no layer that takes one.
    """
    from peft import LoraConfig, inject_adapter_in_model  # loads transformers: ten seconds that few need

    names = targets(network)
    if not names:
        raise WrongUsage(
            "This model has no layers that adapters fit to.", remedy="Train without adapters, or choose another model."
        )
    torch.manual_seed(seed)
    before = {name for name, _ in network.named_parameters()}
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names, bias="none")
    inject_adapter_in_model(config, network.backbone)
    after = {name for name, _ in network.named_parameters()}
    network.adapters = frozenset(name for name in after - before if "lora_" in name)


def rank_of(network: Network) -> int:
    """Of the adapters in it; 0 without any."""
    sizes = {len(network.get_parameter(name)) for name in network.adapters if "lora_A" in name}
    return max(sizes, default=0)


def merge(network: Network) -> None:
    """Adds the adapters to the weights they stand beside and takes them out: the plain backbone again, same function."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in list(network.backbone.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge(safe_merge=True)
            parent = network.backbone.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], module.get_base_layer())
    network.adapters = frozenset()
