"""Thresholds: the largest that finds enough, and figures that say how much is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.operating import LEFT_OUT, VALIDATION, OperatingPoint
from tlstudio.domain.values import Split
from tlstudio.evaluation.decision import decide
from tlstudio.evaluation.intervals import exact, share_interval
from tlstudio.evaluation.operating import MARGIN, choose_threshold, images_needed, measure_point, threshold_curve

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def of_crack(found: list[float], others: list[float]) -> tuple[Ints, Floats]:
    """Images with these probabilities of class 1, of that class and of class 0."""
    scores = np.array([*found, *others])
    return np.array([1] * len(found) + [0] * len(others)), np.column_stack([1 - scores, scores])


def point(threshold: float, wanted: float = 0.9, chosen_on: str = VALIDATION) -> OperatingPoint:
    return OperatingPoint("crack", wanted, threshold, chosen_on, 10)


def sensitivity(truth: Ints, probabilities: Floats, threshold: float) -> float:
    return float((decide(probabilities, 1, threshold)[truth == 1] == 1).mean())


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("wanted", [0.05, 0.5, 0.8, 0.95, 1.0])
def test_the_largest_threshold_that_finds_enough(seed: int, wanted: float) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 80).round(2 if seed % 2 else 9)  # every second time with many ties
    truth = rng.integers(0, 3, 80)
    threshold = choose_threshold(truth, probabilities, 1, wanted)
    assert sensitivity(truth, probabilities, threshold) >= wanted - 1e-12
    scores = np.unique(probabilities[:, 1])
    lowest = scores[scores >= threshold][0]  # of those that are flagged
    assert lowest - threshold <= MARGIN + 1e-12
    for higher in scores[scores > lowest]:
        assert sensitivity(truth, probabilities, float(higher)) < wanted


def test_a_file_that_rounds_differently_decides_the_same() -> None:
    rng = np.random.default_rng(3)
    truth, probabilities = of_crack(rng.uniform(0.3, 1, 40).tolist(), rng.uniform(0, 0.7, 160).tolist())
    threshold = choose_threshold(truth, probabilities, 1, 0.9)
    rounded = probabilities.astype(np.float32)
    assert np.array_equal(decide(rounded, 1, threshold), decide(probabilities, 1, threshold))


def test_nineteen_of_twenty_are_95_percent() -> None:
    truth, probabilities = of_crack([0.05, *np.linspace(0.5, 0.9, 19)], [0.01, 0.2])
    threshold = choose_threshold(truth, probabilities, 1, 0.95)
    assert sensitivity(truth, probabilities, threshold) == 0.95
    assert 0.2 < threshold <= 0.5


def test_ties_between_the_classes_are_flagged_together() -> None:
    truth, probabilities = of_crack([0.4, 0.4, 0.9], [0.4, 0.4, 0.1])
    figures = measure_point(point(choose_threshold(truth, probabilities, 1, 0.6)), 1, truth, probabilities, Split.TEST)
    assert (figures.found, figures.flagged, figures.false_alarms) == (3, 5, 2)


def test_neighbours_that_no_number_lies_between() -> None:
    upper = 0.25
    lower = float(np.nextafter(upper, 0))
    truth, probabilities = of_crack([0.9, upper], [lower])
    threshold = choose_threshold(truth, probabilities, 1, 1.0)
    assert lower < threshold <= upper


def test_a_class_that_can_not_be_told_apart_flags_everything_and_says_so() -> None:
    truth, probabilities = of_crack([0.0] * 5, [0.0] * 20)
    threshold = choose_threshold(truth, probabilities, 1, 0.9)
    assert threshold == 0.0
    figures = measure_point(point(threshold), 1, truth, probabilities, Split.TEST)
    assert (figures.flagged, figures.n) == (25, 25)
    assert figures.specificity is not None and figures.specificity.value == 0.0
    assert figures.npv is None
    assert any("Every image is flagged" in told for told in figures.cautions)


def test_without_an_image_of_the_class_there_is_nothing_to_choose_on() -> None:
    truth, probabilities = of_crack([], [0.2, 0.3])
    with pytest.raises(NotEnoughImages):
        choose_threshold(truth, probabilities, 1, 0.9)
    figures = measure_point(point(0.25), 1, truth, probabilities, Split.TEST)
    assert figures.sensitivity is None
    assert figures.cautions == ("There is no image of crack here, so nothing shows how many are found.",)


def test_one_image_of_the_class() -> None:
    truth, probabilities = of_crack([0.3], [0.1, 0.2, 0.6])
    threshold = choose_threshold(truth, probabilities, 1, 0.95)
    assert 0.2 < threshold <= 0.3
    figures = measure_point(point(threshold, 0.95), 1, truth, probabilities, Split.TEST)
    assert figures.sensitivity == exact(1, 1)
    few, low = figures.cautions
    assert few == "There is only 1 image of crack here. It takes at least 60 to show 95 %."
    assert "as low as 2.5 %, below the 95 % you want" in low


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_the_two_by_two_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 300)
    truth = rng.integers(0, 3, 300)
    figures = measure_point(point(0.3), 1, truth, probabilities, Split.TEST)
    flagged, own = probabilities[:, 1] >= 0.3, truth == 1
    assert figures.sensitivity == exact(int((flagged & own).sum()), int(own.sum()))
    assert figures.specificity == exact(int((~flagged & ~own).sum()), int((~own).sum()))
    assert figures.ppv == exact(int((flagged & own).sum()), int(flagged.sum()))
    assert figures.npv == exact(int((~flagged & ~own).sum()), int((~flagged).sum()))
    assert figures.accuracy == exact(int((decide(probabilities, 1, 0.3) == truth).sum()), 300)
    assert (figures.n, figures.positives, figures.groups) == (300, int(own.sum()), 300)


def test_groups_widen_the_intervals_and_count_once_in_the_warning() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat(rng.integers(0, 2, 60), 5)
    scores = np.where(np.repeat(rng.random(60) < 0.25, 5), 1 - truth, truth) * 0.8 + 0.1
    probabilities = np.column_stack([1 - scores, scores])
    units = [f"part {i // 5}" for i in range(300)]
    alone = measure_point(point(0.5), 1, truth, probabilities, Split.TEST)
    grouped = measure_point(point(0.5), 1, truth, probabilities, Split.TEST, units=units)
    for a, g in (
        (alone.sensitivity, grouped.sensitivity),
        (alone.specificity, grouped.specificity),
        (alone.ppv, grouped.ppv),
        (alone.npv, grouped.npv),
    ):
        assert a is not None and g is not None
        assert a.value == g.value
        assert g.high - g.low > 1.5 * (a.high - a.low)
    own = truth == 1
    assert grouped.sensitivity == share_interval(
        (scores >= 0.5)[own], [u for u, o in zip(units, own, strict=True) if o]
    )
    parts = len({u for u, o in zip(units, own, strict=True) if o})
    assert grouped.groups == 60
    hard = measure_point(point(0.5, wanted=0.95), 1, truth, probabilities, Split.TEST, units=units)
    assert f"from {parts} independent groups. It takes at least 60 independent ones" in hard.cautions[0]


def test_enough_images_give_no_warning() -> None:
    truth, probabilities = of_crack([0.9] * 200, [0.1] * 300)
    assert measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.TEST).cautions == ()
    assert measure_point(point(0.5, 0.95, LEFT_OUT), 1, truth, probabilities, Split.VAL).cautions == ()
    (same,) = measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.VAL).cautions
    assert "chosen on these very images" in same


@pytest.mark.parametrize(("wanted", "needed"), [(0.9, 30), (0.95, 60), (0.99, 300), (0.5, 6), (1.0, None)])
def test_the_rule_of_three(wanted: float, needed: int | None) -> None:
    assert images_needed(wanted) == needed


def test_nobody_can_show_that_none_is_ever_missed() -> None:
    truth, probabilities = of_crack([0.9] * 500, [0.1] * 5)
    told = measure_point(point(0.5, 1.0), 1, truth, probabilities, Split.TEST).cautions
    assert told[0].startswith("No number of images can show")


@pytest.mark.parametrize("seed", range(5))
def test_the_curve_says_what_the_rule_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 60).round(2 if seed % 2 else 9)
    truth = rng.integers(0, 3, 60)
    curve = threshold_curve(truth, probabilities, 2)
    assert (curve.thresholds[0], curve.thresholds[-1]) == (0.0, 1.0)
    assert list(curve.thresholds) == sorted(set(curve.thresholds))
    assert list(curve.sensitivity) == sorted(curve.sensitivity, reverse=True)
    assert list(curve.specificity) == sorted(curve.specificity)
    for threshold, found, quiet in zip(curve.thresholds, curve.sensitivity, curve.specificity, strict=True):
        given = decide(probabilities, 2, threshold)
        assert found == pytest.approx((given[truth == 2] == 2).mean())
        assert quiet == pytest.approx((given[truth != 2] != 2).mean())


def test_the_curve_of_one_class_alone_has_one_side() -> None:
    truth, probabilities = of_crack([0.2, 0.7], [])
    curve = threshold_curve(truth, probabilities, 1)
    assert curve.specificity == ()
    assert len(curve.sensitivity) == len(curve.thresholds)
    assert threshold_curve(truth, probabilities, 0).sensitivity == ()


def test_json_has_the_agreed_keys() -> None:
    truth, probabilities = of_crack([0.9, 0.2], [0.1, 0.6])
    data = measure_point(point(0.5), 1, truth, probabilities, Split.TEST).to_json()
    assert set(data) >= {
        "class", "wanted", "threshold", "chosen_on", "n", "sensitivity", "specificity", "ppv", "npv", "flagged", "note",
    }  # fmt: skip
    assert (data["class"], data["n"], data["positives"], data["found"], data["flagged"]) == ("crack", 4, 2, 1, 2)
    assert isinstance(data["note"], str)
