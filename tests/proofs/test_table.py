"""The bounds of a proof are bounds."""

from __future__ import annotations

import math

import pytest

from tests.proofs.table import Proof, Trial, markdown


@pytest.mark.parametrize(
    ("measured", "holds"), [(0.92, False), (0.93, True), (0.97, True), (0.98, False), (math.nan, False)]
)
def test_both_bounds_are_kept(measured: float, holds: bool) -> None:
    assert Proof("covers", measured, at_least=0.93, at_most=0.97).holds is holds


def test_a_claim_without_a_bound_is_none() -> None:
    with pytest.raises(ValueError, match="no bound"):
        _ = Proof("covers", 0.95).holds


def test_what_does_not_hold_stands_out() -> None:
    row = markdown([Proof("covers", 0.9, at_least=0.93, note="500 draws")]).splitlines()[-1]
    assert row == "| covers | 0.9 | at least 0.93 | **no** | 500 draws |"


def test_a_small_trial_still_draws() -> None:
    assert Trial(0.001).draws(100) == 1
    assert Trial(0.5).draws(100) == 50
