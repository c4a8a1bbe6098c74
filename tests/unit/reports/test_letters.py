"""Right-to-left names in the order and the shapes in which a page draws them."""

from __future__ import annotations

import unicodedata

import pytest

from tlstudio.reports import words
from tlstudio.reports.letters import complex_scripts, drawn


def test_other_scripts_stay_as_they_are() -> None:
    for text in ("Weld seams, 3 of 4", "Ржавчина", "κανονικό", "正常", ""):
        assert drawn(text) == text


def test_hebrew_is_turned() -> None:
    assert drawn("תקין") == "ןיקת"


def test_arabic_letters_take_the_shapes_that_their_neighbours_give_them() -> None:
    shapes = [unicodedata.name(c) for c in reversed(drawn("سليم"))]
    assert shapes == [
        "ARABIC LETTER SEEN INITIAL FORM",
        "ARABIC LETTER LAM MEDIAL FORM",
        "ARABIC LETTER YEH MEDIAL FORM",
        "ARABIC LETTER MEEM FINAL FORM",
    ]


def test_lam_and_alef_are_one_shape_and_marks_do_not_part_letters() -> None:
    assert [unicodedata.name(c) for c in drawn("لا")] == ["ARABIC LIGATURE LAM WITH ALEF ISOLATED FORM"]
    plain, marked = drawn("بت"), drawn("بَت")
    assert [c for c in marked if not unicodedata.combining(c)] == list(plain)


def test_numbers_and_brackets_inside_a_name() -> None:
    assert drawn("דגם (12)") == "(12)\N{NO-BREAK SPACE}םגד"


def test_a_fenced_name_does_not_turn_the_sentence_around_it() -> None:
    told = f"1  {words.fenced('תקין')} and {words.quoted('פגום')} (3)"
    assert drawn(told) == "1  ןיקת and “םוגפ” (3)"
    assert drawn("1  \N{FIRST STRONG ISOLATE}תקי…") == "1  …יקת"  # the fence's end was cut off
    assert drawn("with תקין inside") == "with ןיקת inside"


def test_latin_inside_a_right_to_left_name_keeps_its_order() -> None:
    assert drawn("דגם ABC") == "ABC\N{NO-BREAK SPACE}םגד"


@pytest.mark.parametrize(
    ("text", "scripts"), [("सामान्य", ("Devanagari",)), ("abc ж 正", ()), ("ਹਰਾ ஆம்", ("Gurmukhi", "Tamil"))]
)
def test_scripts_that_need_more_are_named(text: str, scripts: tuple[str, ...]) -> None:
    assert complex_scripts(text) == scripts
