"""Heat maps point at what decides, for every layout of features that backbones have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import timm
import torch
from torch import Tensor, nn

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.explain import saliency
from tlstudio.explain.saliency import METHODS, heat_map
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

    def forward_features(self, images: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), SIZE // 8).relu()

    def forward_head(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))


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
    heat = heat_map(understood, spotted, 1, method)
    assert heat.shape == (SIZE, SIZE)
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max()) == (0.0, 1.0)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert 36 <= row < 60 and 4 <= column < 28
    outside = heat.copy()
    outside[32:64, 0:32] = 0
    assert outside.sum() < 0.35 * heat.sum()


def test_nothing_speaks_for_the_other_class(understood: Network, spotted: npt.NDArray[np.uint8]) -> None:
    assert not heat_map(understood, spotted, 0, "gradcam").any()


def test_unknown_method_is_wrong_usage(understood: Network, spotted: npt.NDArray[np.uint8]) -> None:
    with pytest.raises(WrongUsage, match="not a kind of heat map"):
        heat_map(understood, spotted, 0, "guess")


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        ("resnet10t", 64),  # a map, channels first
        ("mobilenetv3_small_050", 64),  # a head with layers after the pooling
        ("convnext_atto", 64),
        ("swin_tiny_patch4_window7_224", 224),  # a map, channels last
        ("vit_tiny_patch16_224", 224),  # tokens; only the class token counts
        ("eva02_tiny_patch14_224", 224),  # tokens; their mean counts
    ],
)
def test_gradcam_reads_every_layout(architecture: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def gave_up(*_: object) -> None:
        raise AssertionError("no feature maps were found")

    monkeypatch.setattr(saliency, "occlusion", gave_up)
    torch.manual_seed(1)
    backbone = timm.create_model(architecture, num_classes=0)
    made = network(backbone, backbone.num_features if "mobilenet" not in architecture else 1024, size, 3)
    heat = heat_map(made, np.random.default_rng(1).integers(0, 255, (size, size, 3)).astype(np.uint8), 2, "gradcam")
    assert heat.shape == (size, size)
    assert np.isfinite(heat).all()
    assert all(p.grad is None for p in made.parameters())


def test_a_backbone_without_places_is_asked_from_outside(spotted: npt.NDArray[np.uint8]) -> None:
    class Flat(Brightness):
        def forward_features(self, images: Tensor) -> Tensor:
            return super().forward_features(images).flatten(1)

        def forward_head(self, features: Tensor) -> Tensor:
            return features.mean(dim=1, keepdim=True)

    made = network(Flat(), 1)
    made.head.weight.copy_(torch.tensor([[-20.0], [20.0]]))
    heat = heat_map(made, spotted, 1, "gradcam")
    assert heat[SPOT].mean() > 3 * heat[:32].mean()
