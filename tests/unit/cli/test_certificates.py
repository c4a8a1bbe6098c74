"""What the terminal says of a certificate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.cli.certificates import show_certificate
from tlstudio.cli.output import Output
from tlstudio.domain.bundle import Certificate, Decisions

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


def test_8_bit_numbers_say_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    decisions = replace(SAME, differ=2, may_differ=3, marks=1, positives=0)
    seal = replace(PLAIN, precision="int8", accuracy=0.9, accuracy_trained=0.95, decisions=decisions)
    assert said(seal, capsys)[1:] == [
        "With 8-bit numbers: accuracy 90.0%, in full precision 95.0%",
        "At the threshold for crack (0.0341): 2 of 60 decisions differ (up to 3 may),"
        " 1 more carry another mark, such as uncertain",
    ]
