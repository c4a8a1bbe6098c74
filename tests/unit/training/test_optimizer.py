"""What decays and what does not."""

from __future__ import annotations

import pytest
import timm

from tests.unit.training.test_folding import wrapped
from tlstudio.training.optimizer import make_optimizer, trainable


@pytest.mark.parametrize(
    ("name", "spared"),
    [
        ("vit_tiny_patch16_224", ["backbone.pos_embed", "backbone.cls_token", "backbone.norm.weight"]),
        ("resnet18", ["backbone.bn1.weight", "head.bias"]),
    ],
)
def test_what_the_architecture_spares_does_not_decay(name: str, spared: list[str]) -> None:
    options = {"img_size": 64} if name.startswith("vit") else {}
    backbone = timm.create_model(name, num_classes=0, **options)
    network = wrapped(backbone, backbone.num_features)
    parameters, optimizer = make_optimizer(
        network, trainable(network, 500), peak=1.0, layer_decay=1.0, weight_decay=0.1, fused=False
    )
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert all(decay[id(parameters[each])] == 0.0 for each in spared)
    assert decay[id(parameters["head.weight"])] == 0.1
    kept = [each for each, parameter in parameters.items() if decay[id(parameter)] == 0.1]
    assert len(kept) > 10 and not set(kept) & set(spared)
