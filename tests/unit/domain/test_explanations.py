"""What is said of a heat map is what decided, and only one that passed both tests is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tlstudio.domain.explanations import Proof, Reason, Verdict

GOOD = Proof(share=0.15, before=0.96, after=0.04, elsewhere=0.63, lowest=0.03, as_much=0, trials=39, likeness=0.1)


@pytest.mark.parametrize(
    ("change", "reason", "verdict"),
    [
        ({}, Reason.PROVEN, Verdict.HOLDS),
        ({"likeness": None}, Reason.PROVEN, Verdict.HOLDS),
        ({"trials": 0}, Reason.NOTHING, Verdict.UNTESTED),
        ({"lowest": 0.961 - 0.1}, Reason.STEADY, Verdict.UNTESTED),
        ({"lowest": 0.959 - 0.1}, Reason.PROVEN, Verdict.HOLDS),
        ({"as_much": 2}, Reason.PLACES, Verdict.FAILS),
        ({"as_much": 1}, Reason.PROVEN, Verdict.HOLDS),
        ({"after": 0.531}, Reason.SMALL, Verdict.FAILS),
        ({"after": 0.529}, Reason.PROVEN, Verdict.HOLDS),
        ({"likeness": 0.501}, Reason.PICTURE, Verdict.FAILS),
        ({"likeness": -0.501}, Reason.PICTURE, Verdict.FAILS),
        ({"likeness": 0.499}, Reason.PROVEN, Verdict.HOLDS),
        ({"likeness": -0.499}, Reason.PROVEN, Verdict.HOLDS),
    ],
)
def test_bounds(change: dict[str, float], reason: Reason, verdict: Verdict) -> None:
    proof = replace(GOOD, **change)
    assert (proof.reason, proof.verdict, proof.shown) == (reason, verdict, verdict is Verdict.HOLDS)


def test_p_counts_the_map_itself() -> None:
    assert GOOD.p == 0.025
    assert replace(GOOD, as_much=3).p == 0.1
    assert replace(GOOD, trials=0).p == 1.0


def test_what_decided_is_told() -> None:
    assert GOOD.sentence() == (
        "Hiding the marked 15 % of the picture lowers the probability from 96 % to 4 %; hiding as much elsewhere, to 63 % on"
        " average. With shuffled weights, the model marks other parts. So the heat map shows what the model uses."
    )
    told = replace(GOOD, as_much=3).sentence()
    assert told.endswith("Of 39 other places as large, 3 took away as much.")
    assert "63 %" not in told, "a figure that did not decide would contradict"
    assert "from 96 % to 60 %; hiding as much elsewhere, to 63 %" in replace(GOOD, after=0.6).sentence()
    assert "less than 10 percentage points" in replace(GOOD, lowest=0.95).sentence()
    assert "the picture, not the model" in replace(GOOD, likeness=0.9).sentence()
    for reason in Reason:
        assert reason is Reason.PROVEN or reason.verdict is not Verdict.HOLDS


def test_json_tells_the_test_and_what_decided() -> None:
    told = replace(GOOD, as_much=3).to_json()
    assert (told["verdict"], told["reason"], told["p"], told["likeness"]) == (
        "fails",
        "other_places_do_as_much",
        0.1,
        0.1,
    )
    assert told["sentence"] == replace(GOOD, as_much=3).sentence()
