"""Names for files and folders that any system can hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.images.file_names import LONGEST, FreeNames, possible


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("crack", "crack"), ("grade: 2", "grade_ 2"), ("a/b", "a_b"), ("..", "_"), (".hidden", "_.hidden"), ("CON", "_CON"),
        ("con.png", "_con.png"), ("console", "console"), ("ende. ", "ende"), ("", "_"), ("größe", "größe"), ("a\nb", "a_b"),
    ],
)  # fmt: skip
def test_as_it_can_be_written(name: str, written: str) -> None:
    assert possible(name) == written


def test_a_name_that_is_too_long_keeps_its_ends() -> None:
    assert possible("x" * LONGEST) == "x" * LONGEST
    first, second = possible("x" * 300 + "a.png"), possible("x" * 300 + "b.png")
    assert first != second
    assert first.endswith(".png") and first.startswith("xxx")
    assert len(first) == LONGEST
    assert len(possible("正" * 300).encode()) <= LONGEST
    assert LONGEST == 120


@pytest.mark.parametrize(("suffix", "kept"), [("." + "x" * 15, True), ("." + "x" * 16, False)])
def test_an_ending_is_one_that_is_short(suffix: str, kept: bool) -> None:
    assert possible("a" * 200 + suffix).endswith(suffix) is kept


@given(st.text(st.characters()))
def test_any_name_can_be_written(name: str) -> None:
    written = possible(name)
    assert 0 < len(written.encode("utf-8")) <= LONGEST + 1
    assert not set('<>:"/\\|?*') & set(written)
    assert written not in (".", "..")


def test_names_are_given_once() -> None:
    free = FreeNames()
    assert [free.name("a/1.png"), free.name("a/1.PNG"), free.name("a/1.png")] == ["a/1.png", "a/1-2.PNG", "a/1-3.png"]
    assert free.name("a:/1.png") == "a_/1.png"
    assert free.name("a?/1.png") == "a_-2/1.png"
    assert free.name("a?/2.png") == "a_-2/2.png", "one folder stays one folder"
    assert [free.single("x/y"), free.single("x:y")] == ["x_y", "x_y-2"]
