"""A model that has learned nothing has the numbers of the one that has."""

from __future__ import annotations

import torch

from tests.unit.explain.test_saliency import Brightness, network
from tlstudio.explain.shuffled import shuffled


def test_numbers_stay_and_places_change() -> None:
    model = network(Brightness(), 1, classes=3)
    model.backbone.cells[0].weight.copy_(torch.arange(192.0).view(1, 3, 8, 8))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    made = shuffled(model)
    weight, old = made.backbone.cells[0].weight, before["backbone.cells.0.weight"]
    assert weight.shape == old.shape
    assert torch.equal(weight.flatten().sort().values, old.flatten().sort().values)
    assert float((weight == old).float().mean()) < 0.1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items()), "the model itself stays"
    assert not any(p.requires_grad for p in made.parameters()) and not made.training


def test_seed_decides() -> None:
    model = network(Brightness(), 1)
    model.backbone.cells[0].weight.copy_(torch.arange(192.0).view(1, 3, 8, 8))
    one, same, other = (shuffled(model, seed).backbone.cells[0].weight for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
