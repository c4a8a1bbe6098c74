"""Confidence intervals against scipy, and honest where images come in groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binomtest

from tlstudio.domain.values import Interval
from tlstudio.evaluation.intervals import area_interval, bootstrap, effective_n, mean_interval, share_interval, wilson


@pytest.mark.parametrize("n", [1, 2, 5, 17, 100, 4321])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.93, 1.0])
def test_wilson_is_scipy_s(n: int, share: float) -> None:
    hits = round(share * n)
    ours, theirs = wilson(hits, n), binomtest(hits, n).proportion_ci(method="wilson")
    assert ours.value == hits / n
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_without_images_knows_nothing() -> None:
    assert wilson(0, 0) == Interval(0.0, 0.0, 1.0)
    assert share_interval(np.zeros(0, bool), None) == Interval(0.0, 0.0, 1.0)
    assert share_interval(np.zeros(0, bool), []) == Interval(0.0, 0.0, 1.0)


def width(interval: Interval) -> float:
    return interval.high - interval.low


def clustered(seed: int, *, alike: bool) -> tuple[np.ndarray, list[str]]:
    """200 answers of 40 units of five; `alike` makes a unit all right or all wrong."""
    rng = np.random.default_rng(seed)
    hits = np.repeat(rng.random(40) < 0.8, 5) if alike else rng.random(200) < 0.8
    return hits, [f"patient {i // 5}" for i in range(200)]


@pytest.mark.parametrize("seed", range(20))
def test_groups_that_answer_alike_count_as_one(seed: int) -> None:
    hits, units = clustered(seed, alike=True)
    assert effective_n(hits, units) == pytest.approx(40, rel=0.05)
    alone, grouped = share_interval(hits, None), share_interval(hits, units)
    assert grouped.value == alone.value
    assert grouped.low < alone.low
    assert alone.high < grouped.high
    patients = wilson(int(hits[::5].sum()), 40)
    assert (grouped.low, grouped.high) == pytest.approx((patients.low, patients.high), abs=0.01)


@pytest.mark.parametrize("seed", range(20))
def test_groups_never_make_the_interval_narrower(seed: int) -> None:
    hits, units = clustered(seed, alike=False)
    assert 40 <= effective_n(hits, units) <= 200
    assert width(share_interval(hits, units)) >= width(share_interval(hits, None)) - 1e-12


def test_groups_of_one_change_nothing() -> None:
    hits = np.arange(30) % 3 > 0
    assert share_interval(hits, list(range(30))) == wilson(20, 30)


@pytest.mark.parametrize("value", [True, False])
def test_all_right_in_few_groups_is_no_certainty(value: bool) -> None:
    hits, units = np.full(100, value), [i // 25 for i in range(100)]
    found, four = share_interval(hits, units), wilson(4 * value, 4)
    assert (found.low, found.high) == pytest.approx((four.low, four.high))


def test_one_group_tells_as_much_as_one_image() -> None:
    assert effective_n(np.arange(10) % 2 == 0, ["same"] * 10) == 1.0


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


def test_mean_of_one_share_is_that_share() -> None:
    found, one = mean_interval([wilson(7, 9)]), wilson(7, 9)
    assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high))
    assert mean_interval([]) == Interval(0.0, 0.0, 1.0)


def test_mean_of_shares_follows_its_definition_and_stays_a_share() -> None:
    parts = [Interval(0.5, 0.2, 0.9), Interval(0.9, 0.5, 1.0)]
    found = mean_interval(parts)
    assert (found.value, found.low, found.high) == pytest.approx((0.7, 0.7 - 0.25, 0.7 + np.hypot(0.2, 0.05)))
    assert mean_interval([wilson(0, 5)] * 2).low == 0.0
    assert mean_interval([wilson(5, 5)] * 2).high == 1.0


def test_mean_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    found = [mean_interval([wilson(a, 15), wilson(b, 30)]) for a, b in rng.binomial([15, 30], [0.9, 0.7], (2000, 2))]
    assert 0.93 < np.mean([f.low <= 0.8 <= f.high for f in found]) < 0.98


def test_area_limits_solve_their_equation() -> None:
    found = area_interval(0.8, 12, 30)
    for limit in (found.low, found.high):
        spread = 1 + 20 * ((1 - limit) / (2 - limit) + limit / (1 + limit))
        assert abs(0.8 - limit) == pytest.approx(1.96 * np.sqrt(limit * (1 - limit) * spread / 360), rel=1e-4)


@pytest.mark.parametrize(("positives", "negatives"), [(1, 1), (1, 50), (5, 5), (2000, 3000)])
def test_area_interval_always_has_a_width(positives: int, negatives: int) -> None:
    perfect, none = area_interval(1.0, positives, negatives), area_interval(0.0, positives, negatives)
    assert 0 < perfect.low < perfect.high == 1.0
    assert (none.low, none.high) == pytest.approx((0.0, 1 - perfect.low))
    middle = area_interval(0.7, positives, negatives)
    assert 0 <= middle.low < 0.7 < middle.high <= 1


def test_area_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    held = []
    for _ in range(1000):
        positive, negative = rng.normal(1.4, 1, 12), rng.normal(0, 1, 20)  # true area: Phi(1.4 / sqrt 2) = 0.8389
        found = area_interval(float((positive[:, None] > negative).mean()), 12, 20)
        held.append(found.low <= 0.8389 <= found.high)
    assert 0.92 < np.mean(held) < 0.99


def mean_of(values: np.ndarray):
    return lambda rows: float(values[rows].mean()) if len(rows) else None


def test_bootstrap_of_a_mean_is_near_the_normal_interval() -> None:
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = bootstrap(mean_of(values), 400)
    assert found is not None
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_bootstrap_draws_whole_units_and_repeats_itself() -> None:
    values = np.repeat(np.random.default_rng(4).normal(0, 1, 30), 10)
    units = [i // 10 for i in range(300)]
    grouped, again, alone = (
        bootstrap(mean_of(values), 300, units),
        bootstrap(mean_of(values), 300, units),
        bootstrap(mean_of(values), 300),
    )
    assert grouped is not None
    assert alone is not None
    assert grouped == again
    assert width(grouped) > 2 * width(alone)

    def whole(rows: np.ndarray) -> float:
        assert all(n % 10 == 0 for n in np.bincount(np.array(units)[rows]))
        return 0.0

    bootstrap(whole, 300, units, resamples=20)


def test_bootstrap_answers_none_where_the_figure_is_undefined() -> None:
    assert bootstrap(lambda rows: None, 10) is None
    assert bootstrap(mean_of(np.zeros(0)), 0) is None
    rare = np.array([1] + [0] * 9)
    found = bootstrap(lambda rows: 1.0 if rare[rows].any() else None, 10)
    assert found == Interval(1.0, 1.0, 1.0), "draws without the rare one are left out"
    assert bootstrap(lambda rows: 1.0 if len(set(rows.tolist())) == 10 else None, 10) is None


def test_bootstrap_interval_always_holds_the_value() -> None:
    values = np.array([0.0] * 99 + [1.0])
    top = bootstrap(lambda rows: float(values[rows].max()), 100)
    assert top is not None
    assert top.low <= top.value <= top.high


def test_bootstrap_within_classes_never_loses_one() -> None:
    classes = np.array([0] * 30 + [1] * 2)
    units = [i // 2 for i in range(32)]

    def smallest(rows: np.ndarray) -> float:
        return float(np.bincount(classes[rows], minlength=2).min())

    assert bootstrap(smallest, 32, units, strata=classes) == Interval(2.0, 2.0, 2.0)
    loose = bootstrap(smallest, 32, units)
    assert loose is not None
    assert loose.low == 0.0
