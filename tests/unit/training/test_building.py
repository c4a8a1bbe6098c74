"""Weights belong to the network that they are said to be of, or nobody trains with them."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.conftest import BUNDLED, ROOT
from tlstudio.catalog import layouts, weights
from tlstudio.catalog.config import read_config
from tlstudio.domain.cards import Where
from tlstudio.domain.errors import Cancelled, RunNotReady, UnknownModel, WeightsRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.training import vetting
from tlstudio.training.building import build_backbone
from tlstudio.training.loading import load_network, load_pretrained, save_network
from tlstudio.training.network import NetworkSpec
from tlstudio.training.vetting import vet

SMALL = "test_vit2"  # of timm's own tests: less than a megabyte
NAME = f"{SMALL}.own"
TENSOR = "blocks.0.norm1.weight"
State = dict[str, Tensor]
REAL = vetting.GUARD


class Inside:
    """Vets in this process: to start one that loads torch takes seconds."""

    seconds = memory = 0

    def call(self, function: Callable[[Path], object], item: Path, *_: object, **__: object) -> object:
        return function(item)


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vetting, "GUARD", Inside())


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, as the program does."""
    monkeypatch.setattr(vetting, "GUARD", REAL)


def original() -> State:
    torch.manual_seed(0)
    return dict(timm.create_model(SMALL, num_classes=5).state_dict())


def config(**changes: Any) -> dict[str, Any]:
    facts = {
        "tag": "own", "input_size": [3, 160, 160], "fixed_input_size": True, "mean": [0.5] * 3, "std": [0.5] * 3,
        "interpolation": "bicubic", "classifier": "head", "license": "apache-2.0", "num_classes": 5,
    }  # fmt: skip
    more = {key: changes.pop(key) for key in ("model_args", "architecture") if key in changes}
    return {"architecture": SMALL, "num_classes": 5, "pretrained_cfg": {**facts, **changes}, **more}


def put(state: State, root: Path | None = None, described: dict[str, Any] | None = None, name: str = NAME) -> Path:
    folder = (root or weights.own_folder()) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(described or config()))
    save_file({key: value.contiguous().clone() for key, value in state.items()}, folder / "model.safetensors")
    return folder


def load(folder: Path) -> Any:
    card = weights.describe(folder.name)
    return load_pretrained(folder, card, PreprocessSpec(card.input_size), ("a", "b"), "hash")


@pytest.fixture(autouse=True)
def _as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No weights but those that come with the program, and those of the test."""
    monkeypatch.delenv("TLSTUDIO_WEIGHTS")


def here() -> set[str]:
    """What is listed beside the models that come with the program."""
    return {s.card.id for s in weights.statuses() if s.folder is not None and s.where is not Where.BUNDLED}


def test_the_right_weights_are_taken_number_for_number() -> None:
    state = original()
    network = load(put(state))
    for name, tensor in network.backbone.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    assert here() == {NAME}


def less(state: State) -> State:
    return {name: tensor for name, tensor in state.items() if name != "blocks.0.attn.qkv.weight"}


CHANGES: dict[str, tuple[Callable[[State], State], str]] = {
    "one tensor": (lambda s: {"head.weight": s["head.weight"]}, "all of its tensors are missing"),
    "another prefix": (lambda s: {f"module.net.{n}": t for n, t in s.items()}, "all of its tensors are missing"),
    "one missing": (less, "1 of "),
    "another shape": (lambda s: {**s, TENSOR: s[TENSOR][:-1]}, f"{TENSOR} has the shape"),
    "whole numbers": (lambda s: {**s, TENSOR: s[TENSOR].to(torch.int32)}, "not made of the right kind"),
    "of a larger network": (
        lambda s: {**s, "blocks.99.norm1.weight": s[TENSOR]},
        "tensors that it does not have",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_weights_of_something_else_are_refused_and_never_listed(change: str) -> None:
    make, words = CHANGES[change]
    folder = put(make(original()))
    with pytest.raises(WeightsRefused, match="don't belong to the network") as caught:
        load(folder)
    assert words in caught.value.what
    assert here() == set()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_are_refused(dtype: torch.dtype, value: float) -> None:
    state = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in original().items()}
    state[TENSOR] = state[TENSOR].clone()
    state[TENSOR][-1] = value
    with pytest.raises(WeightsRefused, match=rf"no number \({TENSOR}\)"):
        load(put(state))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_sizes_of_numbers_are_fine(dtype: torch.dtype) -> None:
    load(put({name: tensor.to(dtype) for name, tensor in original().items()}))
    assert NAME in here()


@pytest.mark.parametrize("heads", [(), ("head.weight",), ("head.weight", "head.bias")])
def test_a_classifier_may_differ_or_be_missing(heads: tuple[str, ...]) -> None:
    state = {name: tensor for name, tensor in original().items() if not name.startswith("head.")}
    load(put({**state, **dict.fromkeys(heads, torch.zeros(7))}))
    assert NAME in here()


def test_weights_of_another_making_are_listed_once_they_were_vetted() -> None:
    """Headers can't tell whether they are those of a network that is built otherwise than usual."""
    state = dict(timm.create_model(SMALL, num_classes=5, depth=2).state_dict())
    folder = put(state, described=config(model_args={"depth": 2}))
    assert here() == set()
    load(folder)
    assert here() == {NAME}


def test_what_came_with_the_program_and_what_was_vetted_is_not_vetted(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(original())
    load(folder)
    monkeypatch.setattr(vetting, "GUARD", None)
    load(folder)
    load(weights.require(BUNDLED))
    (folder / "config.json").write_text(json.dumps(config(mean=[0.4] * 3)))
    with pytest.raises(AttributeError):
        load(folder)


@pytest.mark.parametrize("arguments", [{"depth": 10**9}, {"embed_dim": 10**7, "depth": 500}])
def test_an_endless_network_is_refused_in_time(
    arguments: dict[str, int], monkeypatch: pytest.MonkeyPatch, apart: None
) -> None:
    monkeypatch.setattr(vetting, "SECONDS", 2.0)
    with pytest.raises(WeightsRefused):
        vet(put(original(), described=config(model_args=arguments)))


def test_the_wait_can_be_cancelled(apart: None) -> None:
    folder = put(original(), described=config(model_args={"depth": 10**9}))

    def impatient() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        vet(folder, impatient)


@pytest.mark.parametrize(
    "arguments",
    [{"depth": "two"}, {"nosuch": 1}, {"embed_dim": 0}, {"norm_layer": "nosuch"}, {"patch_size": 0}],
)
def test_arguments_that_make_no_network_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(WeightsRefused):
        load(put(original(), described=config(model_args=arguments)))


def test_limits_as_the_readme_states_them() -> None:
    assert (vetting.SECONDS, vetting.MEMORY, vetting.MEMORY_PER_BYTE) == (8.0, 3 * 2**30, 5)


# --- names ---

ADDRESSES = (
    "hf-hub:timm/resnet18.a1_in1k",
    "hf_hub:x/y",
    "local-dir:/tmp",
    "timm/resnet18",
    "resnet18:x",
    "nosuch",
    "",
)


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_is_no_architecture(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel):
        build_backbone(name)
    folder = put(original(), described=config(architecture=name))
    with pytest.raises(WeightsRefused):
        read_config(folder / "config.json")
    assert here() == set()
    network = load_pretrained(
        weights.require(BUNDLED), weights.describe(BUNDLED), PreprocessSpec(32), ("a", "b"), "hash"
    )
    network.spec = replace(network.spec, architecture=name)
    save_network(network, tmp_path / "run")
    with pytest.raises(RunNotReady):
        load_network(tmp_path / "run")


def test_a_run_is_built_again_with_its_own_arguments(tmp_path: Path) -> None:
    state = dict(timm.create_model(SMALL, num_classes=5, depth=2).state_dict())
    network = load(put(state, described=config(model_args={"depth": 2})))
    save_network(network, tmp_path / "run")
    again = load_network(tmp_path / "run")
    assert again.spec == network.spec
    assert len(again.backbone.blocks) == 2


# --- the table of architectures ---


def test_the_table_is_that_of_this_timm() -> None:
    assert set(layouts._table()) == set(timm.list_models())
    spec = importlib.util.spec_from_file_location("write_layouts", ROOT / "models" / "write_layouts.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name in (SMALL, "resnet18", "mobilenetv3_small_100", "swin_tiny_patch4_window7_224", "vit_tiny_patch16_224"):
        assert layouts._table()[name] == layouts.digest(script.layout(name)), "run models/write_layouts.py again"


# --- the features' key ---


def spec_of(folder: Path) -> NetworkSpec:
    return load(folder).spec


def test_every_field_of_the_description_changes_the_key() -> None:
    """Beside the weights nothing may be corrected without the features being made anew."""
    before = spec_of(put(original())).features_key()
    changes: tuple[dict[str, Any], ...] = (
        {"mean": [0.4] * 3}, {"std": [0.4] * 3}, {"interpolation": "bilinear"}, {"license": "mit"}, {"classifier": "fc"},
        {"tag": "other"}, {"fixed_input_size": False}, {"num_classes": 6}, {"model_args": {"global_pool": "avg"}},
        {"global_pool": "avg"}, {"unknown": 1},
    )  # fmt: skip
    keys = {spec_of(put(original(), described=config(**change))).features_key() for change in changes}
    assert len(keys | {before}) == len(changes) + 1


def test_every_field_of_the_specification_changes_the_key() -> None:
    spec = spec_of(put(original()))
    others: dict[str, Any] = {
        "model": "x.y", "architecture": "resnet18", "preprocess": PreprocessSpec(32), "mean": (0.1, 0.2, 0.3),
        "std": (0.1, 0.2, 0.3), "features": spec.features + 1, "resized": not spec.resized, "license": "mit",
        "weights_hash": "0" * 64,
        "arguments": {"depth": 2}, "config_hash": "0" * 64, "staged": spec.staged - 1,
    }  # fmt: skip
    head = {"classes": ("c", "d"), "temperature": 2.0}
    assert set(others) | set(head) == {field.name for field in fields(NetworkSpec)}, "a new field is for one of these"
    keys = {replace(spec, **{name: value}).features_key() for name, value in others.items()}
    assert len(keys | {spec.features_key()}) == len(others) + 1
    for name, value in head.items():
        assert replace(spec, **{name: value}).features_key() == spec.features_key(), "features outlast another head"


def test_every_field_of_the_preparation_changes_the_key() -> None:
    plain = PreprocessSpec(64, depth="dataset", low=0.0, high=1.0)
    others: dict[str, Any] = {
        "size": 65, "fit": "crop", "interpolation": "bilinear", "low": -1.0, "high": 2.0, "channels": (3, 2, 1),
    }  # fmt: skip
    found = [replace(plain, **{name: value}) for name, value in others.items()]
    found += [plain, PreprocessSpec(64), PreprocessSpec(64, version=2)]
    assert {*others, "depth", "version"} == {field.name for field in fields(PreprocessSpec)}
    spec = spec_of(put(original()))
    assert len({replace(spec, preprocess=each).features_key() for each in found}) == len(found)
    assert len({each.key() for each in found}) == len(found), "and that of the pixels"


# --- what is no file ---


def test_one_bad_folder_hides_no_other() -> None:
    put(original())
    root = weights.own_folder()
    for name in ("pipe.own", "folder.own", "device.own", "deep.own", "long.own", "text.own", "loop.own"):
        (root / name).mkdir()
        (root / name / "config.json").write_text(json.dumps(config()))
    os.mkfifo(root / "pipe.own" / "model.safetensors")
    (root / "folder.own" / "model.safetensors").mkdir()
    (root / "device.own" / "model.safetensors").symlink_to("/dev/zero")
    (root / "deep.own" / "config.json").write_text("[" * 100_000)
    (root / "deep.own" / "model.safetensors").write_bytes(b"x")
    (root / "long.own" / "config.json").write_text('{"a": "' + "x" * 5_000_000 + '"}')
    (root / "long.own" / "model.safetensors").write_bytes(b"x")
    os.mkfifo(root / "text.own" / "pipe")
    (root / "text.own" / "config.json").unlink()
    os.mkfifo(root / "text.own" / "config.json")
    (root / "text.own" / "model.safetensors").write_bytes(b"x")
    (root / "loop.own" / "model.safetensors").symlink_to(root / "loop.own" / "model.safetensors")
    assert here() == {NAME}
