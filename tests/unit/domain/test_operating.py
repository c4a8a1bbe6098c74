"""Wishes as the user writes them."""

from __future__ import annotations

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.operating import Wish


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
