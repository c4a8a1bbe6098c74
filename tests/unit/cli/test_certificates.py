"""What the terminal says of a certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.cli.certificates import show_certificate
from tlstudio.cli.output import Output
from tlstudio.domain.certificate import Certificate, Decisions, Nearness, Saving

PLAIN = Certificate(60, 1.0, 2e-6, True)
SAME = Decisions("crack", 0.0341, 0, 0, 0, positives=20, found=19, found_trained=19, may_miss=0)


def said(seal: Certificate, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with Output(json_lines=False) as output:
        show_certificate(seal, output)
    return capsys.readouterr().out.splitlines()


def test_without_a_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(PLAIN, capsys) == ["Certificate: 60 held-out images, agreement 100%, largest difference 2.0e-06"]


def test_decisions_at_the_threshold(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(replace(PLAIN, decisions=SAME), capsys)[1:] == [
        "At the threshold for crack (0.0341): 0 of 60 decisions differ, 0 more carry another mark, such as uncertain",
        "Found of crack: 19 of 20, by the trained model 19",
    ]


@pytest.mark.parametrize("threshold", [0.5, 0.9999])
def test_decisions_where_no_threshold_is_needed(threshold: float, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(replace(PLAIN, decisions=replace(SAME, threshold=threshold)), capsys)[1]
    assert told.startswith("For crack, given where it is the likeliest: 0 of 60 decisions differ")


def test_fewer_bits_say_what_they_cost_and_save_and_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    decisions = replace(SAME, differ=2, may_differ=3, marks=1, positives=0)
    near = Nearness(1, 3, 0.0333, -0.012, 0.079, 0.01, 2, 3)
    saving = Saving(2_900_000, 9_400_000, 0.61, 0.58, 0.64, 41, 1)
    seal = replace(PLAIN, precision="int8", accuracy=0.9, accuracy_trained=0.9333, nearness=near, saving=saving)
    assert said(replace(seal, decisions=decisions), capsys)[1:] == [
        "8-bit numbers: accuracy 90.0%, in full precision 93.3%",
        "Another class: 1 images (up to 3 may); accuracy: 3.3 points lost (95 % interval -1.2 to 7.9), up to 1 may be;"
        " the mark unfamiliar changes on 2 (up to 3 may)",
        "0.31 times the size of 9.4 MB; an image takes 0.61 times as long (0.58 to 0.64), one thread, measured on this computer",
        "At the threshold for crack (0.0341): 2 of 60 decisions differ (up to 3 may),"
        " 1 more carry another mark, such as uncertain",
    ]
    half = said(replace(seal, precision="float16"), capsys)
    assert half[1].startswith("Half precision: ")
    assert half[-1] == "Measured on this processor; untested on a graphics processor"


def test_a_file_of_an_earlier_version_says_what_it_knows(capsys: pytest.CaptureFixture[str]) -> None:
    seal = replace(PLAIN, precision="int8", accuracy=0.9, accuracy_trained=0.95)
    assert said(seal, capsys)[1:] == ["8-bit numbers: accuracy 90.0%, in full precision 95.0%"]
