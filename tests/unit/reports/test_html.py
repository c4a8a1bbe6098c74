"""The web page: one file without script or anything from outside, names never markup, legible on both grounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from tlstudio.gui import theme
from tlstudio.reports.colours import DARK, LEVELS, LIGHT, contrast, shade
from tlstudio.reports.compose import compose
from tlstudio.reports.html import render_html
from tlstudio.reports.material import Material

Make = Callable[..., Material]
VOID = {"meta", "col", "br", "line", "rect", "circle", "polyline"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_holds_all_that_the_report_says(make: Make) -> None:
    report = compose(make(("a", "b", "c")))
    page = Page(render_html(report))
    shown = " ".join(" ".join(page.text).split())
    attributes = " ".join(str(v) for _, given in page.found for v in given.values())
    styles = {"plain", "caution", *LIGHT, "start", "middle", "end"}
    missing = [
        t for t in report.texts() if " ".join(t.split()) not in shown and t not in attributes and t not in styles
    ]
    assert missing == []
    assert [given["href"] for tag, given in page.found if tag == "a"] == [f"#{s.key}" for s in report.sections]
    assert {s.key for s in report.sections} <= {given.get("id") for _, given in page.found}


def test_nothing_is_fetched_and_nothing_runs(make: Make) -> None:
    text = render_html(compose(make()))
    page = Page(text)
    tags = {tag for tag, _ in page.found}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    names = {name for _, given in page.found for name in given}
    assert not names & {"src", "srcset"} and not [n for n in names if n.startswith("on")]
    assert "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_names_never_become_markup(make: Make) -> None:
    evil = ("<script>alert('1')</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }} & </td>")
    text = render_html(compose(make(evil, project="</title><script>steal()</script>")))
    page = Page(text)
    assert not {tag for tag, _ in page.found} & {"script", "img"}
    assert "{{ 7 * 7 }} & </td>" in page.text
    assert "steal()</script>" in "".join(page.text)


def test_signs_that_terminals_obey_or_that_are_no_text_are_not_in_it(make: Make) -> None:
    evil = ("\x1b[31mred", "\udcff", "a\u202eb", "\x9bm")
    text = render_html(compose(make(evil, project="\x07\udc80")))
    text.encode("utf-8")
    assert not [sign for sign in "\x1b\x9b\x07\u202e\t" if sign in text]


@pytest.mark.parametrize("size", [2, 37])
def test_any_number_of_classes_makes_a_sound_page(make: Make, size: int) -> None:
    page = Page(render_html(compose(make(tuple(f"a rather long name {k}" for k in range(size)), 6))))
    assert page.text.count("a rather long name 1") + page.text.count("2  a rather long name 1") >= 2


def test_drawings_are_told_to_those_who_do_not_see_them(make: Make) -> None:
    page = Page(render_html(compose(make())))
    for tag, given in page.found:
        if tag == "svg":
            assert given.get("aria-hidden") == "true" or given.get("aria-label")
    headings = [tag for tag, _ in page.found if tag in ("h1", "h2", "h3")]
    assert headings[0] == "h1" and headings.count("h1") == 1 and headings[1] == "h2"


def test_the_colours_are_the_windows() -> None:
    for ours, tokens in ((LIGHT, theme.LIGHT), (DARK, theme.DARK)):
        assert ours == {name: getattr(tokens, name) for name in ours}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_can_be_read_on_every_shade(colours: dict[str, str]) -> None:
    for right in (True, False):
        for level in range(LEVELS + 1):
            ground, ink = shade(colours, level, right=right)
            assert contrast(ground, ink) >= 4.5, (level, right, ground, ink)
    grounds = [shade(colours, level, right=True)[0] for level in range(LEVELS + 1)]
    assert len(set(grounds)) == LEVELS + 1


def test_every_colour_that_is_used_is_defined(make: Make) -> None:
    text = render_html(compose(make()))
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    defined = set(re.findall(r"(--[\w-]+):", text))
    assert used <= defined
