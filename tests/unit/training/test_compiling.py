"""Compiling the network: when it is done, what goes through it, and what a machine without a compiler does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.conftest import Recorder
from tests.unit.training.conftest import CPU, network, recipe
from tlstudio.domain.events import Note
from tlstudio.training import compiling, steps
from tlstudio.training.batches import Data
from tlstudio.training.compiling import BEGUN, REPAID, REPAID_PIXELS, VAIN, Compiling
from tlstudio.training.finetune import FineTuner
from tlstudio.training.recipe import Recipe
from tlstudio.training.trials import fastest

EDGE = 32


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """torch.compile without a C++ compiler: shapes of what goes through what it made."""
    shapes: list[tuple[int, ...]] = []
    real = torch.compile

    def compiled(model: Callable[[Tensor], Tensor], *, backend: str, dynamic: bool) -> Callable[[Tensor], Tensor]:
        assert (backend, dynamic) == ("inductor", False)
        inner: Any = real(model, backend="aot_eager", dynamic=False)

        def through(views: Tensor) -> Tensor:
            shapes.append(tuple(views.shape))
            result: Tensor = inner(views)
            return result

        return through

    monkeypatch.setattr(torch, "compile", compiled)
    return shapes


def tuner(data: Data, folder: Path, plan: Recipe) -> FineTuner:
    folder.mkdir(exist_ok=True)
    return FineTuner(network(), data, plan, device=CPU, folder=folder)


def trained(each: FineTuner) -> list[str]:
    watch = Recorder()
    each.run(watch, lambda _: None)
    return [note.text for note in watch.of(Note) if isinstance(note, Note)]


def test_whole_pieces_go_through_it_and_the_model_is_the_same(
    data: Data, tmp_path: Path, traced: list[tuple[int, ...]]
) -> None:
    plan = replace(recipe(data), batch=6, micro_batch=4)  # of twenty images: pieces of four and of two
    plain, fast = tuner(data, tmp_path / "a", plan), tuner(data, tmp_path / "b", replace(plan, compile=True))
    assert BEGUN not in trained(plain)
    assert not traced
    told = trained(fast)
    assert BEGUN in told and VAIN not in told
    assert {shape[0] for shape in traced} == {4}
    for name, value in plain.parameters.items():
        assert torch.allclose(value, fast.parameters[name], atol=1e-4)


def test_the_same_seed_gives_the_same_bits_compiled(data: Data, tmp_path: Path, traced: list[tuple[int, ...]]) -> None:
    plan = replace(recipe(data), compile=True)
    first, second = tuner(data, tmp_path / "a", plan), tuner(data, tmp_path / "b", plan)
    trained(first)
    trained(second)
    assert traced
    assert all(torch.equal(value, second.parameters[name]) for name, value in first.parameters.items())


def test_a_machine_that_can_not_trains_all_the_same(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> Callable[[Tensor], Tensor]:
        def through(_: Tensor) -> Tensor:
            raise RuntimeError("no compiler")

        return through

    monkeypatch.setattr(torch, "compile", failing)
    each = tuner(data, tmp_path / "run", replace(recipe(data), compile=True))
    assert VAIN in trained(each)
    assert each.at.epoch == 3


@pytest.mark.parametrize("seconds", [(1.0, 0.99), (1.0, 2.0)])
def test_what_brings_nothing_is_left(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: object, seconds: tuple[float, float]
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    took = iter((*seconds, *seconds))
    monkeypatch.setattr(steps, "seconds_of", lambda *_: next(took))
    assert not each.stepper.compile([EDGE])
    assert each.stepper.compile([EDGE], slower_too=True)


class Asked:
    """A stepper that only says that it was asked."""

    def __init__(self) -> None:
        self.edges: list[list[int]] = []
        self.slower_too: list[bool] = []

    def compile(self, edges: list[int], *, slower_too: bool) -> bool:
        self.edges.append(edges)
        self.slower_too.append(slower_too)
        return True


def asked(plan: Recipe, *, seconds: float, pixels: float = 0.0, device: str = "cpu") -> Asked:
    stepper = Asked()
    each = Compiling(stepper, plan, torch.device(device), edge=224, pixels=pixels)  # type: ignore[arg-type]
    done = [each.consider(left, Recorder()) for left in (0.0, seconds, seconds)]
    assert sum(done) == len(stepper.edges) <= 1
    return stepper


def test_it_is_done_once_where_it_pays(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = recipe(data, compile=None)
    monkeypatch.setattr(compiling, "possible", lambda _: True)
    assert asked(plan, seconds=REPAID, device="cuda").slower_too == [False]
    assert not asked(plan, seconds=REPAID - 1, device="cuda").edges
    # On a processor the clock has no say, unless the user gave the training so much time.
    assert not asked(plan, seconds=1e6).edges
    assert asked(plan, seconds=0, pixels=REPAID_PIXELS).slower_too == [True]
    assert asked(replace(plan, budget=2 * REPAID), seconds=REPAID, pixels=1).slower_too == [False]
    assert asked(replace(plan, small_edge=160), seconds=0, pixels=REPAID_PIXELS).edges == [[224, 160]]
    # The wish has the last word.
    assert not asked(replace(plan, compile=False), seconds=1e6, pixels=1e12).edges
    assert asked(replace(plan, compile=True), seconds=0).edges == [[224]]


def test_without_a_compiler_it_is_not_tried(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.shutil, "which", lambda _: None)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda _: None)
    assert not asked(recipe(data, compile=None), seconds=1e6, pixels=1e12).edges
    assert not asked(recipe(data, compile=None), seconds=1e6, device="cuda").edges
    assert not asked(recipe(data, compile=None), seconds=1e6, device="mps").edges


# --- the order in memory ---


def test_planes_or_pixels_the_steps_are_the_same(data: Data, tmp_path: Path) -> None:
    pixels, planes = (tuner(data, tmp_path / name, recipe(data)) for name in ("a", "b"))
    planes.stepper.lay_out(planes=True)
    trained(pixels)
    trained(planes)
    for name, value in pixels.parameters.items():
        assert torch.allclose(value, planes.parameters[name], atol=1e-4)


def test_settling_takes_the_fastest_and_moves_nothing(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    before = {name: p.clone() for name, p in each.network.named_parameters()}
    laid: list[bool] = []
    real = each.stepper.lay_out

    def lay_out(planes: bool) -> None:
        laid.append(planes)
        real(planes)

    monkeypatch.setattr(each.stepper, "lay_out", lay_out)
    monkeypatch.setattr(steps, "fastest", lambda trials, _: [trial() for trial in trials.values()] and True)
    each.stepper.settle(EDGE)
    assert laid == [False, True, True]
    assert all(torch.equal(p, before[name]) and p.grad is None for name, p in each.network.named_parameters())


def test_the_fastest_is_the_one_that_takes_least() -> None:
    now = 0.0
    took = {"slow": 3.0, "fast": 1.0, "same": 1.0}

    def trial(name: str) -> Callable[[], None]:
        def run() -> None:
            nonlocal now
            now += took[name]

        return run

    class Watch:
        def __init__(self) -> None:
            self.last = now

        def lap(self) -> float:
            spent, self.last = now - self.last, now
            return spent

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tlstudio.training.trials.Stopwatch", Watch)
        assert fastest({name: trial(name) for name in took}, lambda: None) == "fast"
