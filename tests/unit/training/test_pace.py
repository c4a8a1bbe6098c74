"""The time left, on machines whose steps, looks and checkpoints take exactly as long as they say."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from tlstudio.training.pace import LOOKS_AT_THE_END, Pace
from tlstudio.training.recipe import Recipe
from tlstudio.training.schedule import BudgetClock, StepClock, clock_of


@dataclass
class Machine:
    """Seconds that each part takes here. warming: what the first step takes on top."""

    small: float = 0.5
    full: float = 1.0
    look: float = 3.0
    save: float = 0.5
    after: float = 7.0
    warming: float = 0.0

    def train(self, pace: Pace, clock: StepClock, turn: int) -> list[tuple[float, float]]:
        """Trains to the end, `turn` steps of it small. For each epoch the time left that was told, and what it then took."""
        now, told = 0.0, []
        for step in range(clock.steps):
            took = (self.small if step < turn else self.full) + (self.warming if step == 0 else 0.0)
            pace.step(small=step < turn)
            pace.took(took)
            now += took
            if (step + 1) % pace.per_epoch == 0:
                pace.look, pace.save = self.look, self.save
                now += self.look + self.save
                told.append((now, clock.seconds_left(step + 1, pace)))
        end = now + LOOKS_AT_THE_END * self.look + self.save + self.after
        return [(left, end - moment) for moment, left in told]


def test_at_full_size_it_is_exact_from_the_first_epoch_on() -> None:
    machine = Machine()
    pace = Pace(10, look=machine.look, after=machine.after)
    for told, taken in machine.train(pace, StepClock(60), turn=0):
        assert told == pytest.approx(taken)


def test_steps_on_small_views_do_not_promise_that_the_rest_is_as_quick() -> None:
    machine = Machine(small=0.6)
    pace = Pace(10, small_share=0.5, small_cost=0.5, look=machine.look, after=machine.after)
    course = machine.train(pace, StepClock(60), turn=30)
    for told, taken in course[:3]:  # full ones are still to come, and what they take is a guess
        assert told == pytest.approx(taken, rel=0.2)
    for told, taken in course[3:]:
        assert told == pytest.approx(taken)


def test_the_first_step_in_which_libraries_warm_up_is_not_held_against_the_rest() -> None:
    machine = Machine(warming=20.0)
    pace = Pace(10, look=machine.look, after=machine.after)
    for told, taken in machine.train(pace, StepClock(60), turn=0):
        assert told == pytest.approx(taken)


def test_a_machine_that_becomes_slower_is_believed_before_long() -> None:
    pace = Pace(100)
    for second in [1.0] * 200 + [2.0] * 300:
        pace.step(small=False)
        pace.took(second)
    assert pace.seconds(500, 600) == pytest.approx(200, rel=0.05)


def test_a_mixture_of_both_kinds_teaches_nothing() -> None:
    pace = Pace(10, small_share=0.5, small_cost=0.5)
    pace.step(small=True)
    pace.step(small=False)
    pace.took(100.0)
    assert pace.seconds(2, 10) == 0.0
    pace.step(small=False)
    pace.took(4.0)
    assert pace.seconds(3, 10) == pytest.approx(2 * 2.0 + 5 * 4.0)


def test_an_epoch_that_has_begun_still_has_its_look() -> None:
    pace = Pace(10, look=3.0, save=1.0)
    pace.step(small=False)
    pace.took(1.0)
    end = LOOKS_AT_THE_END * 3.0 + 1.0
    assert pace.seconds(15, 20) == pytest.approx(5 + 4 + end)
    assert pace.seconds(20, 20) == pytest.approx(end)


def test_a_budget_is_over_when_what_follows_it_is_done() -> None:
    clock = BudgetClock(60)
    clock.spend(15)
    assert clock.seconds_left(10, Pace(10)) == 45
    assert clock.seconds_left(10, Pace(10, after=9.0)) == 54
    clock.spend(100)
    assert clock.seconds_left(10, Pace(10, after=9.0)) == 9


def test_when_steps_take_another_time_the_old_one_is_forgotten() -> None:
    pace = Pace(10)
    for _ in range(50):
        pace.step(small=False)
        pace.took(1.0)
    assert pace.steps(50, 100) == pytest.approx(50)
    pace.begin_again()
    assert pace.steps(50, 100) == pytest.approx(50), "until the next are measured"
    pace.step(small=False)
    pace.took(0.25)
    assert pace.steps(51, 100) == pytest.approx(49 * 0.25)


def test_what_follows_the_last_step_is_part_of_a_budget() -> None:
    asked = cast(Recipe, SimpleNamespace(budget=60.0))
    plain = clock_of(asked, Pace(10))
    assert isinstance(plain, BudgetClock) and plain.seconds == 60
    pace = Pace(10, look=1.0, after=9.0)
    late = clock_of(asked, pace)
    assert isinstance(late, BudgetClock) and late.seconds == 60 - LOOKS_AT_THE_END - 9
    assert late.seconds_left(0, pace) == 60
