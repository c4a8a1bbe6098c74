"""What a class may be called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.domain.class_names import class_name


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
