"""Residual branches left out of a step: in training only, at random that resuming repeats, and not without branches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from timm.layers.drop import DropPath

from tests.conftest import TEST_MODEL, Recorder
from tests.unit.training.conftest import CLASSES, CPU, EDGE, recipe
from tlstudio.catalog import weights
from tlstudio.domain.errors import Cancelled, WrongUsage
from tlstudio.domain.events import StepDone
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training.batches import Data
from tlstudio.training.branches import keep_branches
from tlstudio.training.finetune import FineTuner
from tlstudio.training.loading import load_network, load_pretrained, save_network
from tlstudio.training.network import Network
from tlstudio.training.optimizer import begin_training

SPEC = PreprocessSpec(EDGE, "stretch", "bicubic")


def network(drop_path: float) -> Network:
    torch.manual_seed(0)
    card = weights.describe(TEST_MODEL)
    return load_pretrained(weights.require(TEST_MODEL), card, SPEC, CLASSES, "hash", drop_path=drop_path)


def test_only_training_leaves_branches_out(tmp_path: Path) -> None:
    plain, dropping = network(0.0), network(0.5)
    images = torch.randint(0, 256, (4, EDGE, EDGE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        whole = plain.embed(images)
        assert torch.equal(dropping.embed(images), whole)
        for each in (plain, dropping):
            begin_training(each)
        assert torch.equal(plain.embed(images), whole)
        assert not torch.equal(dropping.embed(images), whole)
        save_network(dropping.eval(), tmp_path)
        assert torch.equal(load_network(tmp_path).embed(images), whole)


def test_a_killed_training_leaves_out_the_same_branches_again(data: Data, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plan = recipe(data)
    whole = FineTuner(network(0.5), data, plan, device=CPU, folder=tmp_path / "a")
    whole.run(Recorder(), lambda _: None)
    half = FineTuner(network(0.5), data, plan, device=CPU, folder=tmp_path / "b")
    torch.manual_seed(99)
    with pytest.raises(Cancelled):
        half.run(Recorder(cancel=lambda event: isinstance(event, StepDone) and event.epoch == 2), lambda _: None)
    again = FineTuner(network(0.5), data, plan, device=CPU, folder=tmp_path / "b")
    assert again.resume()
    torch.manual_seed(7)
    again.run(Recorder(), lambda _: None)
    assert all(torch.equal(p, again.parameters[name]) for name, p in whole.parameters.items())


def test_without_branches_the_wish_is_refused() -> None:
    card = replace(weights.describe(TEST_MODEL), id="vgg11.none")
    with pytest.raises(WrongUsage, match="no side branches"):
        load_pretrained(weights.require(TEST_MODEL), card, SPEC, CLASSES, "hash", drop_path=0.1)


def test_none_means_none_where_the_architecture_would_leave_some_out() -> None:
    backbone = timm.create_model("swin_tiny_patch4_window7_224", num_classes=0)
    drops = [module for module in backbone.modules() if isinstance(module, DropPath)]
    assert max(module.drop_prob for module in drops) > 0
    keep_branches(backbone)
    assert max(module.drop_prob for module in drops) == 0
