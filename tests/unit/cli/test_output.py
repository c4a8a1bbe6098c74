"""What a command prints for programs is always JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tlstudio.cli.output import Output
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Predicted
from tlstudio.domain.wording import plain


def no_constant(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_null(value: float, capsys: pytest.CaptureFixture[str]) -> None:
    with Output(json_lines=True) as output:
        output.report(Predicted({"confidence": value, "probabilities": {"a": value, "b": 0.5}, "more": [(value, 1)]}))
        output.result({"x": value, "y": [value]})
    predicted, result = (json.loads(line, parse_constant=no_constant) for line in capsys.readouterr().out.splitlines())
    assert (predicted["confidence"], predicted["probabilities"]) == (None, {"a": None, "b": 0.5})
    assert predicted["more"] == [[None, 1]]
    assert (result["x"], result["y"]) == (None, [None])


def test_a_question_whether_to_stop_hears_of_ctrl_c() -> None:
    with Output(json_lines=True) as output:
        assert output.stop_requested() is False
        output.interrupted = True
        with pytest.raises(Cancelled):
            output.stop_requested()


HEBREW, APART = "שריטה 3", "\N{FIRST STRONG ISOLATE}שריטה\N{POP DIRECTIONAL ISOLATE} 3"


def say_everything(output: Output) -> None:
    output.say(f"{HEBREW}: 12 images")
    output.text(f"{HEBREW}: 7 images")
    output.table("Classes", ("class", "images"), [(HEBREW, "41"), ("crack", "5")])
    output.failure(f"No {HEBREW}, 9 images", "Label some.", None, kind="X")


def test_in_a_terminal_names_from_right_to_left_leave_counts_where_they_are(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal then
    with Output(json_lines=False) as output:
        say_everything(output)
    printed = "".join(capfd.readouterr())
    assert printed.count(APART) == printed.count("שריטה") == 4
    rows = [line for line in printed.splitlines() if "41" in line or " 5 " in line]
    assert len(rows) == 2
    assert len(plain(rows[0])) == len(rows[1]), "the signs take no room in a table"
    assert rows[0].index("\N{POP DIRECTIONAL ISOLATE}") < rows[0].index("41")


def test_a_name_that_is_broken_over_lines_is_set_apart_on_each(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "24")
    with Output(json_lines=False) as output:
        output.table("", ("class", "images"), [("שריטה" * 8, "41")])
    lines = [line for line in capfd.readouterr().out.splitlines() if "ש" in line]
    assert len(lines) > 1
    assert all(
        line.count("\N{FIRST STRONG ISOLATE}") == line.count("\N{POP DIRECTIONAL ISOLATE}") == 1 for line in lines
    )


def test_in_a_pipe_names_are_what_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    with Output(json_lines=False) as output:
        say_everything(output)
    printed = "".join(capfd.readouterr())
    assert printed.count(HEBREW) == 4
    assert plain(printed) == printed
