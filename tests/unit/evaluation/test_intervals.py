"""Confidence intervals against scipy, and honest where images come in groups and where all answers are right."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binomtest, t

from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import (
    DOUBT,
    TAIL,
    alikeness,
    area_interval,
    cautious,
    design_effect,
    effective_n,
    exact,
    few_groups,
    innermost,
    mean_interval,
    numbered,
    outermost,
    share_interval,
)


@pytest.mark.parametrize("n", [1, 2, 5, 17, 100, 4321])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_the_exact_interval_is_scipy_s(n: int, share: float) -> None:
    hits = round(share * n)
    ours, theirs = exact(hits, n), binomtest(hits, n).proportion_ci(method="exact")
    assert ours.value == hits / n
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_numbers_between_whole_ones_give_limits_between_theirs() -> None:
    below, between, above = exact(8, 10), exact(8.5, 10), exact(9, 10)
    assert below.low < between.low < above.low
    assert below.high < between.high < above.high
    assert exact(8.5, 10).low < exact(17, 20).low
    assert exact(0.25, 0.5).low > 0.0


def test_without_images_nothing_is_known() -> None:
    assert exact(0, 0) == Interval(0.0, 0.0, 1.0)
    assert share_interval(np.zeros(0, bool), None) == Interval(0.0, 0.0, 1.0)
    assert share_interval(np.zeros(0, bool), []) == Interval(0.0, 0.0, 1.0)


def width(interval: Interval) -> float:
    return interval.high - interval.low


def clustered(seed: int, *, alike: bool) -> tuple[np.ndarray, list[str]]:
    """200 answers of 40 units of five; `alike` makes a unit all right or all wrong."""
    rng = np.random.default_rng(seed)
    hits = np.repeat(rng.random(40) < 0.8, 5) if alike else rng.random(200) < 0.8
    return hits, [f"patient {i // 5}" for i in range(200)]


@pytest.mark.parametrize("seed", range(10))
def test_groups_that_answer_alike_count_as_one(seed: int) -> None:
    hits, units = clustered(seed, alike=True)
    assert effective_n(hits, units) == pytest.approx(40)
    alone, grouped = share_interval(hits, None), share_interval(hits, units)
    assert grouped.value == alone.value
    assert grouped.low < alone.low
    assert alone.high < grouped.high
    patients = exact(int(hits[::5].sum()), 40)
    assert (grouped.low, grouped.high) == pytest.approx((patients.low, patients.high))


@pytest.mark.parametrize("seed", range(10))
def test_groups_never_make_the_interval_narrower(seed: int) -> None:
    hits, units = clustered(seed, alike=False)
    assert 40 <= effective_n(hits, units) <= 200
    assert width(share_interval(hits, units)) >= width(share_interval(hits, None)) - 1e-12


def test_what_grouped_images_are_worth() -> None:
    """Ten groups of four, each with three hits: not alike at all, so only the doubt and the small number of groups tell."""
    hits = np.tile([True, True, True, False], 10)
    units = np.repeat(np.arange(10), 4)
    assert alikeness(hits.astype(float), units) == 0.0
    expected = 40 / (1 + 3 * 1 / 11) * (1.959964 / t.ppf(0.975, 9)) ** 2
    assert effective_n(hits, units) == effective_n(~hits, units) == pytest.approx(expected, rel=1e-6)
    # Groups that hit by halves: the correlation is between 0 and 1, and the images are worth n by design effect and t.
    mixed = np.concatenate([np.tile([True, True, True, True], 5), np.tile([True, False, True, False], 5)]).astype(bool)
    alike = alikeness(mixed.astype(float), units)
    assert 0.1 < alike < 0.5
    alike = (1 + 5 * alike) / (1 + 5)  # there are mistakes in five groups, two in each
    expected = 40 / (1 + 3 * alike) / few_groups(10)
    assert effective_n(mixed, units) == pytest.approx(max(10.0, expected), rel=1e-9)
    assert 10.0 < expected < 40.0


def test_where_half_are_hits_these_are_what_tells() -> None:
    """Twelve hits, as if spread over nine groups: their number squared by the sum of the squares in each group."""
    groups = np.repeat(np.arange(12), [1] * 8 + [4] * 4)
    hits = np.array([1] * 6 + [0] * 2 + [1, 0, 0, 0] * 2 + [1, 1, 0, 0] * 2, bool)
    assert alikeness(hits.astype(float), groups) == 0.0
    telling = 12**2 / (6 * 1 + 2 * 1 + 2 * 4)
    sizes = np.array([1.0] * 8 + [4.0] * 4)
    expected = 24 / design_effect(sizes, 1 / (1 + telling)) / few_groups(12)
    assert effective_n(hits, groups) == pytest.approx(expected)


def test_few_groups_cost_what_student_s_t_says() -> None:
    for count, quantile in ((2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262), (40, 2.023)):
        assert few_groups(count) == pytest.approx((quantile / 1.95996) ** 2, rel=1e-3)
    assert few_groups(1) == math.inf


def test_design_effect_of_equal_and_unequal_groups() -> None:
    assert design_effect(np.full(7, 5.0), 0.5) == pytest.approx(1 + 4 * 0.5)
    assert design_effect(np.array([1.0, 9.0]), 1.0) == pytest.approx(82 / 10)
    assert design_effect(np.array([3.0, 2.0]), 0.0) == 1.0


def reference_icc(values: np.ndarray, groups: np.ndarray) -> float:
    """ANOVA estimate, written out."""
    parts = [values[groups == g] for g in np.unique(groups)]
    n, k = len(values), len(parts)
    between = sum(len(p) * (p.mean() - values.mean()) ** 2 for p in parts) / (k - 1)
    within = sum(((p - p.mean()) ** 2).sum() for p in parts) / (n - k)
    size = (n - sum(len(p) ** 2 for p in parts) / n) / (k - 1)
    return float((between - within) / (between + (size - 1) * within))


@pytest.mark.parametrize("seed", range(6))
def test_alikeness_follows_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(9), rng.integers(0, 9, 60)])
    values = rng.normal(size=9)[groups] + rng.normal(size=69)
    assert alikeness(values, groups) == pytest.approx(reference_icc(values, groups))
    against = -values[groups == 0].mean() * (groups == 0) + rng.normal(size=69)
    assert 0.0 <= alikeness(against, groups) < 1.0


def test_alikeness_where_it_can_t_be_seen() -> None:
    assert alikeness(np.ones(6), np.array([0, 0, 1, 1, 2, 2])) == 1.0
    assert alikeness(np.full(6, 0.3), np.array([0, 0, 1, 1, 2, 2])) == 1.0
    assert alikeness(np.arange(6.0), np.zeros(6, int)) == 1.0
    assert alikeness(np.arange(6.0), np.arange(6)) == 0.0
    assert alikeness(np.array([1.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1])) == 1.0
    assert alikeness(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0, 0, 1, 1])) == 0.0


def test_few_mistakes_prove_no_independence() -> None:
    groups = np.repeat(np.arange(6), 10)
    none, one, two, apart = np.zeros((4, 60))
    one[3], two[[3, 4]], apart[[3, 13]] = 1, 1, 1
    assert cautious(0.0, none, groups) == 1.0
    assert cautious(0.0, one, groups) == pytest.approx(1 / 2)
    assert cautious(0.0, two, groups) == pytest.approx(1 / 2), "in one group they tell no more"
    assert cautious(0.0, apart, groups) == pytest.approx(1 / 3)
    assert cautious(0.5, apart, groups) == pytest.approx((1 + 2 * 0.5) / 3)
    apart[4] = 1  # two here and one there
    assert cautious(0.0, apart, groups) == pytest.approx(1 / (1 + 9 / 5))
    assert cautious(1.0, apart, groups) == 1.0
    assert DOUBT == 1.0


def test_a_small_group_that_fails_leaves_a_large_one_its_worth() -> None:
    """Nine groups, the smallest of which fails as a whole: eight of nine did not, whatever their sizes."""
    sizes = [1, 2, 3, 5, 8, 12, 20, 35, 94]
    groups = np.repeat(np.arange(9), sizes)
    hits = groups != 0
    eight = exact(8, 9)
    assert innermost(hits, groups).low == share_interval(hits, groups).low == pytest.approx(eight.low)
    assert innermost(~hits, groups).high == share_interval(~hits, groups).high == pytest.approx(1 - eight.low)
    # Where the large one fails, its size counts.
    hits = groups != 8
    assert innermost(hits, groups).low == 0.0
    assert share_interval(hits, groups).low < 0.1
    assert innermost(~hits, groups).high == 1.0


def test_innermost_counts_groups() -> None:
    hits = np.array([1, 1, 1, 0, 0, 0, 1, 1], bool)
    found = innermost(hits, np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert found.value == 5 / 8
    assert found.low == pytest.approx(exact(2, 4).low)  # two groups are right as a whole
    assert found.high == pytest.approx(exact(3, 4).high)  # in three any is right


def test_groups_that_agree_with_the_images_bound_the_interval() -> None:
    """Half of the groups are right as a whole, half of the images too: large groups have not done worse than small ones."""
    found = innermost(np.array([1, 1, 1, 1, 0, 0, 0, 0], bool), np.array([0, 1, 1, 1, 2, 3, 3, 3]))
    half = exact(2, 4)
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((half.low, half.high))


def test_groups_of_one_change_nothing() -> None:
    hits = np.arange(30) % 3 > 0
    assert share_interval(hits, list(range(30))) == exact(20, 30)


@pytest.mark.parametrize("value", [True, False])
def test_all_right_in_few_groups_is_no_certainty(value: bool) -> None:
    hits, units = np.full(100, value), [i // 25 for i in range(100)]
    found, four = share_interval(hits, units), exact(4 * value, 4)
    assert (found.low, found.high) == pytest.approx((four.low, four.high))


@pytest.mark.parametrize("groups", [2, 5, 9, 20, 40])
@pytest.mark.parametrize("size", [2, 10])
def test_a_perfect_result_is_no_wider_than_one_with_mistakes(groups: int, size: int) -> None:
    units = np.repeat(np.arange(groups), size)
    perfect = width(share_interval(np.full(len(units), True), units))
    hits = np.full(len(units), True)
    before = perfect
    for k, place in enumerate(np.random.default_rng(0).permutation(len(units))[: max(1, len(units) // 8)]):
        hits[place] = False
        found = share_interval(hits, units)
        assert k > 0 or width(found) >= perfect
        assert width(found) > before - 0.03, "no narrower by a jump"
        before = width(found)


def test_a_result_with_mistakes_shows_no_more_than_a_perfect_one() -> None:
    assert outermost(1.0, 9).low == pytest.approx(TAIL ** (1 / 9))
    assert outermost(0.8, 10).low == pytest.approx(TAIL ** (1 / 8))
    assert outermost(0.8, 10).high == pytest.approx(1 - TAIL ** (1 / 2))
    assert (outermost(0.0, 9).low, outermost(1.0, 9).high) == (0.0, 1.0)
    hits = np.full(180, True)
    hits[7] = False
    few = share_interval(hits, np.repeat(np.arange(9), 20))
    assert few.low == pytest.approx(TAIL ** (1 / (9 * 179 / 180)))
    # And the other way round, where all but one are wrong.
    wrong = share_interval(~hits, np.repeat(np.arange(9), 20))
    assert wrong.high == pytest.approx(1 - few.low)
    assert wrong.low == pytest.approx(1 - few.high)


def test_one_group_tells_hardly_anything() -> None:
    found = share_interval(np.arange(10) % 2 == 0, ["same"] * 10)
    assert effective_n(np.arange(10) % 2 == 0, ["same"] * 10) == 1.0
    assert found.low < 0.02 and found.high > 0.98


def test_units_may_be_of_several_types_and_in_any_order() -> None:
    hits, units = clustered(1, alike=True)
    mixed: Sequence[object] = [(u, 1) if i % 10 < 5 else u for i, u in enumerate(units)]
    order = np.random.default_rng(0).permutation(200)
    shuffled = share_interval(hits[order], [mixed[i] for i in order])
    plain = share_interval(hits, units)
    assert (shuffled.low, shuffled.high) == pytest.approx((plain.low, plain.high))


def test_units_of_equal_hash_are_two() -> None:
    assert hash(-1) == hash(-2)
    assert effective_n(np.full(10, True), [-1, -2] * 5) == 2.0


def test_numbers_of_the_units() -> None:
    assert numbered(None, 3).tolist() == [0, 1, 2]
    assert numbered(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert numbered(np.array([7, 3, 7]), 3).tolist() == [1, 0, 1]


def test_mean_of_one_share_is_that_share() -> None:
    found, one = mean_interval([exact(7, 9)]), exact(7, 9)
    assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high))
    assert mean_interval([]) == Interval(0.0, 0.0, 1.0)


def test_mean_of_shares_follows_its_definition_and_stays_a_share() -> None:
    parts = [Interval(0.5, 0.2, 0.9), Interval(0.9, 0.5, 1.0)]
    found = mean_interval(parts)
    assert (found.value, found.low, found.high) == pytest.approx((0.7, 0.7 - 0.25, 0.7 + np.hypot(0.2, 0.05)))
    assert mean_interval([exact(0, 5)] * 2).low == 0.0
    assert mean_interval([exact(5, 5)] * 2).high == 1.0
    for cut in (mean_interval([Interval(0.1, -0.5, 0.1)]), mean_interval([Interval(0.9, 0.9, 1.5)])):
        assert (cut.low, cut.high) in ((0.0, 0.1), (0.9, 1.0))


def test_related_figures_err_together() -> None:
    parts = [Interval(0.5, 0.2, 0.8), Interval(0.7, 0.4, 0.9)]
    together = mean_interval(parts, np.ones((2, 2)))
    assert (together.low, together.high) == pytest.approx((0.6 - 0.3, 0.6 + 0.25))
    half = mean_interval(parts, np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert half.low == pytest.approx(0.6 - math.sqrt(0.09 + 0.09 + 0.09) / 2)
    assert half.high == pytest.approx(0.6 + math.sqrt(0.09 + 0.04 + 0.06) / 2)


def test_mean_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    found = [mean_interval([exact(a, 15), exact(b, 30)]) for a, b in rng.binomial([15, 30], [0.9, 0.7], (2000, 2))]
    assert 0.95 < np.mean([f.low <= 0.8 <= f.high for f in found]) < 0.99


def test_area_limits_solve_their_equation() -> None:
    found = area_interval(0.8, 12, 30)
    for limit in (found.low, found.high):
        spread = 1 + 20 * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        assert abs(0.8 - limit) == pytest.approx(1.96 * np.sqrt(limit * (1 - limit) * spread / 360), rel=1e-4)


@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (1, 50), (5, 5), (2000, 3000), (0.05, 0.1)])
def test_area_interval_always_has_a_width(positives: float, negatives: float) -> None:
    perfect, none = area_interval(1.0, positives, negatives), area_interval(0.0, positives, negatives)
    assert 0 < perfect.low < perfect.high == 1.0
    assert (none.low, none.high) == pytest.approx((0.0, 1 - perfect.low))
    middle = area_interval(0.7, positives, negatives)
    assert 0 <= middle.low < 0.7 < middle.high <= 1


def test_a_perfect_area_of_few_images() -> None:
    """The equation for an area of 1, solved by hand: with 5 and 5 it stays above 0.64, with 20 and 20 above 0.89."""
    for images in (5, 20):
        low = area_interval(1.0, images, images).low
        spread = 1 + (images - 1) * ((1 - low) / (2 - low) + low / (1 + low))
        assert (1 - low) == pytest.approx(1.95996 * math.sqrt(low * (1 - low) * spread) / images, rel=1e-4)
    assert area_interval(1.0, 5, 5).low == pytest.approx(0.6431, abs=1e-3)


def test_area_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    held = []
    for _ in range(1000):
        positive, negative = rng.normal(1.4, 1, 12), rng.normal(0, 1, 20)  # true area: Phi(1.4 / sqrt 2) = 0.8389
        found = area_interval(float((positive[:, None] > negative).mean()), 12, 20)
        held.append(found.low <= 0.8389 <= found.high)
    assert 0.92 < np.mean(held) < 0.99
