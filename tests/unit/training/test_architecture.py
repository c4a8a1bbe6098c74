"""The parts of a model, told without its weights, against what the training itself takes."""

from __future__ import annotations

import pytest

from tests.conftest import TEST_MODEL
from tests.unit.training.conftest import network
from tlstudio.domain.errors import UnknownModel
from tlstudio.domain.layers import rate_shares
from tlstudio.domain.runs import Adapter, Mode, TrainSettings
from tlstudio.training import adapters
from tlstudio.training.architecture import model_layers
from tlstudio.training.network import layer_groups
from tlstudio.training.optimizer import HEAD, make_optimizer, trainable
from tlstudio.workflow.model_layers import layers_of


def test_they_are_those_that_are_trained() -> None:
    real, told = network(), model_layers(TEST_MODEL)
    sizes = {name: parameter.numel() for name, parameter in real.named_parameters()}
    assert [g.parameters for g in told.groups] == [sum(sizes[n] for n in names) for names in layer_groups(real)]
    assert sum(told.share(i) for i in range(len(told.groups))) == pytest.approx(1)
    assert told.fixed_statistics
    adapted = {f"backbone.{name}.weight" for name in adapters.targets(real)}
    assert [g.additions for g in told.groups] == [bool(adapted & set(names)) for names in layer_groups(real)]


@pytest.mark.parametrize(("mode", "layers"), [(Mode.BALANCED, -1), (Mode.THOROUGH, -1), (Mode.BALANCED, 5)])
def test_the_rates_are_those_of_the_optimiser(mode: Mode, layers: int) -> None:
    real, told = network(), model_layers(TEST_MODEL)
    settings = TrainSettings(TEST_MODEL, mode, layers=layers, layer_decay=0.6)
    shares = rate_shares(told, settings)
    trained = sum(share > 0 for share in shares)
    chosen, optimizer = make_optimizer(
        real, trainable(real, trained), peak=1.0, layer_decay=0.6, weight_decay=0.0, fused=False
    )
    rates = {id(p): group["peak"] for group in optimizer.param_groups for p in group["params"]}
    for names, share in zip([*layer_groups(real), HEAD], [*shares, 1.0], strict=True):
        taken = [rates[id(chosen[name])] if name in chosen else 0.0 for name in names]
        assert taken == pytest.approx([share] * len(names))


def test_modes_and_adapters() -> None:
    told = model_layers("resnet18.a1_in1k")
    assert rate_shares(told, TrainSettings("x", Mode.QUICK, layers=3)) == (0.0,) * 5
    assert sum(share > 0 for share in rate_shares(told, TrainSettings("x", Mode.BALANCED))) == 2
    additions = rate_shares(told, TrainSettings("x", Mode.BALANCED, adapter=Adapter.LORA, layer_decay=0.5))
    assert additions == (0.0, 0.0, 0.125, 0.25, 0.5), "the first two parts hold no layer that takes an adapter"


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("convnext_tiny.in12k_ft_in1k", ["Entry", "Block 1", "Block 2", "Block 3", "Block 4", "Last scaling"]),
        ("vit_tiny_patch16_224.augreg_in21k_ft_in1k", ["Entry", *(f"Block {i}" for i in range(1, 13))]),
        ("mobilenetv3_large_100.ra_in1k", ["Entry", *(f"Block {i}" for i in range(1, 8)), "Exit"]),
        ("timm/resnet34", ["Entry", "Block 1", "Block 2", "Block 3", "Block 4"]),
    ],
)
def test_names_in_plain_words_also_for_models_that_are_not_here(model: str, names: list[str]) -> None:
    assert [group.name for group in layers_of(model).groups] == names


@pytest.mark.parametrize("name", ["nothing.at_all", "../resnet18"])
def test_no_model_of_that_name(name: str) -> None:
    with pytest.raises(UnknownModel):
        layers_of(name)
