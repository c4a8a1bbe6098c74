"""What a command prints for programs is always JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tlstudio.cli.output import Output
from tlstudio.domain.errors import Cancelled
from tlstudio.domain.events import Predicted


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
