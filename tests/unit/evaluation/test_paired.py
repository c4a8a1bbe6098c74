"""Two ways to answer on the same images: the test against scipy's and a full count, the interval against simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, t

from tlstudio.evaluation import paired
from tlstudio.evaluation.paired import balanced_difference, balanced_sign_test, difference_interval, sign_test


def pair(both: int, ours: int, theirs: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    a = np.repeat([True, True, False, False], [both, ours, theirs, neither])
    b = np.repeat([True, False, True, False], [both, ours, theirs, neither])
    return a, b


def alone(n: int) -> list[int]:
    return list(range(n))


@pytest.mark.parametrize(("ours", "theirs"), [(1, 0), (3, 3), (9, 2), (0, 12), (150, 90)])
def test_without_groups_it_is_mcnemar_s_exact_test(ours: int, theirs: int) -> None:
    a, b = pair(40, ours, theirs, 7)
    assert sign_test(a, b, alone(len(a))) == pytest.approx(binomtest(ours, ours + theirs).pvalue)


def test_groups_are_swapped_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(40) < 0.8, rng.random(40) < 0.5
    units = [f"part {i // 5}" for i in range(40)]
    sums = np.add.reduceat(a.astype(int) - b, np.arange(0, 40, 5))
    counted = [abs(np.dot(signs, sums)) >= abs(sums.sum()) for signs in product((-1, 1), repeat=8)]
    assert sign_test(a, b, units) == pytest.approx(np.mean(counted))


def test_one_group_proves_nothing() -> None:
    a, b = pair(0, 30, 0, 0)
    assert sign_test(a, b, ["one"] * 30) == 1.0
    assert sign_test(a, b, alone(30)) < 1e-8


def test_the_same_answers_differ_in_nothing() -> None:
    a, _ = pair(5, 5, 5, 5)
    truth = np.zeros(20, np.int64)
    assert sign_test(a, a, alone(20)) == balanced_sign_test(a, a, truth, alone(20)) == 1.0
    found = difference_interval(a, a, alone(20))
    assert found.value == 0 and found.low < -0.05 and found.high > 0.05  # twenty images can't show more


def test_many_differences_are_drawn_and_agree_with_the_count() -> None:
    a, b = pair(0, 2_560, 2_500, 0)
    units = [i // 2 for i in range(len(a))]  # pairs that agree: the count of the half of them
    assert sign_test(a, b, units) == pytest.approx(binomtest(1_280, 2_530).pvalue, abs=0.02)


def test_grouped_images_are_worth_less() -> None:
    rng = np.random.default_rng(1)
    a = np.repeat(rng.random(20) < 0.8, 10)
    b = np.repeat(rng.random(20) < 0.4, 10)
    units = [i // 10 for i in range(200)]
    free, grouped = difference_interval(a, b, alone(200)), difference_interval(a, b, units)
    assert grouped.value == free.value
    assert grouped.high - grouped.low > 2 * (free.high - free.low)


def test_the_interval_holds_what_it_promises() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        kind = rng.choice(4, 60, p=[0.6, 0.2, 0.05, 0.15])  # both, ours, theirs, neither: a true gain of 0.15
        found = difference_interval(np.isin(kind, (0, 1)), np.isin(kind, (0, 2)), alone(60))
        held += found.low <= 0.15 <= found.high
    assert 0.92 <= held / 400 <= 0.99


def test_a_rare_class_counts_as_much_as_a_frequent_one() -> None:
    truth = np.repeat([0, 1], [180, 20])
    theirs = truth == 0  # always the frequent class
    ours = np.concatenate([np.arange(180) >= 18, np.ones(20, bool)])  # a tenth of it wrong, all of the rare ones right
    assert abs(difference_interval(ours, theirs, alone(200)).value) < 0.02
    found = balanced_difference(ours, theirs, truth, alone(200))
    assert found.value == pytest.approx(0.45) and found.low > 0.3 and found.high <= 1
    assert balanced_sign_test(ours, theirs, truth, alone(200)) < 0.001


# --- figures by hand -----------------------------------------------------------------------------------------------------


def test_the_interval_is_that_of_bonett_and_price() -> None:
    a, b = pair(4, 3, 1, 2)
    found = difference_interval(a, b, alone(10))
    up, down = 4 / 12, 2 / 12
    half = 1.959963984540054 * np.sqrt((up + down - (up - down) ** 2) / 12)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(up - down - half), pytest.approx(up - down + half))


def test_the_interval_ends_at_one_and_holds_its_figure() -> None:
    a, b = pair(0, 3, 0, 0)
    found = difference_interval(a, b, alone(3))
    assert found.value == found.high == 1.0 and found.low > -0.11
    a, b = pair(0, 0, 3, 0)
    assert difference_interval(a, b, alone(3)).low == -1.0
    a, b = pair(0, 2_000, 0, 0)
    assert difference_interval(a, b, alone(2_000)).high == 1.0, "the figure itself belongs to it"


def test_groups_are_reckoned_by_student_s_t_and_the_design_effect() -> None:
    """Four groups of three; their differences: 3, 1, 0, -1 of 3."""
    gains = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, -1, 0, 0])
    units = np.repeat(["a", "b", "c", "d"], 3)
    n, mean = 12, 3 / 12
    sums = np.array([3, 1, 0, -1]) - 3 * mean
    between = 4 / 3 * (sums**2).sum() / n**2
    worth = n * (((gains - mean) ** 2).mean() / n) / between
    assert 4 <= worth <= 12
    up, down = (4 / 12 * worth + 1) / (worth + 2), (1 / 12 * worth + 1) / (worth + 2)
    half = t.ppf(0.975, 3) * np.sqrt((up + down - (up - down) ** 2) / (worth + 2))
    found = difference_interval(gains > 0, gains < 0, list(units))
    assert found.value == pytest.approx(mean)
    assert (found.low, found.high) == (pytest.approx(up - down - half), 1.0)


def test_groups_are_worth_no_less_than_one_image_each_and_no_more_than_all_of_theirs() -> None:
    whole = np.repeat([1, -1, 1, -1], 5)  # nothing but groups: four of them, each worth one
    units = list(np.repeat([0, 1, 2, 3], 5))
    found = difference_interval(whole > 0, whole < 0, units)
    up = down = (0.5 * 4 + 1) / 6
    assert found.high == pytest.approx(min(1.0, t.ppf(0.975, 3) * np.sqrt((up + down) / 6)))
    mixed = np.tile([1, -1], 10)  # within groups alone: each image is worth itself
    found = difference_interval(mixed > 0, mixed < 0, list(np.repeat([0, 1, 2, 3, 4], 4)))
    up = down = (0.5 * 20 + 1) / 22
    assert found.high == pytest.approx(t.ppf(0.975, 4) * np.sqrt((up + down) / 22))
    same = difference_interval(whole > 0, whole > 0, units)  # without any difference a group counts once
    up = down = 1 / 6
    assert same.high == pytest.approx(t.ppf(0.975, 3) * np.sqrt((up + down) / 6))


def test_two_groups_tell_little_but_something() -> None:
    """A thousand images each, half of which are won and half lost: worth all of them, at Student's t with one degree."""
    gains = np.tile([1, -1], 1_000)
    found = difference_interval(gains > 0, gains < 0, [i // 1_000 for i in range(2_000)])
    half = t.ppf(0.975, 1) * np.sqrt(2 * (0.5 * 2_000 + 1) / 2_002 / 2_002)
    assert (found.low, found.high) == (pytest.approx(-half), pytest.approx(half)) and half < 0.3


@pytest.mark.parametrize("units", [["one"] * 6, [1] * 6])
def test_a_single_group_tells_nothing(units: list[object]) -> None:
    a, b = pair(0, 6, 0, 0)
    found = difference_interval(a, b, units)
    assert (found.value, found.low, found.high) == (1.0, -1.0, 1.0)


def test_the_mean_over_classes_adds_up_squares() -> None:
    truth = np.repeat([0, 1, 3], [9, 5, 6])
    a, b = pair(4, 6, 3, 7)
    parts = [difference_interval(a[truth == k], b[truth == k], alone(int((truth == k).sum()))) for k in (0, 1, 3)]
    found = balanced_difference(a, b, truth, alone(20))
    value = np.mean([part.value for part in parts])
    below = np.linalg.norm([part.value - part.low for part in parts]) / 3
    above = np.linalg.norm([part.high - part.value for part in parts]) / 3
    assert found.value == pytest.approx(value)
    assert (found.low, found.high) == (pytest.approx(value - below), pytest.approx(value + above))


def test_an_image_of_a_rare_class_weighs_more_in_the_test() -> None:
    """Two of two against four of eight: 1 to 0.5. The half is reached by all choices of signs that leave the two together, and by
    the four of the others that leave the four together."""
    truth = np.repeat([1, 0], [2, 8])
    ours = np.repeat([True, False, True], [2, 4, 4])
    theirs = np.repeat([False, True, True], [2, 4, 4])
    gains = np.array([0.5] * 2 + [-0.125] * 4)
    reached = np.mean([abs(gains @ signs) >= 0.5 for signs in product((-1, 1), repeat=6)])
    assert reached == (32 + 4) / 64
    assert balanced_sign_test(ours, theirs, truth, alone(10)) == pytest.approx(reached, abs=0.02)


def test_small_counts_of_signs_are_exact() -> None:
    """Sums 2, 1 and 1: reached by one choice of eight, and by its opposite."""
    ours = np.array([True, True, True, True])
    assert sign_test(ours, ~ours, ["a", "a", "b", "c"]) == 2 / 8
    assert (
        sign_test(np.array([True, True, False, True]), np.array([False, False, True, False]), ["a", "a", "b", "c"])
        == 6 / 8
    )
    balanced = np.array([True, True, False, False])
    assert sign_test(balanced, ~balanced, ["a", "a", "b", "b"]) == 1.0


@pytest.mark.parametrize(("reach", "drawn"), [(4_000, False), (4_001, True)])
def test_sums_beyond_4000_are_drawn(reach: int, drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(paired, "_drawn_signs", lambda sums: asked.append(len(sums)) or 0.5)
    assert paired.EXACT_SUM == 4_000
    ours = np.ones(reach, bool)
    units = ["big"] * (reach - 2) + ["b", "c"]
    assert sign_test(ours, ~ours, units) == (0.5 if drawn else 2 / 8)
    assert asked == ([3] if drawn else [])


def test_ten_thousand_choices_are_drawn_and_none_is_impossible() -> None:
    assert paired.FLIPS == 10_000
    truth = np.repeat([0, 1], [30, 30])
    ours = np.ones(60, bool)
    assert balanced_sign_test(ours, ~ours, truth, alone(60)) == 1 / 10_001
    one = np.array([True, False])
    assert balanced_sign_test(one, ~one, np.array([0, 0]), alone(2)) == 1.0
    two = balanced_sign_test(np.ones(2, bool), np.zeros(2, bool), np.array([0, 0]), alone(2))
    assert two == pytest.approx(0.5, abs=0.02)
