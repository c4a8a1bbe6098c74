"""A report as PDF on A4: the same value as the web page, drawn by reportlab."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageTemplate, Paragraph, Spacer

from tlstudio.reports import words
from tlstudio.reports.colours import LIGHT
from tlstudio.reports.content import Report
from tlstudio.reports.fonts import Fonts
from tlstudio.reports.letters import complex_scripts, drawn
from tlstudio.reports.pdf_blocks import ROOM, Draughtsman

MARGIN, TOP, BOTTOM = 18 * mm, 16 * mm, 20 * mm
PROGRAM = "Transfer Learning Studio"


def write_pdf(report: Report, path: Path) -> tuple[str, ...]:
    """Writes the file and says what its reader may have to know about its characters. Raises OSError."""
    texts = report.texts()
    fonts = Fonts([*(drawn(text) for text in texts), "Page 0123456789 of …·"])
    hand = Draughtsman(fonts, A4[0] - 2 * MARGIN)
    frame = Frame(
        MARGIN, BOTTOM, hand.width, A4[1] - TOP - BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    document = BaseDocTemplate(
        str(path),
        pagesize=A4,
        pageTemplates=[PageTemplate(frames=[frame])],
        title=f"{report.title} · {report.subtitle}",
        subject=report.subtitle,
        creator=PROGRAM,
        lang="en",
    )

    def make_canvas(*given: Any, **options: Any) -> _PagedCanvas:
        canvas = _PagedCanvas(*given, **options)
        canvas.dress(report, fonts)
        return canvas

    document.build(_story(report, hand), canvasmaker=make_canvas)
    return _notes(texts, fonts)


def _story(report: Report, hand: Draughtsman) -> list[Flowable]:
    story: list[Flowable] = [
        hand.paragraph(report.subtitle, "muted"),
        hand.paragraph(report.title, "title"),
        hand.paragraph(report.made, "muted"),
        Spacer(1, 10),
    ]
    for number, section in enumerate(report.sections, start=1):
        story.append(hand.entry(f"{number}  {section.title}", section.holds, section.key))
    for number, section in enumerate(report.sections, start=1):
        story += [Spacer(1, 14), CondPageBreak(ROOM), _Anchor(section.key, section.title)]
        story.append(hand.section(number, section.title))
        story += hand.draw(section.blocks)
    return story


def _notes(texts: list[str], fonts: Fonts) -> tuple[str, ...]:
    """What the reader of the PDF may have to know; the web page has none of these troubles."""
    notes = []
    if fonts.missing:
        named = [f"“{c}” ({unicodedata.name(c, f'U+{ord(c):04X}').lower()})" for c in fonts.missing[:5]]
        more = [f"{words.number(len(fonts.missing) - 5)} more"] if len(fonts.missing) > 5 else []
        notes.append(
            f"The PDF can't show {words.count(len(fonts.missing), 'character')}, because no font on this computer has"
            f" {'it' if len(fonts.missing) == 1 else 'them'}: {words.listed([*named, *more])}. The web page (.html) shows"
            " everything."
        )
    scripts = complex_scripts("".join(c for text in texts for c in text if c not in fonts.missing))
    if scripts:
        notes.append(f"The PDF can't join the letters of {words.listed(scripts)} well. The web page (.html) can.")
    if not fonts.embedded:
        notes.append(
            "Some East Asian characters are not embedded in the PDF; a computer without East Asian fonts may not show them."
            " The web page (.html) is the safer one to pass on."
        )
    return tuple(notes)


class _Anchor(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A place that links and the list of contents at the side of a PDF reader lead to; takes no room."""

    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self.key, self.title = key, title

    def wrap(self, *_: float) -> tuple[float, float]:
        return 0, 0

    def draw(self) -> None:
        self.canv.bookmarkHorizontal(self.key, 0, 24)
        self.canv.addOutlineEntry(self.title, self.key)


class _PagedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Holds pages back until their number is known, and writes the foot of each."""

    def dress(self, report: Report, fonts: Fonts) -> None:
        self._foot, self._fonts = f"{report.title} · {report.footer}", fonts
        self._held: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802  # reportlab's name
        self._held.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        pages = len(self._held)
        for page in self._held:
            self.__dict__.update(page)
            self._write_foot(pages)
            super().showPage()
        super().save()

    def _write_foot(self, pages: int) -> None:
        size, right = 7.5, A4[0] - MARGIN
        self.setFillColor(HexColor(LIGHT["muted"]))
        told = f"Page {self._pageNumber} of {pages}"
        self.setFont(self._fonts.main, size)
        self.drawRightString(right, 11 * mm, told)
        room = right - MARGIN - self._fonts.width(told, size) - 12
        foot = Paragraph(
            self._fonts.markup(drawn(self._fonts.shorten(self._foot, room, size))),
            Draughtsman.plain_style(self._fonts.main, size, "muted"),
        )
        _, height = foot.wrap(room, 20)
        foot.drawOn(self, MARGIN, 11 * mm - height + size)
