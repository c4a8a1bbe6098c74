"""Two ways to answer on the same images: the test against scipy's and a full count, the interval against simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest

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
