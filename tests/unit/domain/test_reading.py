"""Values are what their fields say, or the whole is refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pytest

from tlstudio.domain.reading import read_fields


@dataclass(frozen=True)
class Inner:
    name: str
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    count: int
    good: bool
    inner: Inner
    maybe: Inner | None = None
    rows: tuple[Inner, ...] = ()
    table: tuple[tuple[float, ...], ...] = ()


WHOLE = Outer(3, True, Inner("a"), Inner("b", 1.0), (Inner("c"),), ((0.5, 1.0), (2.0,)))


def test_what_was_written_comes_back() -> None:
    assert read_fields(Outer, asdict(WHOLE)) == WHOLE
    assert read_fields(Outer, {"count": 3, "good": False, "inner": {"name": "a"}, "newer": [1]}) == Outer(
        3, False, Inner("a")
    )
    assert read_fields(Inner, {"name": "a", "share": 1}).share == 1.0, "a whole number is a number"


@pytest.mark.parametrize(
    "change",
    [
        {"count": "3"},
        {"count": 3.0},
        {"count": True},
        {"count": None},
        {"good": 1},
        {"good": "yes"},
        {"inner": None},
        {"inner": "a"},
        {"inner": [1]},
        {"inner": {"name": 1}},
        {"inner": {}},
        {"inner": {"name": "a", "share": "0.5"}},
        {"inner": {"name": "a", "share": True}},
        {"maybe": 1},
        {"rows": {"name": "a"}},
        {"rows": "a"},
        {"rows": [1]},
        {"table": [0.5]},
        {"table": [["a"]]},
    ],
)
def test_a_value_of_another_kind_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        read_fields(Outer, {**asdict(WHOLE), **change})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError):
        read_fields(Inner, {"name": "a", "share": value})


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_what_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(TypeError):
        read_fields(Inner, data)


def test_a_missing_field_is_refused() -> None:
    with pytest.raises(TypeError):
        read_fields(Outer, {"count": 1, "good": True})


def test_nothing_is_fine_only_where_there_may_be_nothing() -> None:
    assert read_fields(Outer, {**asdict(WHOLE), "maybe": None}).maybe is None
    with pytest.raises(TypeError):
        read_fields(Outer, {**asdict(WHOLE), "rows": None})
