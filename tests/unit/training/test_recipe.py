"""The plan from settings and data, the schedule of the rate, the order of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.runs import Balance, Mode, TrainSettings
from tlstudio.training.augment import Augmentation
from tlstudio.training.batches import order_of, read_ahead
from tlstudio.training.recipe import Recipe, Subject, plan, strength
from tlstudio.training.schedule import BudgetClock, StepClock, rate_factor


def planned(images: int, edge: int = 224, **wishes: object) -> Recipe:
    settings = TrainSettings("any", **wishes)  # type: ignore[arg-type]
    labels = np.zeros(images, np.int64)
    labels[: images // 4] = 1
    return plan(
        settings,
        labels,
        Subject(classes=2, groups=10, edge=edge, any_edge=True),
        look=Augmentation(),
        device=torch.device("cpu"),
    )


def test_few_images_get_small_batches_and_many_a_mixture() -> None:
    few, many = planned(60), planned(20_000)
    assert few.batch < many.batch and few.epochs > many.epochs
    assert few.peak_rate < many.peak_rate
    assert not few.mixup and many.mixup
    assert not few.small_edge and 128 <= many.small_edge < 224
    assert many.edge(0.2, 224) == many.small_edge and many.edge(0.9, 224) == 224


def test_wishes_have_the_last_word() -> None:
    recipe = planned(
        20_000, mixup=0.0, low_resolution=False, batch_size=5, layers=3, learning_rate=0.1, augmentation=0.0
    )
    assert (recipe.mixup, recipe.small_edge, recipe.batch, recipe.layers, recipe.peak_rate) == (0, 0, 5, 3, 0.1)
    assert recipe.augmentation.least_area == 1


def test_a_part_is_trained_by_the_plan_for_all() -> None:
    """A rehearsal goes on as long as the training it stands for, in the same batches, and blends and shrinks as that does."""
    look, cpu = Augmentation(), torch.device("cpu")
    subject = Subject(2, 10, 224, any_edge=True)
    settings = TrainSettings("any", Mode.THOROUGH, balance=Balance.LOGITS)
    part = np.array([0, 1] * 500)
    whole = np.array([0, 1] * 1500)
    one = plan(settings, part, subject, look=look, device=cpu, images=len(whole))
    all_of_them = plan(settings, whole, subject, look=look, device=cpu)
    assert one == all_of_them
    assert one.mixup and one.small_edge and not plan(settings, part, subject, look=look, device=cpu).mixup


@pytest.mark.parametrize(("steps", "share"), [(1, 0.3), (120, 0.3), (124, 0.31), (200, 0.5), (400, 1.0), (5000, 1.0)])
def test_views_of_a_short_training_are_changed_less(steps: int, share: float) -> None:
    assert strength(steps) == pytest.approx(share)


def test_the_plan_counts_its_steps_for_that() -> None:
    """60 images in eights for 8 epochs are 64 steps; 20,000 are many."""
    least = Augmentation().least_area
    assert planned(60).augmentation.least_area == pytest.approx(1 - 0.3 * (1 - least))
    assert planned(60, augmentation=2.0).augmentation.least_area == pytest.approx(1 - 0.6 * (1 - least))
    assert planned(20_000).augmentation.least_area == pytest.approx(least)


def test_modes_train_a_part_or_all() -> None:
    assert planned(60, mode=Mode.BALANCED).layers == 3
    assert planned(60, mode=Mode.THOROUGH).layers == 10


def test_logit_adjustment_is_the_log_of_the_shares() -> None:
    shift = planned(100, balance=Balance.LOGITS).logit_shift
    assert shift == pytest.approx((np.log(0.75), np.log(0.25)))


@pytest.mark.parametrize("wish", [{"dropout": 1.5}, {"layers": -2}, {"mixup": 9}, {"minutes": -1}])
def test_what_makes_no_sense_is_refused_by_name(wish: dict[str, float]) -> None:
    with pytest.raises(WrongUsage, match=next(iter(wish)).replace("_", " ")):
        TrainSettings("any", **wish)  # type: ignore[arg-type]


def test_the_rate_rises_and_falls_to_nothing() -> None:
    factors = [rate_factor(p / 100, 0.1) for p in range(101)]
    top = factors.index(max(factors))
    assert factors[0] > 0 and factors[-1] == pytest.approx(0, abs=1e-9)
    assert factors[: top + 1] == sorted(factors[: top + 1]) and factors[top:] == sorted(factors[top:], reverse=True)


def test_clocks() -> None:
    steps = StepClock(20)
    assert (steps.progress(5), steps.progress(50), steps.epochs(0, 6)) == (0.25, 1.0, 4)
    budget = BudgetClock(60)
    budget.spend(15)
    assert budget.progress(999) == 0.25
    assert budget.epochs(10, 10) == 4
    assert BudgetClock(0).progress(0) == 1.0


def test_an_order_has_every_image_once_or_every_class_alike() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    assert sorted(order_of(labels, 0, False)) == list(range(100))
    drawn = labels[np.concatenate([order_of(labels, seed, True) for seed in range(20)])]
    assert 0.45 < drawn.mean() < 0.55


def test_reading_ahead_keeps_the_order_and_passes_errors_on() -> None:
    assert list(read_ahead(range(7), lambda step: step)) == list(range(7))  # type: ignore[arg-type,return-value]

    def broken(step: int) -> int:
        if step == 3:
            raise OSError("the drive is gone")
        return step

    with pytest.raises(OSError, match="the drive is gone"):
        list(read_ahead(range(7), broken))  # type: ignore[arg-type]


def test_what_the_user_wishes_of_the_course_is_in_the_recipe() -> None:
    found = planned(100, warm_up=0.3, gradient_norm=0.5, average_decay=0.9)
    assert (found.warm_up, found.gradient_norm, found.average_decay) == (0.3, 0.5, 0.9)
    assert rate_factor(0.15, 0.3) == pytest.approx(0.16 / 0.31) and rate_factor(0.3, 0.3) == 1.0
    assert rate_factor(0.0, 0.0) == 1.0
