"""The PDF: the same words as the report, in fonts that have the letters, on as many pages as it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.reports.reading import pdf_pages, pdf_text
from tlstudio.reports import fonts
from tlstudio.reports.compose import compose
from tlstudio.reports.fonts import Fonts
from tlstudio.reports.material import Material
from tlstudio.reports.pdf import write_pdf

Make = Callable[..., Material]
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


@pytest.fixture
def no_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer without a font of its own; whatever is put into the folder is found."""
    monkeypatch.setattr(fonts, "folders", lambda: (tmp_path / "fonts",))
    (tmp_path / "fonts").mkdir()
    return tmp_path / "fonts"


def test_it_says_what_the_report_says(make: Make, tmp_path: Path) -> None:
    report = compose(make(("red", "green", "blue")))
    assert write_pdf(report, tmp_path / "r.pdf") == ()
    text = pdf_text(tmp_path / "r.pdf")
    for section in report.sections:
        assert section.title in text
    for words in ("Accuracy", "60", "Sensitivity", "red", "ab" * 32, "ResNet-18"):
        assert words in text
    assert f"Page 1 of {pdf_pages(tmp_path / 'r.pdf')}" in text


def test_names_never_become_markup(make: Make, tmp_path: Path) -> None:
    write_pdf(compose(make(("<b>bold</b> & <font", "</para><a href='x'>"), project="<u>x")), tmp_path / "r.pdf")
    text = pdf_text(tmp_path / "r.pdf").replace(" ", "")
    assert "<b>bold</b>&<font" in text
    assert "</para><ahref='x'>" in text
    assert "<u>x" in text


@pytest.mark.parametrize(
    "classes",
    [
        ("a", "b"),
        tuple(f"species number {k}" for k in range(37)),
        tuple(f"c{k}" for k in range(61)),
        ("x" * 1500, "a name of many words " * 60),
    ],
    ids=["two", "wide", "very wide", "long names"],
)
def test_any_classes_fit(make: Make, tmp_path: Path, classes: tuple[str, ...]) -> None:
    write_pdf(compose(make(classes, 3)), tmp_path / "r.pdf")
    assert pdf_pages(tmp_path / "r.pdf") >= 4


def test_signs_that_are_no_text_are_not_in_it(make: Make, tmp_path: Path) -> None:
    write_pdf(compose(make(("\x1b[31mred", "\udcff", "a\u202eb", "\x9bm"), project="\x07\udc80")), tmp_path / "r.pdf")
    text = pdf_text(tmp_path / "r.pdf")
    assert not [sign for sign in "\x1b\x9b\x07\u202e" if sign in text]


def test_a_font_that_has_all_letters_is_taken_alone(no_fonts: Path) -> None:
    if not DEJAVU.exists():
        pytest.skip("needs the font DejaVu Sans")
    (no_fonts / "deeper").mkdir()
    (no_fonts / "deeper" / "DejaVuSans.ttf").write_bytes(DEJAVU.read_bytes())
    (no_fonts / "Broken.ttf").write_bytes(b"no font")
    assert [face.name for face in Fonts(["plain"]).faces] == ["report-Vera"]
    found = Fonts(["Ржавчина and κανονικό"])
    assert [face.name for face in found.faces] == ["report-DejaVuSans"]
    assert found.missing == ""
    assert found.embedded


def test_missing_characters_are_told_and_the_file_is_written(make: Make, tmp_path: Path, no_fonts: Path) -> None:
    notes = write_pdf(compose(make(("Ржа", "ok"))), tmp_path / "r.pdf")
    assert len(notes) == 1
    assert "3 characters" in notes[0]
    assert "“Р” (cyrillic capital letter er)" in notes[0]
    assert "(.html)" in notes[0]
    assert "ok" in pdf_text(tmp_path / "r.pdf")


def test_one_missing_character_is_one_character(make: Make, tmp_path: Path, no_fonts: Path) -> None:
    (note,) = write_pdf(compose(make(("☂", "ok"))), tmp_path / "r.pdf")
    assert "1 character, because no font on this computer has it" in note


@pytest.mark.parametrize(
    ("names", "font"),
    [(("正常", "裂纹"), "STSong-Light"), (("きず", "正常"), "HeiseiKakuGo-W5"), (("정상", "균열"), "HYGothic-Medium")],
)
def test_east_asian_names_use_the_readers_fonts(
    make: Make, tmp_path: Path, no_fonts: Path, names: tuple[str, str], font: str
) -> None:
    notes = write_pdf(compose(make(names)), tmp_path / "r.pdf")
    assert font.encode() in (tmp_path / "r.pdf").read_bytes()
    assert len(notes) == 1
    assert "not embedded" in notes[0]


def test_fonts_of_one_report_do_not_stick_to_the_next(no_fonts: Path) -> None:
    assert Fonts(["Ржавчина"]).missing
    assert not Fonts(["rust"]).missing
    assert Fonts(["正"]).faces[-1].name == "STSong-Light" or Fonts(["正"]).faces[-1].name.startswith("Heisei")


def test_a_name_is_shortened_to_its_room(no_fonts: Path) -> None:
    found = Fonts(["abc…"])
    short = found.shorten("a" * 200, 50, 8)
    assert short.endswith("…")
    assert 30 < found.width(short, 8) <= 50
    assert found.shorten("abc", 50, 8) == "abc"
