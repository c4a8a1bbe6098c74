"""What a bundle says of one image: by the most likely class, or by its operating point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tlstudio.domain.bundle import BundleInfo
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.inference.predictor import Prediction, Status, judge

PLAIN = BundleInfo(("crack", "good", "pore"), PreprocessSpec(64), {"model": "net.tag"}, "ab12", {"tlstudio": "0.1"})
CAREFUL = replace(PLAIN, operating_point={"crack": 0.1})
STRICT = replace(PLAIN, operating_point={"crack": 0.8})


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
        (STRICT, (0.55, 0.4, 0.05), ("good", Status.OK, "")),  # crack is likelier, but not likely enough
        (STRICT, (0.95, 0.04, 0.01), ("crack", Status.OK, "")),
        (STRICT, (0.75, 0.2, 0.05), ("good", Status.UNCERTAIN, "Just below the threshold for crack.")),
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
