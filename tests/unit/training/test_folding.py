"""Batch normalisation folded into convolutions: the same features, and nothing where they would differ."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import Tensor, nn

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training.folding import folded
from tlstudio.training.network import Network, NetworkSpec


def wrapped(backbone: nn.Module, features: int = 8) -> Network:
    spec = NetworkSpec(
        "any",
        "any",
        ("a", "b"),
        PreprocessSpec(64, "stretch", "bicubic"),
        (0.5,) * 3,
        (0.25,) * 3,
        features,
        False,
        "",
        "",
    )
    return Network(backbone, spec).eval()


def stirred(backbone: nn.Module) -> nn.Module:
    """With statistics that are not those of a new network, so that folding has something to do."""
    generator = torch.Generator().manual_seed(0)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.bias, module.running_mean, module.running_var):
                value.data.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return backbone


def norms(network: Network) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.fixture
def example() -> Tensor:
    return torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("name", "left"), [("resnet18", 0), ("mobilenetv3_small_050", 0), ("densenet121", 62)])
def test_the_features_stay_the_same(name: str, left: int, example: Tensor) -> None:
    """In DenseNet half of the normalisations come before their convolution."""
    network = wrapped(stirred(timm.create_model(name, num_classes=0)))
    before = norms(network)
    light = folded(network, example)
    assert norms(light) == left < before == norms(network), "the network itself is as it was"
    with torch.inference_mode():
        assert torch.allclose(light.embed(example), network.embed(example), rtol=1e-3, atol=1e-4)


def test_without_batch_normalisation_there_is_nothing_to_do(example: Tensor) -> None:
    network = wrapped(timm.create_model("convnext_atto", num_classes=0))
    assert folded(network, example) is network


class Twice(nn.Module):
    """Uses what the convolution gives without the normalisation, too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.conv(images)
        return (maps + self.bn(maps)).mean(dim=(2, 3))


def test_what_would_say_something_else_is_left_alone(example: Tensor) -> None:
    network = wrapped(stirred(Twice()))
    assert folded(network, example) is network


@pytest.mark.parametrize("threads", [1, 2])
def test_it_looks_at_any_number_of_images(threads: int) -> None:
    """Torch takes another way through a convolution for few images, which one of weights made in inference mode does not have."""
    before = torch.get_num_threads()
    network = folded(
        wrapped(stirred(timm.create_model("mobilenetv3_small_050", num_classes=0))),
        torch.zeros(1, 32, 32, 3, dtype=torch.uint8),
    )
    try:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            for images in (1, 2, 9, 33):
                assert len(network.embed(torch.zeros(images, 32, 32, 3, dtype=torch.uint8))) == images
    finally:
        torch.set_num_threads(before)
    assert not any(parameter.is_inference() for parameter in network.parameters())
