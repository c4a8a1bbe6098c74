"""What is seen of an image at every stage: for every kind of network, in blocks whose numbers are what they say."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training.channels import MOST_STAGES, channel_statistics, stage_points
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.stages import OCTAVES, PLAIN, PictureStatistics, Stages

KINDS = {
    "mobilenetv3_small_050": 64,
    "resnet10t": 64,
    "vit_tiny_patch16_224": 224,
    "swin_tiny_patch4_window7_224": 224,
    "densenet121": 64,
    "convnext_atto": 64,
    "vgg11": 64,
}


def network(name: str, size: int) -> Network:
    torch.manual_seed(0)
    backbone = timm.create_model(name, num_classes=0).eval()
    with torch.inference_mode():
        features = backbone(torch.zeros(1, 3, size, size)).shape[1]
    spec = NetworkSpec("m", name, ("a", "b"), PreprocessSpec(size), (0.5,) * 3, (0.5,) * 3, features, False, "x", "y")
    return Network(backbone, spec).eval()


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_network_is_seen_at_its_stages(name: str) -> None:
    net = network(name, KINDS[name])
    pixels = torch.randint(
        0, 256, (2, KINDS[name], KINDS[name], 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    with torch.inference_mode():
        alone = net.embed(pixels)
        stages = Stages(net)
        embedding, blocks = stages(pixels)
        flat = stages.flat(pixels)
        after = net.embed(pixels)
    assert torch.equal(alone, embedding) and torch.equal(alone, after)
    points = stage_points(net.backbone)
    assert 2 <= len(points) <= MOST_STAGES
    assert stages.count == len(points) == len(blocks) - PLAIN
    assert stages.widths == (7, 3 * OCTAVES + 1, embedding.shape[1] + 1, *(2 * channels for _, channels in points))
    assert all(torch.isfinite(block).all() for block in blocks)
    assert [b.tolist() for b in stages.split(flat.numpy())] == [b.tolist() for b in blocks]
    length = blocks[2][:, -1].exp()
    assert torch.allclose(blocks[2][:, :-1] * length[:, None], embedding, rtol=1e-4, atol=1e-5)


def test_statistics_of_maps_in_either_order_and_of_tokens() -> None:
    maps = torch.from_numpy(np.random.default_rng(0).normal(3, 2, (2, 5, 8, 8))).float()
    wanted = torch.cat([maps.mean((2, 3)), maps.std((2, 3), unbiased=False)], dim=1)
    for order in (maps, maps.permute(0, 2, 3, 1), maps.flatten(2).transpose(1, 2)):
        assert torch.allclose(channel_statistics(order, 5), wanted, atol=1e-4)
    assert torch.allclose(
        channel_statistics(torch.full((1, 2, 4, 4), 7.0), 2), torch.tensor([[7.0, 7.0, 0.0, 0.0]]), atol=2e-3
    )


def statistics(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return PictureStatistics()(picture[None].float())


def test_colours_of_a_grey_and_of_a_coloured_picture() -> None:
    grey, _ = statistics(torch.full((3, 32, 32), 100))
    assert grey[0, :3].tolist() == pytest.approx([100.0, 0.0, 0.0], abs=1e-4)
    red = torch.zeros((3, 32, 32), dtype=torch.int64)
    red[0] = 90
    coloured, _ = statistics(red)
    assert coloured[0, :3].tolist() == pytest.approx(
        [30.0, 0.0, 90.0], abs=1e-4
    )  # luminance, blue - green, red - green
    assert coloured[0, 6] == pytest.approx(np.log(90.0), abs=1e-3)
    assert grey[0, 3:].max() < -1.3  # logarithms of next to nothing


@pytest.mark.parametrize(("width", "octave"), [(1, 0), (2, 1), (4, 2)])
def test_stripes_are_in_the_octave_of_their_width(width: int, octave: int) -> None:
    stripes = ((torch.arange(32) // width) % 2 * 100).expand(32, 32)
    _, across = statistics(stripes.expand(3, 32, 32))
    _, down = statistics(stripes.T.expand(3, 32, 32))
    assert int(across[0].argmax()) == 3 * octave
    assert int(down[0].argmax()) == 3 * octave + 1
    assert across[0].max() == pytest.approx(np.log(50.0), abs=1e-3)
