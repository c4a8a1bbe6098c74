"""What counts as equal, and what counts as close enough for 8-bit numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.export.certificate import Examination, certify, certify_int8, closeness, compare, compare_int8
from tlstudio.inference.predictor import Prediction, judge


def table(best: list[int], lead: float = 0.5) -> np.ndarray:
    """Probabilities of three classes whose top class leads by `lead`."""
    rows = np.full((len(best), 3), (1 - lead) / 3)
    rows[np.arange(len(best)), best] += lead
    return rows


def test_equal_tables_pass() -> None:
    seal = compare(table([0, 1, 2]), table([0, 1, 2]), "test")
    assert (seal.passed, seal.agreement, seal.max_difference, seal.precision) == (True, 1.0, 0.0, "float32")


@pytest.mark.parametrize(
    ("differ", "lost", "passed"),
    [(0, 0, True), (5, 0, True), (6, 0, False), (2, 2, True), (3, 3, False)],
)
def test_int8_may_differ_a_little(differ: int, lost: int, passed: bool) -> None:
    """Of 100 images `differ` get another class than from the trained model; `lost` of them were right before."""
    trained = [0] * 100
    found = [1] * differ + [0] * (100 - differ)
    truth = np.array([0] * lost + [1] * (differ - lost) + [0] * (100 - differ))
    seal = compare_int8(table(found), table(trained), truth, "test")
    assert seal.passed is passed
    assert seal.agreement == pytest.approx(1 - differ / 100)
    assert seal.precision == "int8"
    assert seal.accuracy == pytest.approx(1 - lost / 100)
    assert seal.accuracy_trained == pytest.approx(1 - (differ - lost) / 100)


def test_one_of_few_images_may_change() -> None:
    truth = np.zeros(8, np.int64)
    assert compare_int8(table([1] + [0] * 7), table([0] * 8), truth, "test").passed
    assert not compare_int8(table([1, 1] + [0] * 6), table([0] * 8), truth, "test").passed


def test_nothing_compared_is_nothing_proven() -> None:
    nothing = np.empty((0, 3))
    assert not compare(nothing, nothing, "test").passed
    assert not compare_int8(nothing, nothing, np.empty(0, np.int64), "test").passed


# --- at the operating point ---

INFO = BundleInfo(("crack", "good", "dent"), PreprocessSpec(32), {}, "ab12", {}, operating_point={"crack": 0.2})


def chances(*cracks: float) -> np.ndarray:
    """Probabilities of which the first is given; the rest is good's."""
    return np.array([[p, 0.9 * (1 - p), 0.1 * (1 - p)] for p in cracks])


def examined(expected: np.ndarray, truth: list[int] | None = None, info: BundleInfo = INFO) -> Examination:
    paths = [Path(f"{i}.png") for i in range(len(expected))]
    return Examination(paths, expected, np.array(truth or [0] * len(expected), np.int64), "test", info)


def answers(found: np.ndarray, by: Examination, novelty: float = 0.0) -> list[Prediction]:
    """What the runner says to a file with these probabilities."""
    return [judge(by.info, path, row, novelty) for path, row in zip(by.paths, found.tolist(), strict=True)]


def test_equal_answers_decide_alike() -> None:
    by = examined(chances(0.05, 0.15, 0.3, 0.9), [1, 0, 0, 0])
    said = certify(answers(by.expected, by), by)
    assert said.passed
    assert said.decisions is not None
    assert (said.decisions.name, said.decisions.threshold) == ("crack", 0.2)
    assert (said.decisions.differ, said.decisions.may_differ, said.decisions.marks) == (0, 0, 0)
    assert (said.decisions.positives, said.decisions.found, said.decisions.found_trained) == (3, 2, 2)


def test_without_a_threshold_nothing_is_said_of_it() -> None:
    by = examined(chances(0.1, 0.9), info=replace(INFO, operating_point=None))
    said = certify(answers(by.expected, by), by)
    assert said.passed
    assert said.decisions is None
    assert closeness(said) == 1.0


def test_the_same_top_class_may_be_another_decision() -> None:
    """Good is the likeliest in both, and yet one of them flags the image."""
    by = examined(chances(0.19, 0.6))
    other = answers(chances(0.21, 0.6), by)
    said = certify(other, by)
    assert said.agreement == 1.0
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.found, said.decisions.found_trained) == (1, 2, 1)
    assert not said.passed
    assert not said.decisions.held
    assert closeness(said) == 0.5


@pytest.mark.parametrize(
    ("trained", "found"),
    [
        (chances(0.2 + 5e-5), chances(0.2 - 4e-5)),  # at the threshold
        (chances(0.2 - 5e-5), chances(0.2 + 4e-5)),
        (np.array([[0.1, 0.45, 0.45]]), np.array([[0.1, 0.45 - 2e-5, 0.45 + 2e-5]])),  # between the others
    ],
)
def test_ties_may_fall_either_way(trained: np.ndarray, found: np.ndarray) -> None:
    by = examined(trained)
    said = certify(answers(found, by), by)
    assert said.decisions is not None
    assert said.decisions.differ == 0
    assert said.passed


@pytest.mark.parametrize("threshold", [0.5, 0.9999])
@pytest.mark.parametrize(("lead", "differ"), [(8e-5, 0), (1.2e-4, 1)])
def test_where_the_class_wins_a_tie_may_fall_either_way(threshold: float, lead: float, differ: int) -> None:
    """Under the threshold the likeliest class decides, so there a lead under 1e-4 is a tie, and the threshold is none."""
    info = replace(INFO, operating_point={"crack": threshold})
    by = examined(np.array([[0.4 + lead, 0.4, 0.2 - lead]]), info=info)
    said = certify(answers(np.array([[0.4, 0.4 + 1e-6, 0.2 - 1e-6]]), by), by)
    assert said.decisions is not None
    assert said.decisions.differ == differ


def test_a_probability_at_the_threshold_is_no_tie_where_the_class_wins() -> None:
    by = examined(np.array([[0.45, 0.3, 0.25]]), info=replace(INFO, operating_point={"crack": 0.45}))
    said = certify(answers(np.array([[0.3, 0.45, 0.25]]), by), by)
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.found, said.decisions.found_trained) == (1, 0, 1)


def test_a_tie_between_the_others_excuses_no_flag() -> None:
    by = examined(np.array([[0.1, 0.45, 0.45]]))
    said = certify(answers(np.array([[0.3, 0.35, 0.35]]), by), by)
    assert said.decisions is not None
    assert said.decisions.differ == 1


@pytest.mark.parametrize(("differ", "lost", "passed"), [(5, 0, True), (6, 0, False), (2, 1, True), (2, 2, False)])
def test_int8_may_decide_a_little_differently(differ: int, lost: int, passed: bool) -> None:
    """Of 100 images, 50 of them cracks, `differ` are decided otherwise; `lost` of these are cracks that are flagged no more."""
    expected = chances(*[0.3] * 50, *[0.1] * 50)
    found = chances(*[0.1] * lost, *[0.3] * (50 - lost), *[0.3] * (differ - lost), *[0.1] * (50 - differ + lost))
    by = examined(expected, [0] * 50 + [1] * 50)
    said = certify_int8(answers(found, by), by)
    assert said.agreement == 1.0
    assert said.decisions is not None
    assert (said.decisions.differ, said.decisions.may_differ) == (differ, 5)
    assert (said.decisions.found_trained - said.decisions.found, said.decisions.may_miss) == (lost, 1)
    assert said.passed is passed


def test_another_mark_is_counted_and_allowed() -> None:
    """The same class, but the trained model is sure of it; and what only the smaller file finds unfamiliar."""
    by = examined(chances(0.26, 0.9), info=replace(INFO, novelty_threshold=2.0))
    sure = certify_int8(answers(chances(0.4, 0.9), by), by)
    assert sure.decisions is not None
    assert (sure.decisions.differ, sure.decisions.marks, sure.passed) == (0, 1, True)
    after = by.after(answers(by.expected, by, novelty=1.0))
    strange = certify_int8(answers(by.expected, by, novelty=3.0), after)
    assert strange.decisions is not None
    assert (strange.decisions.differ, strange.decisions.marks) == (0, 2)
