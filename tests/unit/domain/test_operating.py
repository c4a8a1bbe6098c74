"""Wishes as the user writes them."""

from __future__ import annotations

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.operating import VALIDATION, OperatingPoint, Wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("crack=0.95", Wish("crack", 0.95)),
        ("risk = high=1", Wish("risk = high", 1.0)),
        ("Haarriß, fein=.9", Wish("Haarriß, fein", 0.9)),
    ],
)
def test_a_class_and_a_share(text: str, wish: Wish) -> None:
    assert Wish.parse(text) == wish


@pytest.mark.parametrize(
    "text", ["crack", "=0.9", "crack=", "crack=95", "crack=0", "crack=-1", "crack=nan", "crack=high", "", "crack=inf"]
)
def test_anything_else_is_wrong_usage_with_a_way_out(text: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        Wish.parse(text)
    assert "0.95" in caught.value.remedy


@pytest.mark.parametrize(("threshold", "idle"), [(0.0, False), (0.4999, False), (0.5, True), (0.9999, True)])
def test_from_one_half_on_a_threshold_changes_nothing(threshold: float, idle: bool) -> None:
    assert OperatingPoint("crack", 0.95, threshold, VALIDATION, 20).idle is idle


@pytest.mark.parametrize(("shown", "reached"), [(None, None), (0.9499, False), (0.95, True), (0.97, True)])
def test_a_wish_is_reached_when_it_is_shown(shown: float | None, reached: bool | None) -> None:
    assert OperatingPoint("crack", 0.95, 0.2, VALIDATION, 60, 60, 60.0, shown).reached is reached
