"""Compiling the network: when it is done, what goes through it, and what a machine without a compiler does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._dynamo.config as dynamo
from torch import Tensor

from tests.conftest import Recorder
from tests.unit.training.conftest import CPU, network, recipe
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Note, StepDone
from tlstudio.training import compiling, steps
from tlstudio.training.batches import Data
from tlstudio.training.compiling import BEGUN, LEAST_TIME, REPAID, REPAID_PIXELS, VAIN, Compiling
from tlstudio.training.finetune import FineTuner
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import BudgetClock, rate_factor
from tlstudio.training.steps import Settled, Stepper
from tlstudio.training.trials import seconds_of

EDGE = 32


class Traced:
    """shapes: of what went through what was compiled. graphs: how often something was compiled in earnest."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.graphs = 0


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Traced:
    """torch.compile as far as it goes without a C++ compiler."""
    found = Traced()
    real = torch.compile

    def backend(graph: Any, _: object) -> Callable[..., Any]:
        found.graphs += 1
        run: Callable[..., Any] = graph.forward
        return run

    def compiled(model: Callable[[Tensor], Tensor], *, dynamic: bool) -> Callable[[Tensor], Tensor]:
        inner: Any = real(model, backend=backend, dynamic=dynamic)

        def through(views: Tensor) -> Tensor:
            found.shapes.append(tuple(views.shape))
            result: Tensor = inner(views)
            return result

        return through

    monkeypatch.setattr(torch, "compile", compiled)
    return found


def tuner(data: Data, folder: Path, plan: Recipe) -> FineTuner:
    folder.mkdir(exist_ok=True)
    return FineTuner(network(), data, plan, device=CPU, folder=folder)


def trained(each: FineTuner) -> list[str]:
    watch = Recorder()
    each.run(watch, lambda _: None)
    return [note.text for note in watch.of(Note) if isinstance(note, Note)]


def same(one: FineTuner, other: FineTuner) -> bool:
    return all(torch.equal(value, other.parameters[name]) for name, value in one.parameters.items())


def test_whole_pieces_go_through_it_and_the_model_is_the_same(data: Data, tmp_path: Path, traced: Traced) -> None:
    plan = replace(recipe(data), batch=6, micro_batch=4)  # of twenty images: pieces of four and of two
    plain, fast = tuner(data, tmp_path / "a", plan), tuner(data, tmp_path / "b", replace(plan, compile=True))
    assert BEGUN not in trained(plain)
    assert not traced.shapes
    told = trained(fast)
    assert BEGUN in told and VAIN not in told
    assert {shape[0] for shape in traced.shapes} == {4}
    for name, value in plain.parameters.items():
        assert torch.allclose(value, fast.parameters[name], atol=1e-4)


def test_what_is_tried_before_is_what_steps_need(data: Data, tmp_path: Path, traced: Traced) -> None:
    """Views in another order in memory would be compiled for again, in the midst of the first step."""
    each = tuner(data, tmp_path / "run", recipe(data))
    each.stepper.compile([EDGE], slower_too=True)
    before = traced.graphs
    assert before
    trained(each)
    assert traced.graphs == before


def test_one_process_compiles_for_any_number_of_networks(data: Data, tmp_path: Path, traced: Traced) -> None:
    """More than torch compiles one piece of code for; and the same seed gives the same bits in each of them."""
    plan = replace(recipe(data, epochs=1), compile=True)
    tuners, graphs = [], []
    with dynamo.patch(recompile_limit=2):
        for number in range(4):
            each = tuner(data, tmp_path / str(number), plan)
            trained(each)
            tuners.append(each)
            graphs.append(traced.graphs)
    assert all(later > earlier for earlier, later in pairwise(graphs))
    assert all(same(tuners[0], each) for each in tuners)


def test_a_killed_training_goes_on_compiled_to_the_same_bits(data: Data, tmp_path: Path, traced: Traced) -> None:
    plan = replace(recipe(data), compile=True)
    whole, cut = tuner(data, tmp_path / "whole", plan), tuner(data, tmp_path / "cut", plan)
    trained(whole)
    seen = 0

    def enough(event: object) -> bool:
        nonlocal seen
        seen += isinstance(event, StepDone)
        return seen == 7

    with pytest.raises(Cancelled):
        cut.run(Recorder(cancel=enough), lambda _: None)
    later = tuner(data, tmp_path / "cut", plan)
    assert later.resume()
    trained(later)
    assert same(whole, later)


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
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: Traced, seconds: tuple[float, float]
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    took = iter(seconds)
    monkeypatch.setattr(steps, "seconds_of", lambda *_: next(took))
    assert not each.stepper.compile([EDGE])
    assert each.stepper.compile([EDGE], slower_too=True)


def test_compiled_code_that_needs_too_much_memory_is_left(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(model: Callable[[Tensor], Tensor], **_: object) -> Callable[[Tensor], Tensor]:
        def through(views: Tensor) -> Tensor:
            raise torch.OutOfMemoryError

        return through

    monkeypatch.setattr(torch, "compile", hungry)
    each = tuner(data, tmp_path / "run", recipe(data))
    micro = each.stepper.micro
    assert not each.stepper.compile([EDGE], slower_too=True)
    assert each.stepper.micro == micro > 1


# --- when ---


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
    took = [each.consider(left, Recorder()) for left in (0.0, seconds, seconds)]
    assert sum(seconds > 0 for seconds in took) == len(stepper.edges) == each.done
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


def test_the_wish_has_the_last_word_but_where_time_is_short(data: Data) -> None:
    plan = recipe(data)
    assert not asked(replace(plan, compile=False), seconds=1e6, pixels=1e12).edges
    assert asked(replace(plan, compile=True), seconds=0).edges == [[224]]
    assert asked(replace(plan, compile=True), seconds=0, device="cuda").slower_too == [True]
    limited = replace(plan, compile=True, budget=1000.0)
    assert asked(limited, seconds=LEAST_TIME).edges and not asked(limited, seconds=LEAST_TIME - 1).edges


def test_who_wants_to_stop_does_not_wait_for_it(data: Data) -> None:
    stepper = Asked()
    each = Compiling(stepper, replace(recipe(data), compile=True), CPU, edge=224, pixels=0.0)  # type: ignore[arg-type]
    stopping = Recorder()
    stopping.stop_requested = lambda: True  # type: ignore[method-assign]
    assert not each.consider(1e6, stopping) and not stepper.edges


def test_without_a_compiler_it_is_not_tried(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.shutil, "which", lambda _: None)
    monkeypatch.setattr(compiling.importlib.util, "find_spec", lambda _: None)
    assert not asked(recipe(data, compile=None), seconds=1e6, pixels=1e12).edges
    assert not asked(recipe(data, compile=None), seconds=1e6, device="cuda").edges
    assert not asked(recipe(data, compile=None), seconds=1e6, device="mps").edges


def test_a_packaged_program_never_compiles(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling.sys, "frozen", True, raising=False)
    assert not asked(replace(recipe(data), compile=True), seconds=1e6).edges


def test_a_time_limit_still_begins_with_its_warm_up(data: Data) -> None:
    clock = BudgetClock(900.0)
    clock.lose(120.0)
    assert clock.progress(0) == 0.0 and rate_factor(clock.progress(0), 0.1) < 0.2
    clock.spend(780.0)
    assert clock.progress(1) == 1.0, "it ends when it should"


# --- the order in memory ---


def test_another_order_in_memory_gives_the_same_steps_and_stays(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tuner(data, tmp_path / "a", recipe(data))
    trained(plain)
    settled = FineTuner.__init__

    def in_planes(self: FineTuner, net: Any, *rest: Any, **named: Any) -> None:
        net.order = torch.contiguous_format
        settled(self, net, *rest, **named)

    monkeypatch.setattr(FineTuner, "__init__", in_planes)
    planes = tuner(data, tmp_path / "b", recipe(data))
    trained(planes)
    planes.finalists.validation.now()
    deep = [p for p in planes.parameters.values() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1]
    assert deep and all(p.is_contiguous() for p in deep)
    for name, value in plain.parameters.items():
        assert torch.allclose(value, planes.parameters[name], atol=1e-4)
        assert planes.average.weights[name].stride() == planes.parameters[name].stride()


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_settling_takes_what_is_fastest_for_each_image_and_moves_nothing(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: int, part: int
) -> None:
    monkeypatch.setattr(steps, "LEAST_PIECE", 1)
    each = tuner(data, tmp_path / "run", recipe(data))
    micro = each.stepper.micro
    assert micro >= 4
    before = {name: p.clone() for name, p in each.network.named_parameters()}

    def seconds(trial: object, waiting: object) -> float:
        """A whole batch takes one second, a part of it its share; one order and part is a tenth faster."""
        fast = each.network.order == steps.ORDERS[order] and each.stepper.micro == micro // steps.PIECES[part]
        return each.stepper.micro / micro * (0.9 if fast else 1.0)

    monkeypatch.setattr(steps, "seconds_of", seconds)
    found = each.stepper.settle(EDGE)
    assert each.network.order == found.order == steps.ORDERS[order]
    assert each.stepper.micro == found.micro == micro // steps.PIECES[part]
    assert all(torch.equal(p, before[name]) and p.grad is None for name, p in each.network.named_parameters())


def test_what_another_training_found_out_is_not_tried_again(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    monkeypatch.setattr(steps, "seconds_of", lambda *_: pytest.fail("something was timed"))
    each.stepper.settle(EDGE, Settled(torch.contiguous_format, 2))
    assert (each.network.order, each.stepper.micro) == (torch.contiguous_format, 2)
    each.stepper.settle(EDGE, Settled(torch.channels_last, 64))
    assert (each.network.order, each.stepper.micro) == (torch.channels_last, 2), "no more than was known to fit"


def test_pieces_are_equal_parts_of_a_batch(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve of twenty-five images would leave one over, whose step takes as long."""
    each = tuner(data, tmp_path / "run", recipe(data))
    each.stepper.micro = 25
    monkeypatch.setattr(steps, "seconds_of", lambda *_: 1.0 if each.stepper.micro == 25 else 0.0)
    assert each.stepper.settle(EDGE).micro == 25


def test_where_all_are_equally_fast_the_whole_batch_goes_at_once(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    micro = each.stepper.micro
    monkeypatch.setattr(steps, "LEAST_PIECE", 1)
    monkeypatch.setattr(steps, "seconds_of", lambda *_: each.stepper.micro)
    each.stepper.settle(EDGE)
    assert (each.network.order, each.stepper.micro) == (steps.ORDERS[0], micro)


def test_what_beginning_takes_is_part_of_a_time_limit(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stepper.on

    def slow(*given: Any) -> Stepper:
        time.sleep(0.3)
        return real(*given)

    monkeypatch.setattr(Stepper, "on", staticmethod(slow))
    each = tuner(data, tmp_path / "run", replace(recipe(data), budget=60.0))
    assert isinstance(each.clock, BudgetClock)
    assert 0 < each.clock.seconds < 59.7


def test_an_order_that_needs_too_much_memory_is_none(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = tuner(data, tmp_path / "run", recipe(data))
    micro, embed = each.stepper.micro, each.network.embed

    def hungry(views: Tensor) -> Tensor:
        if each.network.order == torch.contiguous_format and len(views) > 1:
            raise torch.OutOfMemoryError
        return embed(views)

    each.network.embed = hungry  # type: ignore[method-assign]
    each.stepper.settle(EDGE)
    assert each.network.order == torch.channels_last and each.stepper.micro == micro


# --- timing ---


@pytest.mark.parametrize(("seconds", "times"), [(0.5, 4), (3.0, 2)])
def test_what_takes_long_is_done_once_more_only(monkeypatch: pytest.MonkeyPatch, seconds: float, times: int) -> None:
    now, done = 0.0, 0

    class Watch:
        def __init__(self) -> None:
            self.begun = now

        def lap(self) -> float:
            return now - self.begun

    def trial() -> None:
        nonlocal now, done
        now, done = now + seconds, done + 1

    monkeypatch.setattr("tlstudio.training.trials.Stopwatch", Watch)
    assert seconds_of(trial, lambda: None) == seconds
    assert done == times
