"""Fine-tuning on tiny generated images: resuming anywhere, rolling back, the candidates, the clock, the budget."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import Recorder
from tests.unit.training.conftest import CPU, network, recipe
from tlstudio.domain.errors import Cancelled, RunNotReady
from tlstudio.domain.events import Note, StepDone
from tlstudio.domain.runs import Balance
from tlstudio.storage import clocks
from tlstudio.training import finetune
from tlstudio.training.batches import Data
from tlstudio.training.finetune import FineTuner
from tlstudio.training.network import layer_groups
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import BudgetClock, Epoch
from tlstudio.training.steps import Taken


def tuner(data: Data, folder: Path, plan: Recipe | None = None) -> FineTuner:
    folder.mkdir(exist_ok=True)
    return FineTuner(network(), data, plan or recipe(data), device=CPU, folder=folder)


def ignore(_: Epoch) -> None:
    pass


def same(one: FineTuner, other: FineTuner) -> bool:
    now = all(torch.equal(p, other.parameters[name]) for name, p in one.parameters.items())
    chosen = all(
        torch.equal(value, other.finalists.chosen.weights[name]) for name, value in one.finalists.chosen.weights.items()
    )
    return (
        now
        and chosen
        and one.finalists.chosen.name == other.finalists.chosen.name
        and one.finalists.best.score == other.finalists.best.score
    )


def test_the_same_seed_gives_the_same_model(data: Data, tmp_path: Path) -> None:
    first, second = tuner(data, tmp_path / "a"), tuner(data, tmp_path / "b")
    for each in (first, second):
        each.run(Recorder(), ignore)
    assert same(first, second)
    other = tuner(data, tmp_path / "c", replace(recipe(data), seed=1))
    other.run(Recorder(), ignore)
    assert not same(first, other)


@pytest.mark.parametrize("step", [1, 4, 5, 8, 14])
def test_killed_between_any_two_steps_it_goes_on_to_the_same_bits(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """A checkpoint after every step here; the process that goes on knows nothing but the files."""
    monkeypatch.setattr(finetune, "SAVE_EVERY", 0.0)
    whole = tuner(data, tmp_path / "whole")
    course: list[Epoch] = []
    whole.run(Recorder(), course.append)
    seen = 0

    def enough(event: object) -> bool:
        nonlocal seen
        seen += isinstance(event, StepDone)
        return seen == step

    cut = tuner(data, tmp_path / "cut")
    with pytest.raises(Cancelled):
        cut.run(Recorder(cancel=enough), ignore)
    later = tuner(data, tmp_path / "cut")
    assert later.resume()
    rest: list[Epoch] = []
    later.run(Recorder(), rest.append)
    assert same(whole, later)
    looked = [[errors.tolist() for errors in each.finalists.course.errors] for each in (whole, later)]
    assert looked[0] == looked[1] and len(looked[0]) == 3, (
        "what all epochs said is chosen by, those before the kill too"
    )
    assert whole.finalists.choice.said.tolist() == later.finalists.choice.said.tolist()
    assert [(e.train_loss, e.train_accuracy) for e in course[-len(rest) :]] == [
        (e.train_loss, e.train_accuracy) for e in rest
    ]


def test_it_counts_what_it_gets_right_while_it_learns(data: Data, tmp_path: Path) -> None:
    plain = replace(recipe(data, epochs=20, dropout=0.0, learning_rate=2e-3), label_smoothing=0.0)
    each, watch = tuner(data, tmp_path / "run", plain), Recorder()
    course: list[Epoch] = []
    each.run(watch, course.append)
    shares = [e.train_accuracy for e in course if e.train_accuracy is not None]
    assert len(shares) == 20
    assert all((share * 20) == pytest.approx(round(share * 20)) for share in shares)  # of twenty images
    assert np.mean(shares[-5:]) > np.mean(shares[:5]) + 0.1
    told = [e.memory.process for e in watch.of(StepDone) if isinstance(e, StepDone) and e.memory is not None]
    assert min(told) > 2**20
    assert len(course[-1].best.predicted) == len(data.val_keys)


def test_a_checkpoint_that_has_not_counted_makes_no_share_up(data: Data, tmp_path: Path) -> None:
    """One of an earlier version, written in the middle of an epoch: only the views since then are counted."""
    each = tuner(data, tmp_path / "run")
    each.at.step, each.at.seen = 4, 16
    course: list[Epoch] = []
    each.run(Recorder(), course.append)
    assert course[0].train_accuracy in (0.0, 0.25, 0.5, 0.75, 1.0)


def test_other_images_are_refused(data: Data, tmp_path: Path) -> None:
    first = tuner(data, tmp_path / "run")
    first.keeper.save()
    fewer = replace(data, train_keys=data.train_keys[:18], train_labels=data.train_labels[:18])
    with pytest.raises(RunNotReady, match="not the ones that this run began with"):
        tuner(fewer, tmp_path / "run").resume()


@pytest.mark.parametrize(
    "change",
    [{"mean": (0.4, 0.5, 0.5)}, {"std": (0.2, 0.5, 0.5)}, {"arguments": {"drop_rate": 0.1}}, {"weights_hash": "other"}],
)
def test_another_network_of_the_same_weights_is_refused(data: Data, tmp_path: Path, change: dict[str, Any]) -> None:
    first = tuner(data, tmp_path / "run")
    first.keeper.save()
    other = tuner(data, tmp_path / "run")
    other.network.spec = replace(other.network.spec, **change)
    with pytest.raises(RunNotReady, match="not the ones that this run began with"):
        other.resume()


def test_what_changes_no_feature_changes_no_origin(data: Data, tmp_path: Path) -> None:
    first = tuner(data, tmp_path / "run")
    first.keeper.save()
    other = tuner(data, tmp_path / "run")
    other.network.spec = replace(other.network.spec, temperature=2.0)
    assert other.resume()


def poisoned(each: FineTuner, at: set[int]) -> None:
    """Lets the steps with these numbers, counted over all attempts, end in a loss that is no number."""
    real, count = each.stepper.step, 0

    def step(*arguments: object) -> Taken:
        nonlocal count
        count += 1
        taken = real(*arguments)  # type: ignore[arg-type]
        return Taken(taken.loss * float("nan"), taken.hits) if count in at else taken

    each.stepper.step = step  # type: ignore[method-assign]


def test_a_loss_that_is_no_number_is_gone_back_on(data: Data, tmp_path: Path) -> None:
    each, watch = tuner(data, tmp_path / "run"), Recorder()
    poisoned(each, {7})
    assert each.run(watch, ignore) is False
    assert [e.text for e in watch.of(Note) if isinstance(e, Note)] == [finetune.SLOWED]
    assert not each.unstable and each.at.epoch == 3
    assert each.at.slower == pytest.approx(finetune.SLOWER)
    assert all(torch.isfinite(p).all() for p in each.parameters.values())


def test_what_is_kept_within_an_epoch_is_sound(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is that of before the update: weights that it ruined would otherwise take the place of the last sound ones."""
    monkeypatch.setattr(finetune, "SAVE_EVERY", -1.0)  # after every step
    each, watch = tuner(data, tmp_path / "run"), Recorder()
    real, count = each.stepper.step, 0

    def step(*arguments: object) -> Taken:
        nonlocal count
        count += 1
        taken = real(*arguments)  # type: ignore[arg-type]
        if count == 7:
            with torch.no_grad():
                next(iter(each.parameters.values())).fill_(float("nan"))
        return taken

    each.stepper.step = step  # type: ignore[method-assign]
    assert each.run(watch, ignore) is False
    assert [e.text for e in watch.of(Note) if isinstance(e, Note)] == [finetune.SLOWED]
    assert not each.unstable and each.at.epoch == 3


def test_a_time_limit_runs_on_while_it_goes_back(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run", recipe(data, budget=60.0))
    each.keeper.save()
    each.clock.spend(20.0)
    each.clock.lose(5.0)
    assert isinstance(each.clock, BudgetClock)
    before = each.clock.seconds
    assert each._roll_back(Recorder())
    assert each.clock.spent == pytest.approx(20.0) and each.clock.seconds == before


def test_a_computer_that_slept_is_spoken_of_once(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    each, watch = tuner(data, tmp_path / "run"), Recorder()
    naps = iter([0.001, 7200.0])
    monkeypatch.setattr(each.sleep, "slept", lambda: next(naps, 0.0))
    each.run(watch, ignore)
    assert [e.text for e in watch.of(Note) if isinstance(e, Note)] == [finetune.ASLEEP.format(minutes=120)]


def test_nothing_holds_a_training_that_is_over(data: Data, tmp_path: Path) -> None:
    """Its tensors fill a graphics processor; the next rehearsal needs the room."""
    each = tuner(data, tmp_path / "run")
    each.run(Recorder(), ignore)
    gone = weakref.ref(each)
    gc.disable()
    try:
        del each
        assert gone() is None
    finally:
        gc.enable()


def test_after_too_many_the_best_so_far_is_kept(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run")
    poisoned(each, set(range(6, 100)))
    each.run(Recorder(), ignore)
    assert each.unstable
    each.keep_best()
    assert all(torch.isfinite(p).all() for p in each.network.parameters())
    assert each.finalists.validation.now().share == each.finalists.chosen.score.share


def test_nothing_worse_than_the_probe_is_kept(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run", recipe(data, learning_rate=8.0))
    each.run(Recorder(), ignore)
    each.keep_best()
    assert each.finalists.validation.now().share >= each.finalists.probe.score.share


def test_a_budget_ends_by_the_clock(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run", recipe(data, budget=1e9))
    real = each.clock.spend
    each.clock.spend = lambda seconds: real(1e8)  # type: ignore[method-assign]
    each.run(Recorder(), ignore)
    assert each.clock.progress(each._taken()) == 1.0
    assert each.at.epoch < 10


def test_without_time_left_the_probe_stays(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run", recipe(data, budget=0.0))
    each.run(Recorder(), ignore)
    assert each.at.epoch == 0
    assert each.finalists.chosen is each.finalists.probe


def test_memory_that_runs_out_halves_what_is_on_the_way_at_once(data: Data, tmp_path: Path) -> None:
    """The gradient stays that of the whole batch."""
    each = tuner(data, tmp_path / "run")
    embed, sizes = each.network.embed, []

    def narrow(pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(len(pixels))
        if each.network.training and len(pixels) > 2:
            raise torch.OutOfMemoryError
        return embed(pixels)

    each.network.embed = narrow  # type: ignore[method-assign]
    each.run(Recorder(), ignore)
    assert each.stepper.micro == 2
    assert each.at.epoch == 3


def test_what_fits_is_found_before_the_first_step_and_nothing_moves(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run")
    before = {name: p.clone() for name, p in each.network.named_parameters()}
    embed = each.network.embed

    def narrow(pixels: torch.Tensor) -> torch.Tensor:
        if len(pixels) > 1:
            raise torch.OutOfMemoryError
        return embed(pixels)

    each.network.embed = narrow  # type: ignore[method-assign]
    each.stepper.fit(32)
    assert each.stepper.micro == 1
    assert all(torch.equal(p, before[name]) and p.grad is None for name, p in each.network.named_parameters())


def test_a_checkpoint_does_not_ask_for_more_memory_than_there_is_now(data: Data, tmp_path: Path) -> None:
    first = tuner(data, tmp_path / "run")
    first.keeper.save()
    later = tuner(data, tmp_path / "run")
    later.stepper.micro = 2
    assert later.resume() and later.stepper.micro == 2 < first.stepper.micro


@pytest.mark.parametrize("balance", [Balance.SAMPLING, Balance.LOGITS])
def test_rare_classes_count_alike_when_asked(data: Data, tmp_path: Path, balance: Balance) -> None:
    kept = np.flatnonzero((data.train_labels == 0) | (np.arange(20) < 6))
    few = replace(data, train_keys=[data.train_keys[i] for i in kept], train_labels=data.train_labels[kept])
    each = tuner(few, tmp_path / "run", recipe(few, balance=balance))
    assert each.recipe.counts_classes_alike
    each.run(Recorder(), ignore)
    assert each.at.epoch == 3


def test_only_the_wished_layers_move(data: Data, tmp_path: Path) -> None:
    each = tuner(data, tmp_path / "run", recipe(data, layers=1))
    before = {name: p.clone() for name, p in each.network.named_parameters()}
    each.run(Recorder(), ignore)
    moved = {name for name, p in each.network.named_parameters() if not torch.equal(p, before[name])}
    assert moved <= {*layer_groups(each.network)[-1], "head.weight", "head.bias"}
    assert "head.weight" in moved


def test_a_pause_counts_neither_as_spent_nor_as_left(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour at lunch, in the middle of an epoch: training took no longer, and what is left is no more."""
    awake, lunch = clocks.awake, 0.0
    monkeypatch.setattr(clocks, "awake", lambda: awake() + lunch)

    def wait_a_while(event: object) -> bool:
        nonlocal lunch
        if isinstance(event, StepDone) and not lunch:
            with clocks.pause():
                lunch = 1800.0
        return False

    each, watch, course = tuner(data, tmp_path / "run"), Recorder(cancel=wait_a_while), []
    each.run(watch, course.append)
    left = [e.seconds_left for e in watch.of(StepDone) if isinstance(e, StepDone) and e.seconds_left is not None]
    assert lunch and each.clock.spent < 600
    assert max(left) < 600 and sum(epoch.seconds for epoch in course) < 600
    assert min(e.images_per_second for e in watch.of(StepDone) if isinstance(e, StepDone)) > 0.1
