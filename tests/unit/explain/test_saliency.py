"""Heat maps point at what decides, for every layout of features that backbones have."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import timm
import torch
from torch import Tensor, nn

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.explain import saliency
from tlstudio.explain.hiding import Heat, hidden_picture
from tlstudio.explain.saliency import METHODS
from tlstudio.training.network import Network, NetworkSpec

SIZE = 64
SPOT = (slice(40, 56), slice(8, 24))  # rows, columns


def network(backbone: nn.Module, features: int, size: int = SIZE, classes: int = 2) -> Network:
    names = tuple("abc"[:classes])
    spec = NetworkSpec("m", "m", names, PreprocessSpec(size), (0.5,) * 3, (0.25,) * 3, features, False, "", "")
    return Network(backbone, spec).eval().requires_grad_(False)


class Brightness(nn.Module):
    """A backbone that can be understood: one feature map of 8 x 8 cells, how bright each is."""

    num_features = 1
    feature_info = ({"module": "cells", "reduction": 8},)

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.Sequential(nn.Conv2d(3, 1, 8, 8, bias=False), nn.ReLU())
        nn.init.constant_(self.cells[0].weight, 1 / (3 * 64))

    def forward(self, images: Tensor) -> Tensor:
        return self.cells(images).mean(dim=(2, 3))


def asked(network: Network, pixels: npt.NDArray[np.uint8], target: int, method: str) -> Heat:
    """The heat map alone."""
    picture = torch.from_numpy(pixels)[None]
    return saliency.heat_map(network, picture, hidden_picture(network, picture, target), target, method)


@pytest.fixture
def understood() -> Network:
    """Says “b” the more, the brighter the picture is."""
    made = network(Brightness(), 1)
    made.head.weight.copy_(torch.tensor([[-20.0], [20.0]]))
    made.head.bias.copy_(torch.tensor([1.0, -1.0]))
    return made


@pytest.fixture
def spotted() -> npt.NDArray[np.uint8]:
    """A dim picture with one bright square."""
    pixels = np.random.default_rng(0).integers(40, 60, (SIZE, SIZE, 3)).astype(np.uint8)
    pixels[SPOT] = 250
    return pixels


@pytest.mark.parametrize("method", METHODS)
def test_heat_lies_where_the_reason_is(understood: Network, spotted: npt.NDArray[np.uint8], method: str) -> None:
    heat = asked(understood, spotted, 1, method)
    assert heat.shape == (SIZE, SIZE)
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max()) == (0.0, 1.0)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 36 <= row < 60 and 4 <= column < 28
    outside = heat.copy()
    outside[32:64, 0:32] = 0
    assert outside.sum() < 0.35 * heat.sum()


@pytest.mark.parametrize("method", METHODS)
def test_where_the_reason_is_nothing_speaks_for_the_other_class(
    understood: Network, spotted: npt.NDArray[np.uint8], method: str
) -> None:
    assert asked(understood, spotted, 0, method)[SPOT].max() < 0.05


def test_unknown_method_is_wrong_usage(understood: Network, spotted: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(WrongUsage, match="not a kind of heat map"):
        asked(understood, spotted, 0, "guess")


TOKENS = {"embed_dim": 24, "depth": 3, "num_heads": 2}
SWIN = {"embed_dim": 12, "depths": (1, 1, 2), "num_heads": (1, 2, 2), "img_size": 64, "window_size": 4}


@pytest.mark.parametrize("method", ["stages", "gradcam"])
@pytest.mark.parametrize(
    ("architecture", "size", "options"),
    [
        ("test_resnet", 64, {}),  # a map, channels first
        ("mobilenetv3_small_050", 64, {}),  # a head with layers after the pooling
        ("test_convnext", 64, {}),
        ("densenet121", 64, {"block_config": (1, 1, 1, 1)}),  # stages that are joined to what comes before them
        ("swin_tiny_patch4_window7_224", 64, SWIN),  # a map, channels last
        ("vit_tiny_patch16_224", 64, {**TOKENS, "img_size": 64}),  # tokens; only the class token counts
        ("eva02_tiny_patch14_224", 56, {**TOKENS, "img_size": 56}),  # tokens; their mean counts
    ],
)
def test_every_layout_is_read(
    architecture: str, size: int, options: dict[str, Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gave_up(*_: object) -> None:
        raise AssertionError("no feature maps were found")

    monkeypatch.setattr(saliency, "occlusion", gave_up)
    torch.manual_seed(1)
    backbone = timm.create_model(architecture, num_classes=0, **options)
    with torch.inference_mode():
        features = backbone.eval()(torch.zeros(1, 3, size, size)).shape[1]
    made = network(backbone, features, size, 3)
    pixels = np.random.default_rng(1).integers(0, 255, (size, size, 3)).astype(np.uint8)
    heats = [asked(made, pixels, target, method) for target in range(3)]
    assert {heat.shape for heat in heats} == {(size, size)}
    assert max(heat.max() for heat in heats) == 1.0
    assert all(p.grad is None for p in made.parameters())


@pytest.mark.parametrize("method", ["stages", "gradcam"])
def test_a_backbone_without_places_is_asked_from_outside(spotted: npt.NDArray[np.uint8], method: str) -> None:
    class Flat(Brightness):
        feature_info = ()

    made = network(Flat(), 1)
    made.head.weight.copy_(torch.tensor([[-20.0], [20.0]]))
    assert np.array_equal(asked(made, spotted, 1, method), asked(made, spotted, 1, "occlusion"))


def test_the_hottest_parts_are_found_where_more_than_one_speaks() -> None:
    """Two spots; the model is content with either, so that only both together matter: one gradient sees nothing."""

    class Either(Brightness):
        def forward(self, images: Tensor) -> Tensor:
            cells = self.cells(images).flatten(1)
            return cells.topk(2, dim=1).values[:, :1].clamp(max=3.0)

    made = network(Either(), 1)
    made.head.weight.copy_(torch.tensor([[-4.0], [4.0]]))
    pixels = np.full((SIZE, SIZE, 3), 128, np.uint8)
    pixels[8:16, 8:16] = 255
    pixels[40:48, 48:56] = 250
    heat = asked(made, pixels, 1, "stages")
    assert heat[8:16, 8:16].mean() > 0.3
    assert heat[40:48, 48:56].mean() > 0.3


def test_default_is_a_method() -> None:
    assert saliency.DEFAULT in METHODS


def test_matplotlib_stays_out_and_captum_can_still_be_imported() -> None:
    code = """
import sys
from tlstudio.explain.borrowed import captum_class
assert captum_class("attr._core.occlusion", "Occlusion").__name__ == "Occlusion"
assert captum_class("attr._core.occlusion", "Occlusion").__name__ == "Occlusion"
assert "matplotlib" not in sys.modules
assert "captum" not in sys.modules and "captum.attr" not in sys.modules, "nothing stays stood in for"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
