"""What a class may be called, and which names look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.domain.class_names import class_name, look_alikes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" cat ", "cat"), ("e\u0301", "é"), ("a\nb", "a b"), ("a\x85\u2028b", "a b"), ("", "unnamed"), ("\u00a0", "unnamed"),
        ("a\ud800", "a\ufffd"), ("Cat", "Cat"),
    ],
)  # fmt: skip
def test_as_it_is_stored(text: str, name: str) -> None:
    assert class_name(text) == name


@given(st.text(st.characters()))
def test_a_stored_name_stays(text: str) -> None:
    name = class_name(text)
    assert class_name(name) == name
    name.encode("utf-8")


@pytest.mark.parametrize(
    "names",
    [
        ("Cat", "cat"), ("light crack", "light_crack", "Light-Crack"), ("cat", "ｃａｔ"), ("é", "e\u0301"), ("straße", "STRASSE"),
        ("cat", "cat\u200b"), ("a b", "a  b", "a\u00a0b"), ("ﬁssure", "fissure"), ("cat", "Cats"), ("cat", "cat "),
    ],
)  # fmt: skip
def test_names_that_look_alike(names: tuple[str, ...]) -> None:
    assert look_alikes(["dog", *names, "bird"]) == [names]


@pytest.mark.parametrize(
    "names", [("cat", "dog"), ("1", "1s"), ("glas", "glass"), ("a1", "a2"), ("café", "cafe"), ("А", "A"), ()]
)
def test_names_that_are_apart(names: tuple[str, ...]) -> None:
    assert look_alikes(names) == []
