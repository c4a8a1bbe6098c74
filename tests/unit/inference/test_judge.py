"""What a bundle says of one image: by the most likely class, or by its operating point."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.inference.predictor import Prediction, Status, judge

PLAIN = BundleInfo(("crack", "good", "pore"), PreprocessSpec(64), {"model": "net.tag"}, "ab12", {"tlstudio": "0.1"})
CAREFUL = replace(PLAIN, operating_point={"crack": 0.1})
HIGHER = replace(PLAIN, operating_point={"crack": 0.4})
IDLE = replace(PLAIN, operating_point={"crack": 0.5})
STRICT = replace(PLAIN, operating_point={"crack": 0.9999})  # as earlier versions chose


def said(info: BundleInfo, *probabilities: float, novelty: float = 0.0) -> Prediction:
    return judge(info, Path("x.png"), list(probabilities), novelty)


def words(answer: Prediction) -> tuple[str, Status, str]:
    return answer.label, answer.status, answer.message


def test_without_an_operating_point_the_most_likely_class() -> None:
    assert words(said(PLAIN, 0.2, 0.7, 0.1)) == ("good", Status.OK, "")
    assert words(said(PLAIN, 0.4, 0.45, 0.15)) == ("good", Status.UNCERTAIN, "Nearly as likely: crack.")


@pytest.mark.parametrize(
    ("info", "probabilities", "expected"),
    [
        (CAREFUL, (0.9, 0.05, 0.05), ("crack", Status.OK, "")),
        (CAREFUL, (0.3, 0.6, 0.1), ("crack", Status.OK, "Above the threshold for crack, though good is more likely.")),
        (CAREFUL, (0.11, 0.8, 0.09), ("crack", Status.UNCERTAIN, "Just above the threshold for crack.")),
        (CAREFUL, (0.09, 0.8, 0.11), ("good", Status.UNCERTAIN, "Just below the threshold for crack.")),
        (CAREFUL, (0.01, 0.9, 0.09), ("good", Status.OK, "")),
        (CAREFUL, (0.01, 0.5, 0.49), ("good", Status.UNCERTAIN, "Nearly as likely: pore.")),
        (CAREFUL, (0.09, 0.46, 0.45), ("good", Status.UNCERTAIN, "Just below the threshold for crack.")),
        (CAREFUL, (0.40, 0.35, 0.25), ("crack", Status.OK, "")),  # hardly the likeliest, but far above the threshold
        (CAREFUL, (0.14, 0.14, 0.72), ("crack", Status.UNCERTAIN, "Just above the threshold for crack.")),
        (HIGHER, (0.42, 0.20, 0.38), ("crack", Status.UNCERTAIN, "Nearly as likely: pore.")),
        (HIGHER, (0.42, 0.21, 0.37), ("crack", Status.UNCERTAIN, "Nearly as likely: pore.")),
        (HIGHER, (0.48, 0.26, 0.26), ("crack", Status.OK, "")),  # close to the threshold, but wins without it
        (HIGHER, (0.38, 0.31, 0.31), ("crack", Status.UNCERTAIN, "Nearly as likely: good.")),  # under it, and wins
        (HIGHER, (0.20, 0.60, 0.20), ("good", Status.OK, "")),
        (STRICT, (0.55, 0.4, 0.05), ("crack", Status.UNCERTAIN, "Nearly as likely: good.")),
        (STRICT, (0.95, 0.04, 0.01), ("crack", Status.OK, "")),
        (STRICT, (0.75, 0.2, 0.05), ("crack", Status.OK, "")),
        (STRICT, (0.4, 0.55, 0.05), ("good", Status.UNCERTAIN, "Nearly as likely: crack.")),
        (IDLE, (0.45, 0.55, 0.0), ("good", Status.UNCERTAIN, "Nearly as likely: crack.")),
        (IDLE, (0.3, 0.7, 0.0), ("good", Status.OK, "")),
    ],
)
def test_with_an_operating_point_its_rule(
    info: BundleInfo, probabilities: tuple[float, ...], expected: tuple[str, Status, str]
) -> None:
    answer = said(info, *probabilities)
    assert words(answer) == expected
    assert answer.confidence == probabilities[info.classes.index(answer.label)]
    assert answer.probabilities == probabilities


def test_two_classes_leave_no_second_to_compare_with() -> None:
    pair = replace(PLAIN, classes=("bad", "good"), operating_point={"bad": 0.02})
    assert words(said(pair, 0.005, 0.995)) == ("good", Status.OK, "")
    assert said(pair, 0.06, 0.94).label == "bad"


@pytest.mark.parametrize("info", [PLAIN, CAREFUL])
def test_unfamiliar_goes_first_whatever_the_rule(info: BundleInfo) -> None:
    known = replace(info, novelty_threshold=2.0)
    assert said(known, 0.09, 0.8, 0.11, novelty=1.9).status is not Status.UNFAMILIAR
    answer = said(known, 0.09, 0.8, 0.11, novelty=2.1)
    assert answer.status is Status.UNFAMILIAR
    assert "check it yourself" in answer.message
    assert (
        said(known, 0.001, 0.998, 0.001, novelty=2.0).status is not Status.UNFAMILIAR
    )  # the threshold itself is not above it
    assert said(known, 0.001, 0.998, 0.001, novelty=2.1).status is Status.UNFAMILIAR
    assert answer.label == "good"


@pytest.mark.parametrize(
    ("lead", "status"), [(0.19, Status.UNCERTAIN), (0.199, Status.UNCERTAIN), (0.201, Status.OK), (0.21, Status.OK)]
)
def test_a_lead_of_less_than_a_fifth_is_uncertain(lead: float, status: Status) -> None:
    rest = (0.9 - lead) / 2
    for info in (PLAIN, IDLE, STRICT):
        assert said(info, 0.1, rest, rest + lead).status is status
        assert said(info, rest + lead, rest, 0.1).status is status


@pytest.mark.parametrize(
    ("factor", "label", "status"),
    [
        (1.51, "crack", Status.OK),
        (1.49, "crack", Status.UNCERTAIN),
        (1.01, "crack", Status.UNCERTAIN),
        (1 / 1.01, "good", Status.UNCERTAIN),
        (1 / 1.49, "good", Status.UNCERTAIN),
        (1 / 1.51, "good", Status.OK),
    ],
)
def test_odds_within_a_factor_of_one_and_a_half_of_the_threshold_are_uncertain(
    factor: float, label: str, status: Status
) -> None:
    odds = factor * 0.1 / 0.9
    crack = odds / (1 + odds)
    answer = said(CAREFUL, crack, 0.99 - crack, 0.01)
    assert (answer.label, answer.status) == (label, status)


def test_the_likeliest_class_keeps_its_images_whatever_the_threshold() -> None:
    for threshold in (0.0, 0.2, 0.4, 0.5, 0.7, 0.9999, 1.0):
        info = replace(PLAIN, operating_point={"crack": threshold})
        for crack in (0.34, 0.4, 0.55, 0.9, 0.995):
            assert said(info, crack, (1 - crack) / 2, (1 - crack) / 2).label == "crack"


@pytest.mark.parametrize(("novelty", "unfamiliar"), [(2.0, False), (2.0001, True)])
def test_novelty_above_its_threshold_is_unfamiliar(novelty: float, unfamiliar: bool) -> None:
    known = replace(PLAIN, novelty_threshold=2.0)
    assert (said(known, 0.9, 0.1, 0.0, novelty=novelty).status is Status.UNFAMILIAR) is unfamiliar


def test_a_lead_of_exactly_a_fifth_is_enough() -> None:
    assert said(PLAIN, 0.45, 0.25, 0.2).status is Status.OK


def test_an_answer_stays_as_it_was_given() -> None:
    answer = said(PLAIN, 0.2, 0.7, 0.1)
    with pytest.raises(FrozenInstanceError):
        answer.label = "crack"  # type: ignore[misc]
    assert not hasattr(answer, "__dict__"), "many thousands of them are kept"


def test_the_row_of_one_answer() -> None:
    row = said(CAREFUL, 0.3, 0.6, 0.1, novelty=1.5).to_row(CAREFUL.classes)
    assert row == {
        "file": "x.png",
        "status": "ok",
        "label": "crack",
        "confidence": 0.3,
        "novelty": 1.5,
        "probabilities": {"crack": 0.3, "good": 0.6, "pore": 0.1},
        "message": "Above the threshold for crack, though good is more likely.",
    }
