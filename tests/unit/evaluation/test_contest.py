"""Candidates against what is there: the test against a full count, what it controls, and what left-out choosing returns."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tlstudio.evaluation import contest
from tlstudio.evaluation.contest import Field, chances_of_luck, distances, left_out_winners, sureness, winner


def field(
    hits: np.ndarray,
    *,
    errors: np.ndarray | None = None,
    units: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    checkpoints: int = 0,
) -> Field:
    """Row 0 is there already; the last `checkpoints` rows are epochs. Without errors nothing but hits counts."""
    k, n = hits.shape
    return Field(
        hits=hits.astype(bool),
        errors=np.zeros((k, n)) if errors is None else errors,
        weights=np.ones(n) if weights is None else weights,
        units=np.arange(n) if units is None else units,
        order=tuple(range(1, k - checkpoints)),
        checkpoints=tuple(range(k - checkpoints, k)),
    )


def rows(*right: range, n: int = 40) -> np.ndarray:
    return np.array([np.isin(np.arange(n), each) for each in right])


def counted(found: Field) -> np.ndarray:
    """Every choice of signs, in exact arithmetic."""
    units = np.unique(found.units)
    gains = np.concatenate([found.hits[1:].astype(float) - found.hits[0], found.errors[0] - found.errors[1:]])
    sums = np.array([[(g * found.weights)[found.units == u].sum() for u in units] for g in gains])
    standing = sums / np.maximum(np.sqrt((sums**2).sum(axis=1)), 1e-12)[:, None]
    reached = standing.sum(axis=1).reshape(2, -1).max(axis=0)
    furthest = np.array([(standing @ np.array(s)).max() for s in product((-1, 1), repeat=len(units))])
    return (furthest[:, None] >= reached - 1e-9).mean(axis=0)


def test_the_chance_is_the_share_of_signs_that_bring_any_as_far_ahead() -> None:
    rng = np.random.default_rng(0)
    hits, errors, weights = rng.random((4, 24)) < 0.6, rng.random((4, 24)), rng.uniform(0.5, 2, 24)
    for unit, near in ((3, 1e-9), (2, 0.03)):  # eight groups, all counted; twelve, drawn
        found = field(hits, errors=errors, units=np.arange(24) // unit, weights=weights)
        chances = chances_of_luck(found)
        assert chances[0] == 1.0
        assert chances[1:] == pytest.approx(counted(found), abs=near)
        light = field(hits, errors=errors, units=np.arange(24) // unit, weights=weights / 1_000)
        assert chances_of_luck(light) == pytest.approx(chances), "in whatever weights are counted"


def test_a_single_rival_is_held_against_a_sign_test() -> None:
    """Seven of eight, one-sided: 9 of 256 choices of signs."""
    found = field(rows(range(1), range(1, 8)), errors=None)
    assert chances_of_luck(found)[1] == 9 / 256
    assert winner(found) == 1
    assert winner(field(rows(range(2), range(2, 8)))) == 0, "six of eight is luck"


@pytest.mark.parametrize(("wins", "taken"), [(4, 0), (5, 1)])
def test_luck_is_one_in_twenty(wins: int, taken: int) -> None:
    """Right in four more: 1 in 16; in five more: 1 in 32."""
    assert contest.LUCK == 0.05
    assert winner(field(rows(range(20), range(20 + wins)))) == taken


def test_nothing_that_is_right_less_often_is_taken_however_near_it_is() -> None:
    errors = np.stack([np.full(40, 0.5), np.full(40, 0.1)])
    assert winner(field(rows(range(20), range(19)), errors=errors)) == 0
    assert winner(field(rows(range(20), range(20)), errors=errors)) == 1


def test_the_first_in_order_is_taken_unless_another_is_better_than_it_too() -> None:
    assert winner(field(rows(range(10), range(25), range(26)))) == 1
    assert winner(field(rows(range(10), range(20), range(36)))) == 2
    assert winner(field(rows(range(10), range(11), range(26)))) == 2, "the first convinces nobody"


def test_of_the_checkpoints_only_the_best_counts_and_comes_last() -> None:
    found = field(rows(range(10), range(25), range(15), range(26), range(12)), checkpoints=3)
    assert found.rivals == (1, 3)
    errors = np.zeros((3, 40))
    errors[1] = 0.1
    assert field(rows(range(9), range(20), range(20)), errors=errors, checkpoints=2).rivals == (2,), (
        "nearer among equals"
    )
    assert winner(field(rows(range(10), range(15), range(30)), checkpoints=2)) == 2


def test_a_group_counts_once() -> None:
    hits = rows(range(10), range(30))
    assert winner(field(hits)) == 1
    assert winner(field(hits, units=np.repeat([0, 1, 2, 3], 10))) == 0


def test_rare_images_weigh_more() -> None:
    weights = np.r_[np.full(36, 0.1), np.full(4, 9.1)]
    hits = rows(range(40), range(30))
    assert field(hits, weights=weights).shares == pytest.approx([1.0, 3 / 40])
    assert winner(field(rows(range(10), range(30)), weights=weights)) == 1


def test_nobody_wins_without_rivals_or_images() -> None:
    assert winner(field(rows(range(3)))) == 0
    assert winner(field(np.zeros((3, 0)))) == 0
    assert len(left_out_winners(field(np.zeros((3, 0))))) == 0


def test_the_same_candidates_are_no_better_than_each_other() -> None:
    found = field(rows(range(10), range(10)))
    assert chances_of_luck(found)[1] == 1.0 and winner(found) == 0


def test_equal_rivals_are_taken_one_time_in_twenty_at_most() -> None:
    rng = np.random.default_rng(1)
    taken = 0
    for _ in range(200):
        common = rng.normal(size=60)
        margin = 1.0 + common + 0.7 * rng.normal(size=(8, 60))
        found = field(margin > 0, errors=1 / (1 + np.exp(2 * margin)), checkpoints=4)
        taken += winner(found) != 0
    assert taken <= 18  # of ten expected, at most: 99 % of the time


def test_small_numbers_of_groups_are_counted_and_large_ones_drawn() -> None:
    """2,048 choices of signs for eleven groups; of twelve 2,000 are drawn, besides the one that is there."""
    assert (contest.COUNTED, contest.FLIPS) == (11, 2_000)
    for groups, tries in ((11, 2_048), (12, 2_001)):
        signs = np.concatenate(list(contest._signs(groups)))
        assert signs.shape == (tries, groups) and set(np.unique(signs)) == {-1.0, 1.0}
        assert (signs[0] == 1).all()
    assert len(np.unique(np.concatenate(list(contest._signs(11))), axis=0)) == 2_048


def test_a_tenth_is_left_out_at_a_time() -> None:
    asked: list[int] = []

    class Noted(Field):
        def of(self, images: np.ndarray) -> Field:
            asked.append(int(images.sum()))
            return Field.of(self, images)

    whole = field(rows(range(10), range(30)))
    left_out_winners(Noted(**{name: getattr(whole, name) for name in Field.__dataclass_fields__}))
    assert asked == [36] * 10


def test_probabilities_beyond_any_temperature_are_taken_as_near_as_they_come() -> None:
    even = np.full((3, 2), 0.5)
    assert distances(even, np.array([0, 1, 0]), 0.9) == pytest.approx([0.5] * 3), "no temperature makes these sure"
    nearly = np.tile([0.501, 0.499], (2, 1))
    assert distances(nearly, np.array([0, 1]), 0.9) == pytest.approx([0.397, 0.615], abs=2e-3), "as sure as they come"
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert distances(certain, np.array([0, 1]), 0.6) == pytest.approx([0.0, 2.0], abs=1e-3), "nor these unsure"
    left = np.exp(np.log(1e-100) / np.exp(4))  # of the odds, at the highest temperature
    other = 2 * (left / (1 + left)) ** 2, 2 / (1 + left) ** 2
    nearly = np.tile([1.0, 1e-100], (2, 1))
    assert distances(nearly, np.array([0, 1]), 0.6) == pytest.approx(other, rel=1e-6), "as unsure as they come"


def test_what_is_left_out_has_no_part_in_the_choice() -> None:
    """Groups stay together, and what is better in nearly all of them is taken without any one."""
    units = np.repeat(np.arange(20), 2)
    better = rows(range(10), range(40))
    found = left_out_winners(field(better, units=units))
    assert len(found) == 40
    assert all(len(set(found[units == u])) == 1 for u in range(20)), "groups are left out whole"
    assert set(found[20:]) == {1}


def test_left_out_winners_are_chosen_on_the_other_parts() -> None:
    """Nine wins to two losses: just enough, so it depends on what is left out."""
    whole = field(rows(range(20), range(2, 29), n=60))
    parts = np.random.default_rng(0).permutation(60) % contest.PARTS
    wanted = [winner(whole.of(parts != part)) for part in parts]
    assert set(wanted) == {0, 1}
    assert left_out_winners(whole).tolist() == wanted


def test_how_sure_a_model_may_be_is_never_certain() -> None:
    assert sureness(np.ones(8, bool)) == 0.9
    assert sureness(np.array([True, False])) == 0.5
    assert sureness(np.zeros(0, bool)) == 0.5


def test_the_distance_is_the_quadratic_error_at_equal_sureness() -> None:
    truth = np.array([0, 1, 0])
    chances = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    assert distances(chances, truth, 0.8) == pytest.approx([0.08, 1.28, 0.08], abs=0.01)
    assert distances(chances, truth, 0.6) == pytest.approx([0.32, 0.72, 0.32], abs=0.01)
    three = np.array([[0.6, 0.3, 0.1]])
    assert distances(three, np.array([1]), 0.6) == pytest.approx([0.36 + 0.49 + 0.01], abs=0.01)


def test_neither_bold_nor_timid_is_nearer() -> None:
    rng = np.random.default_rng(3)
    logits, truth = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)

    def chances(temperature: float) -> np.ndarray:
        raised = np.exp(logits / temperature)
        return raised / raised.sum(axis=1, keepdims=True)

    assert distances(chances(0.5), truth, 0.6) == pytest.approx(distances(chances(3.0), truth, 0.6), abs=0.02)


def test_what_is_no_number_is_infinitely_far() -> None:
    assert np.isinf(distances(np.full((2, 2), np.nan), np.array([0, 1]), 0.5)).all()
    one = np.array([[0.5, 0.5], [0.9, np.nan]])
    assert np.isinf(distances(one, np.array([0, 1]), 0.5)).all(), "no sureness is known where one is missing"
    assert len(distances(np.zeros((0, 2)), np.zeros(0, np.int64), 0.5)) == 0
