"""Strangers' text on its way to terminals, tables and files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlstudio.domain.safe_text import cell, from_cell, json_text, storable, table, visible, with_controls

ANY = st.text(st.characters())  # halves of pairs included


@pytest.mark.parametrize(
    "text", ["=1+1", "+2", "-neg", "@x", "\tx", "\nx", " =1", "＝1", "＋1", "－1", "＠a", "'=1", "''=x"]
)
def test_what_a_spreadsheet_would_calculate(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert from_cell(cell(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "'t Hooft", "'", "''", "1-2", " a", "ä", "#x", "a\nb"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert cell(text) == text
    assert from_cell(text) == text


@given(ANY)
def test_a_cell_comes_back(text: str) -> None:
    back = from_cell(cell(text))
    assert visible(back) == visible(storable(text.replace("\r\n", "\n")))
    assert cell(text)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in cell(text) if c not in "\t\n")


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\u202a\u202b\u202c\u202d\u202e")
    )
)
def test_a_cell_without_controls_comes_back_to_the_letter(text: str) -> None:
    assert from_cell(cell(text)) == text


def test_the_name_of_a_file_with_controls_can_be_found_again() -> None:
    name = "a\x00\x1b[31m\x1f\x7f\r.png"
    assert cell(name) == "a␀␛[31m␟␡␍.png"
    assert with_controls(cell(name)) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"), ("grün 正常 🙂", "grün 正常 🙂"), ("a\x1b[31mb", "a␛[31mb"), ("a\nb\tc\r", "a␊b␉c␍"), ("\x7f", "␡"),
        ("\x9b31m\x85", "�31m�"), ("a\u202eb", "a�b"), ("a\u2028b", "a␤b"), ("\udcff\ud800", "��"),
        ("\u2068x\u2069", "\u2068x\u2069"),
    ],
)  # fmt: skip
def test_one_line_that_moves_nothing(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_may_stay() -> None:
    assert visible("a\nb\x1bc", lines=True) == "a\nb␛c"


@given(ANY)
def test_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c in "\u2028\u2029\u202a\u202e" for c in shown)
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(ANY)
def test_json_of_any_text(text: str) -> None:
    line = json_text({"a": text, f"b{text}": [1]})
    assert "\n" not in line and not any(0x7F <= ord(c) < 0xA0 for c in line)
    line.encode("utf-8")
    assert json.loads(line)["a"] == storable(text)


def test_json_is_json() -> None:
    assert json_text({"x": float("nan"), "y": [1.5, (float("-inf"), "a")]}) == '{"x": null, "y": [1.5, [null, "a"]]}'


def test_json_keeps_letters_and_marks_halves() -> None:
    assert json_text("grün\ud800\udfff正") == '"grün\ufffd\ufffd正"'
    assert json_text({"ü": [float("inf")]}) == '{"ü": [null]}'
    assert json_text("\x7f\x9f\u2028\u202e") == '"\\u007f\\u009f\\u2028\\u202e"'


def test_lines_of_a_table() -> None:
    assert table([("a", "=b"), (1.5, None), (-2, "x,\ny")]) == 'a,\'=b\n1.5,\n-2,"x,\ny"\n'
