"""Low-rank adapters: nothing changes until they are trained, nothing is left of them after merging."""

from __future__ import annotations

import timm
import torch

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training import adapters
from tlstudio.training.network import Network, NetworkSpec
from tlstudio.training.optimizer import HEAD, make_optimizer, trainable

EDGE = 64


def network(name: str) -> Network:
    torch.manual_seed(0)
    backbone = timm.create_model(name, pretrained=False, num_classes=0, **({"img_size": EDGE} if "vit" in name else {}))
    features = backbone(torch.zeros(1, 3, EDGE, EDGE)).shape[1]
    half = (0.5, 0.5, 0.5)
    spec = NetworkSpec(name, name, ("a", "b"), PreprocessSpec(EDGE, "stretch"), half, half, features, False, "", "")
    return Network(backbone, spec).eval()


def test_they_start_as_nothing_learn_and_are_merged() -> None:
    torch.manual_seed(0)  # adapters this large can blow a network up, and its rounding errors with it
    for name in ("vit_tiny_patch16_224", "mobilenetv3_small_050", "convnext_atto"):
        plain = network(name)
        names, parameters = set(plain.state_dict()), sum(p.numel() for p in plain.parameters())
        pixels = torch.randint(0, 256, (2, EDGE, EDGE, 3), dtype=torch.uint8)
        with torch.inference_mode():
            before = plain(pixels)
        adapters.attach(plain, 4, seed=0)
        with torch.inference_mode():
            assert torch.allclose(plain(pixels), before, atol=1e-5)
        groups = trainable(plain, 99)
        assert groups[-1] == HEAD and {n for names in groups[:-1] for n in names} == plain.adapters
        chosen, _ = make_optimizer(plain, groups, peak=1.0, layer_decay=1.0, weight_decay=0.0, fused=False)
        assert sum(p.numel() for p in chosen.values()) < 0.35 * parameters
        with torch.no_grad():
            for key in plain.adapters:
                chosen[key].add_(torch.randn_like(chosen[key]))
            trained = plain(pixels)
            adapters.merge(plain)
            assert torch.allclose(plain(pixels), trained, rtol=1e-3, atol=1e-4)
        assert set(plain.state_dict()) == names
