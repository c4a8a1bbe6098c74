"""Thresholds: the largest that is proved to find enough, never above where the class wins, and figures of what they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.operating import LEFT_OUT, VALIDATION, WINS, OperatingPoint, Wish
from tlstudio.domain.values import Split
from tlstudio.evaluation.decision import decide, flag_scores
from tlstudio.evaluation.intervals import exact, share_interval
from tlstudio.evaluation.operating import MARGIN, find_point, measure_point, threshold_curve
from tlstudio.evaluation.operating_words import choice_in_words
from tlstudio.evaluation.proving import proved_share

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def of_crack(found: list[float], others: list[float]) -> tuple[Ints, Floats]:
    """Images with these probabilities of class 1, of that class and of class 0."""
    scores = np.array([*found, *others])
    return np.array([1] * len(found) + [0] * len(others)), np.column_stack([1 - scores, scores])


def point(threshold: float, wanted: float = 0.9, chosen_on: str = VALIDATION) -> OperatingPoint:
    return OperatingPoint("crack", wanted, threshold, chosen_on, 10, 10, 10.0, 0.741)


def chosen(truth: Ints, probabilities: Floats, wanted: float, units: list[str] | None = None) -> OperatingPoint:
    return find_point(truth, probabilities, 1, Wish("crack", wanted), units=units)


def sensitivity(truth: Ints, probabilities: Floats, threshold: float) -> float:
    return float((decide(probabilities, 1, threshold)[truth == 1] == 1).mean())


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("wanted", [0.05, 0.5, 0.8, 0.9])
def test_the_largest_threshold_that_is_proved_to_find_enough(seed: int, wanted: float) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 120).round(2 if seed % 2 else 9)  # every second time with many ties
    truth = rng.integers(0, 3, 120)
    found = chosen(truth, probabilities, wanted)
    n = int((truth == 1).sum())
    assert found.images == n >= 29
    assert found.reached
    assert found.found == round(sensitivity(truth, probabilities, found.threshold) * n)
    assert found.shown == pytest.approx(float(proved_share(found.found / n, n)))
    assert found.shown >= wanted
    if found.idle:
        assert found.threshold == WINS
        return
    scores = np.unique(flag_scores(probabilities, 1))
    lowest = scores[scores >= found.threshold][0]  # of those that are flagged
    assert lowest - found.threshold <= MARGIN + 1e-12
    for higher in scores[scores > lowest]:
        assert proved_share(sensitivity(truth, probabilities, float(higher)), n) < wanted


@pytest.mark.parametrize(("images", "reached"), [(58, False), (59, True), (92, True), (93, True)])
def test_how_many_of_the_images_must_be_found(images: int, reached: bool) -> None:
    """With 59 to 92 images all of them, from 93 on all but one: 95 % is proved by 59 of 59 and by 92 of 93."""
    truth, probabilities = of_crack([0.05, *np.linspace(0.2, 0.4, images - 1)], [0.01] * 50)
    found = chosen(truth, probabilities, 0.95)
    assert found.reached is reached
    assert found.found == (images if images < 93 else images - 1)


def test_with_too_few_images_all_of_them_are_found() -> None:
    truth, probabilities = of_crack([0.05, *np.linspace(0.3, 0.45, 19)], [0.01, 0.2])
    found = chosen(truth, probabilities, 0.95)
    assert (found.images, found.found, found.independent, found.reached) == (20, 20, 20.0, False)
    assert found.shown == pytest.approx(0.05 ** (1 / 20))
    assert 0.01 < found.threshold <= 0.05


@pytest.mark.parametrize("sure", [0.5, 0.6, 0.9999])
def test_never_above_where_the_class_wins_anyway(sure: float) -> None:
    truth, probabilities = of_crack([sure] * 80, [0.4] * 20)
    found = chosen(truth, probabilities, 0.95)
    assert (found.threshold, found.idle, found.reached) == (WINS, True, True)
    few = chosen(*of_crack([sure] * 8, [0.4] * 20), 0.95)
    assert (few.threshold, few.idle, few.reached) == (WINS, True, False)


def test_a_class_wins_below_one_half_among_many() -> None:
    """At 0.4 of four classes the images of the class win: no threshold is needed, and one above 0.4 takes none of them away."""
    truth = np.array([1] * 80 + [0] * 20)
    probabilities = np.vstack([np.tile([0.2, 0.4, 0.2, 0.2], (80, 1)), np.tile([0.45, 0.42, 0.07, 0.06], (20, 1))])
    found = chosen(truth, probabilities, 0.95)
    assert (found.threshold, found.found, found.reached) == (WINS, 80, True)
    figures = measure_point(found, 1, truth, probabilities, Split.TEST)
    assert (figures.found, figures.false_alarms) == (80, 0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.4, 0.5, 0.7, 0.9999, 1.0])
def test_no_threshold_misses_what_is_found_without_one(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.dirichlet([1, 1, 1, 1], 200), rng.integers(0, 4, 200)
    figures = measure_point(point(threshold), 1, truth, probabilities, Split.TEST)
    assert figures.found_alone == ((probabilities.argmax(axis=1) == 1) & (truth == 1)).sum()
    assert figures.found >= figures.found_alone
    if threshold >= WINS:
        assert figures.found == figures.found_alone


def test_a_file_that_rounds_differently_decides_the_same() -> None:
    rng = np.random.default_rng(3)
    truth, probabilities = of_crack(rng.uniform(0.1, 0.49, 40).tolist(), rng.uniform(0, 0.4, 160).tolist())
    threshold = chosen(truth, probabilities, 0.9).threshold
    rounded = probabilities.astype(np.float32)
    assert np.array_equal(decide(rounded, 1, threshold), decide(probabilities, 1, threshold))


@pytest.mark.parametrize(
    ("below", "threshold"),
    [(0.1, 0.3 - 1e-4), (0.3 - 1.5e-4, 0.3 - 0.75e-4), (None, 0.3 - 1e-4)],
)
def test_just_under_the_lowest_that_must_be_found(below: float | None, threshold: float) -> None:
    """At most a ten-thousandth under it, and half way to the next lower probability where that is nearer."""
    truth, probabilities = of_crack([0.3] * 5, [] if below is None else [below, 0.01])
    assert chosen(truth, probabilities, 0.95).threshold == pytest.approx(threshold, abs=1e-12)


def test_a_very_low_probability_stays_above_nothing() -> None:
    truth, probabilities = of_crack([5e-5, 0.3], [])
    assert chosen(truth, probabilities, 0.95).threshold == pytest.approx(2.5e-5)


def test_ties_between_the_classes_are_flagged_together() -> None:
    truth, probabilities = of_crack([0.4, 0.4, 0.9], [0.4, 0.4, 0.1])
    figures = measure_point(chosen(truth, probabilities, 0.6), 1, truth, probabilities, Split.TEST)
    assert (figures.found, figures.flagged, figures.false_alarms) == (3, 5, 2)


@pytest.mark.parametrize("upper", [0.25, 0.3, float(np.nextafter(0.3, 1))])
def test_neighbours_that_no_number_lies_between(upper: float) -> None:
    lower = float(np.nextafter(upper, 0))
    truth, probabilities = of_crack([0.9, upper], [lower])
    threshold = chosen(truth, probabilities, 1.0).threshold
    assert lower < threshold <= upper


def test_a_class_that_can_not_be_told_apart_flags_everything_and_says_so() -> None:
    truth, probabilities = of_crack([0.0] * 5, [0.0] * 20)
    found = chosen(truth, probabilities, 0.9)
    assert found.threshold == 0.0
    figures = measure_point(found, 1, truth, probabilities, Split.TEST)
    assert (figures.flagged, figures.n) == (25, 25)
    assert figures.specificity is not None and figures.specificity.value == 0.0
    assert figures.npv is None
    assert any("Every image is flagged" in told for told in figures.cautions)


def test_without_an_image_of_the_class_there_is_nothing_to_choose_on() -> None:
    truth, probabilities = of_crack([], [0.2, 0.3])
    with pytest.raises(NotEnoughImages):
        chosen(truth, probabilities, 0.9)
    figures = measure_point(point(0.25), 1, truth, probabilities, Split.TEST, units=["a", "b"])
    assert figures.sensitivity is None
    assert figures.cautions == ("There is no image of crack here, so nothing shows how many are found.",)


def test_one_image_of_the_class() -> None:
    truth, probabilities = of_crack([0.3], [0.1, 0.2, 0.6])
    found = chosen(truth, probabilities, 0.95)
    assert 0.2 < found.threshold <= 0.3
    figures = measure_point(found, 1, truth, probabilities, Split.TEST)
    assert figures.sensitivity == exact(1, 1)
    assert figures.cautions == (
        "1 image of crack can show 5 % at most, with 95 % certainty. It takes 59 to show 95 %.",
    )


def test_images_of_one_group_prove_no_more_than_one_does() -> None:
    """Sixty images from twelve parts can prove what twelve images can; one part of many images weighs more."""
    truth, probabilities = of_crack(np.linspace(0.1, 0.4, 60).tolist(), [0.01] * 40)
    even = [f"part {i // 5}" for i in range(60)] + [f"other {i}" for i in range(40)]
    found = chosen(truth, probabilities, 0.95, even)
    assert (found.images, found.found, found.independent, found.reached) == (60, 60, 12.0, False)
    assert chosen(truth, probabilities, 0.95).reached
    uneven = ["large"] * 49 + [f"part {i}" for i in range(51)]
    assert chosen(truth, probabilities, 0.95, uneven).independent == pytest.approx(60**2 / (49**2 + 11))
    easy = chosen(truth, probabilities, 0.5, even)  # twelve can prove one half with a few of them missed
    assert easy.reached and easy.found is not None and easy.found < 60


def test_a_higher_wish_never_gives_a_higher_threshold() -> None:
    rng = np.random.default_rng(5)
    probabilities, truth = rng.dirichlet([1, 1, 1], 150), rng.integers(0, 3, 150)
    thresholds = [chosen(truth, probabilities, wanted / 100).threshold for wanted in range(5, 101, 5)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[0] > thresholds[-1]


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_those_of_the_two_by_two_table(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 300)
    truth = rng.integers(0, 3, 300)
    figures = measure_point(point(0.3), 1, truth, probabilities, Split.TEST)
    flagged, own = (probabilities[:, 1] >= 0.3) | (probabilities.argmax(axis=1) == 1), truth == 1
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
    (told,) = hard.cautions
    assert told.startswith("Here it is shown, with 95 % certainty, that at least ")
    assert f"; you want 95 %. These count like {parts}, because of their groups, and can show" in told
    assert told.endswith("It takes 59 independent ones to show 95 %.")


def test_enough_images_give_no_warning() -> None:
    truth, probabilities = of_crack([0.9] * 200, [0.1] * 300)
    assert measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.TEST).cautions == ()
    assert measure_point(point(0.5, 0.95, LEFT_OUT), 1, truth, probabilities, Split.VAL).cautions == ()
    (same,) = measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.VAL).cautions
    assert "chosen on these very images" in same


@pytest.mark.parametrize(("missed", "told"), [(4, False), (5, True)])
def test_images_that_prove_less_than_the_wish_say_so(missed: int, told: bool) -> None:
    """Of 200 images 95 % are proved with up to four of them missed."""
    truth, probabilities = of_crack([0.9] * (200 - missed) + [0.1] * missed, [0.1] * 5)
    said = measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.TEST).cautions
    limit = float(proved_share(1 - missed / 200, 200))
    assert (limit < 0.95) is told
    assert bool(said) is told
    if told:
        assert said == (
            "Here it is shown, with 95 % certainty, that at least 94.8 % of crack are found; you want 95 %.",
        )


@pytest.mark.parametrize(("images", "few"), [(58, True), (59, False)])
def test_so_many_are_too_few(images: int, few: bool) -> None:
    truth, probabilities = of_crack([0.9] * images, [0.1] * 5)
    said = measure_point(point(0.5, 0.95), 1, truth, probabilities, Split.TEST).cautions
    assert said == (
        ("58 images of crack can show 94.9 % at most, with 95 % certainty. It takes 59 to show 95 %.",) if few else ()
    )


def test_a_wish_that_is_proved_exactly_is_proved() -> None:
    truth, probabilities = of_crack([0.9] * 57 + [0.1] * 3, [0.1] * 5)
    shown = float(proved_share(57 / 60, 60))
    assert measure_point(point(0.5, shown), 1, truth, probabilities, Split.TEST).cautions == ()
    (told,) = measure_point(point(0.5, shown + 1e-9), 1, truth, probabilities, Split.TEST).cautions
    assert told.startswith("Here it is shown")


def test_nobody_can_show_that_none_is_ever_missed() -> None:
    truth, probabilities = of_crack([0.9] * 500, [0.1] * 5)
    (told,) = measure_point(point(0.5, 1.0), 1, truth, probabilities, Split.TEST).cautions
    assert told == (
        "500 images of crack can show 99.4 % at most, with 95 % certainty. No number of images can show that none is ever missed."
    )


# --- what the choice rests on ----------------------------------------------------------


def said_of(found: list[float], wanted: float, units: list[str] | None = None) -> str:
    return choice_in_words(chosen(*of_crack(found, [0.01] * 20), wanted, units))


def test_where_no_threshold_is_needed_that_is_said() -> None:
    assert said_of([0.9] * 100, 0.95) == (
        "No threshold is needed: without one the model finds all 100 images of crack that it was tried on, which shows with"
        " 95 % certainty that at least 97 % of such images are found."
    )
    assert said_of([0.9] * 120 + [0.03], 0.95).startswith(
        "No threshold is needed: without one the model finds 120 of 121 images of crack"
    )


def test_a_threshold_that_reaches_the_wish_says_how_that_is_known() -> None:
    assert said_of([0.3] * 59, 0.95) == (
        "It finds all 59 images of crack that it was chosen on, which shows with"
        " 95 % certainty that at least 95 % of such images are found."
    )
    assert said_of([0.3] * 92 + [0.02], 0.95).startswith(
        "It finds 92 of 93 images of crack that it was chosen on, which"
    )


def test_too_few_images_say_how_many_it_would_take() -> None:
    few = "These can show 86 % at most, with 95 % certainty. It takes 59 to show 95 %. A lower wish takes fewer."
    assert said_of([0.3] * 20, 0.95) == f"It finds all 20 images of crack that it was chosen on. {few}"
    assert said_of([0.9] * 20, 0.95) == (
        f"Without a threshold the model finds all 20 images of crack that it was chosen on. {few}"
    )
    grouped = said_of([0.3] * 20, 0.95, [f"part {i // 4}" for i in range(40)])
    assert grouped.endswith(
        "These count like 5, because of their groups, and can show 54.9 % at most, with 95 % certainty."
        " It takes 59 independent ones to show 95 %."
        " A lower wish takes fewer."
    )
    assert said_of([0.3], 0.95) == (
        "It finds the 1 image of crack that it was chosen on. That one can show 5 % at most, with 95 %"
        " certainty. It takes 59 to show 95 %."
        " A lower wish takes fewer."
    )
    assert said_of([0.3] * 20, 1.0).endswith(
        "No number of images can show that none is ever missed. A lower wish takes fewer."
    )


def test_the_choice_of_an_earlier_version_is_not_vouched_for() -> None:
    old = OperatingPoint("crack", 0.95, 0.2, VALIDATION, 20)
    assert old.reached is None
    assert choice_in_words(old).endswith("did not ask how sure its effect is: choose it again.")
    high = OperatingPoint("crack", 0.95, 0.9999, VALIDATION, 20)
    assert choice_in_words(high).endswith("It changes nothing, because from 50 % on the class is given anyway.")
    truth, probabilities = of_crack([0.9] * 10, [0.1] * 5)
    told = measure_point(high, 1, truth, probabilities, Split.VAL).cautions
    assert told[0] == "10 images of crack can show 74.1 % at most, with 95 % certainty. It takes 59 to show 95 %."


@pytest.mark.parametrize("missing", ["found", "independent", "shown"])
def test_a_choice_of_which_something_is_not_known_is_not_vouched_for(missing: str) -> None:
    assert choice_in_words(replace(point(0.2), **{missing: None})) == (
        "An earlier version chose this threshold and did not ask how sure its effect is: choose it again."
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_curve_says_what_the_rule_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], 60).round(2 if seed % 2 else 9)
    truth = rng.integers(0, 3, 60)
    curve = threshold_curve(truth, probabilities, 2)
    assert (curve.thresholds[0], curve.thresholds[-1]) == (0.0, WINS)
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
    single = threshold_curve(*of_crack([0.2], [0.1]), 1)
    assert (single.sensitivity, single.specificity) == ((1.0, 1.0, 1.0, 0.0), (0.0, 0.0, 1.0, 1.0))


def test_json_has_the_agreed_keys() -> None:
    truth, probabilities = of_crack([0.9, 0.2], [0.1, 0.6])
    data = measure_point(point(0.5), 1, truth, probabilities, Split.TEST).to_json()
    assert set(data) >= {
        "class", "wanted", "threshold", "chosen_on", "n", "sensitivity", "specificity", "ppv", "npv", "flagged", "note",
    }  # fmt: skip
    assert (data["threshold_needed"], data["shown"], data["reached"], data["found_alone"]) == (False, 0.741, False, 1)
    assert data["choice"].endswith("It takes 29 to show 90 %. A lower wish takes fewer.")
    assert (data["class"], data["n"], data["positives"], data["found"], data["flagged"]) == ("crack", 4, 2, 1, 2)
    assert isinstance(data["note"], str)
