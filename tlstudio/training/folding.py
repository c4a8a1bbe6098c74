"""A frozen network without its batch normalisations: each is a scaling and a shift, which the convolution before it can do.

It gives the same features to the last few bits and reads and writes every map once less, which is a third of the time of small
networks. For looking only: what is trained, exported and certified is the network as it is.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from tlstudio.training.network import Network

CLOSE = 1e-4  # largest difference of a feature, as a share of the largest feature, that rounding may bring


def folded(network: Network, example: Tensor) -> Network:
    """The network with what can be folded, or itself where that is nothing or would change what it says.

    example: uint8 (batch, size, size, 3), where the network is. A convolution's output may be used by others than the
    normalisation after it; instead of looking for that in every kind of network, both are asked about the example.
    """
    network.eval()
    with (
        torch.no_grad()
    ):  # weights that were made in inference mode some of torch's convolutions refuse, by the number of images
        pairs = _pairs(network.backbone, network.normalise(example[:1]))
        if not pairs or any(len(set(names)) < len(pairs) for names in zip(*pairs, strict=True)):
            return network  # nothing to fold, or a layer that is used twice
        light = copy.deepcopy(network)
        for convolution, norm in pairs:
            _fold(light.backbone, convolution, norm)
        light.eval()
        wanted, found = network.embed(example), light.embed(example)
        same = wanted.shape == found.shape and all(
            bool((one - other).abs().max() <= CLOSE * one.abs().max())
            for one, other in zip(_views(network, wanted), _views(network, found), strict=True)
            if one.numel()
        )
    return light if same else network


def _views(network: Network, features: Tensor) -> tuple[Tensor, Tensor]:
    """The final ones, and those of the stages, whose sizes differ."""
    return features[:, : network.spec.final], features[:, network.spec.final :]


def _pairs(backbone: nn.Module, images: Tensor) -> list[tuple[str, str]]:
    """Names of convolutions and of the batch normalisations that got their outputs, as one pass shows them."""
    made: dict[int, tuple[str, Tensor]] = {}  # with the tensor, so that no other takes its number
    found: list[tuple[str, str]] = []
    hooks = []
    for name, module in backbone.named_modules():
        if isinstance(module, nn.Conv2d):

            def after(_: nn.Module, __: object, output: Tensor, name: str = name) -> None:
                made[id(output)] = (name, output)

            hooks.append(module.register_forward_hook(after))
        elif isinstance(module, nn.BatchNorm2d):

            def before(_: nn.Module, inputs: tuple[Tensor, ...], name: str = name) -> None:
                if id(inputs[0]) in made:
                    found.append((made[id(inputs[0])][0], name))

            hooks.append(module.register_forward_pre_hook(before))
    try:
        backbone(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _fold(backbone: nn.Module, convolution: str, norm: str) -> None:
    """Puts the normalisation into the convolution; what timm's variant does besides, dropping and activating, stays."""
    old = backbone.get_submodule(norm)
    rest = [part for name in ("drop", "act") if isinstance(part := getattr(old, name, None), nn.Module)]
    before = backbone.get_submodule(convolution)
    assert isinstance(before, nn.Conv2d) and isinstance(old, nn.BatchNorm2d)
    fused = fuse_conv_bn_eval(before, old)
    backbone.set_submodule(convolution, fused.to(memory_format=torch.channels_last))
    backbone.set_submodule(norm, nn.Sequential(*rest))
