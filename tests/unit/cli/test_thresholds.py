"""What the terminal says of a class that must not be missed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.cli.evaluation import _show_point
from tlstudio.cli.output import Output
from tlstudio.domain.operating import VALIDATION, OperatingPoint, PointFigures
from tlstudio.domain.values import Interval

SHARE = Interval(0.95, 0.9, 0.98)
POINT = OperatingPoint("crack", 0.95, 0.00042, VALIDATION, 93, 92, 93.0, 0.95)
FIGURES = PointFigures(
    POINT, 160, 40, 38, 35, 50, 160, SHARE, SHARE, SHARE, SHARE, SHARE, "It finds 92 of 93.", ("Too few images.",)
)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which nothing wraps."""
    monkeypatch.setenv("COLUMNS", "200")


def said(figures: PointFigures, capsys: pytest.CaptureFixture[str]) -> str:
    with Output(json_lines=False) as output:
        _show_point(figures, output)
    return " ".join(capsys.readouterr().out.split())


def test_where_it_is_given_what_it_finds_and_what_that_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(FIGURES, capsys)
    assert "Not to be missed: crack" in told
    assert "a sensitivity of 0.95 " in told
    assert "from 0.042 % on, or where it is the likeliest" in told
    assert "38 of 40, 35 without the threshold: sensitivity" in told
    assert "12 of 120: specificity" in told
    assert told.endswith("It finds 92 of 93. Too few images.")


@pytest.mark.parametrize("threshold", [0.5, 0.9999])
def test_where_there_is_no_need_of_a_threshold(threshold: float, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(replace(FIGURES, point=replace(POINT, threshold=threshold)), capsys)
    assert "where it is the likeliest" in told
    assert " % on" not in told
    assert "without the threshold" not in told
