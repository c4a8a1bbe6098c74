"""Draws the blocks of a report as reportlab flowables, each kind by one method of its name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from reportlab.graphics import shapes
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, ListFlowable, ListItem, Paragraph, Spacer, Table

from tlstudio.reports import content, words
from tlstudio.reports.colours import LIGHT, shade
from tlstudio.reports.fonts import Fonts
from tlstudio.reports.letters import drawn
from tlstudio.reports.scene import Box, Dot, Label, Line, Scene, Shape, Stroke

BODY, SMALL, TINY = 9.5, 8.5, 7.5
PAD = 4.0  # above and below the text of a table's row
NAMES = 118.0  # width of the names beside a matrix
CELL_MOST = 54.0
CHART = 0.78  # of the width between the margins
LED = (content.Bullets, content.Table, content.Shares, content.Matrix)  # what a sentence may lead to
WHOLE = (content.Matrix, content.Chart)  # what is not divided if it fits on a page
ROOM = 120.0  # points below a title that must be left on the page
HAIRLINE = HexColor(LIGHT["hairline"])


class Draughtsman:
    """Turns blocks into flowables that fit into `width` points."""

    def __init__(self, fonts: Fonts, width: float) -> None:
        self.fonts, self.width = fonts, width
        regular, bold = fonts.main, fonts.bold
        self._styles = {
            "plain": _style(regular, BODY, "text", after=6),
            "item": _style(regular, BODY, "text", after=3),
            "muted": _style(regular, BODY, "muted", after=2),
            "small": _style(regular, TINY, "muted"),
            "title": _style(bold, 20, "text", after=4, leading=1.2),
            "section": _style(bold, 14, "text", after=6),
            "heading": _style(bold, 10.5, "text", before=8, after=4),
            "good": _style(bold, BODY, "good", after=6),
            "caution": _style(bold, BODY, "caution", after=4),
            "bad": _style(bold, BODY, "bad", after=6),
            "cell": _style(regular, SMALL, "text", leading=1.3),
            "sum": _style(bold, SMALL, "text", leading=1.3),
            "caption": _style(regular, SMALL, "muted", leading=1.3),
            "value": _style(bold, 14, "text", after=2),
        }

    @staticmethod
    def plain_style(font: str, size: float, colour: str) -> ParagraphStyle:
        return _style(font, size, colour)

    # --- text ------------------------------------------------------------------------

    def paragraph(self, text: str, style: str = "plain", align: int = TA_LEFT, size: float = 0) -> Paragraph:
        chosen = self._styles[style]
        if align != TA_LEFT or size:
            changes = {"alignment": align} | ({"fontSize": size, "leading": 1.25 * size} if size else {})
            chosen = ParagraphStyle(style, parent=chosen, **changes)
        bold = chosen.fontName == self.fonts.bold
        return Paragraph(self.fonts.markup(drawn(text), bold=bold), chosen)

    def section(self, number: int, title: str) -> Paragraph:
        text = f'<font color="{LIGHT["muted"]}">{number}</font>&nbsp; {self.fonts.markup(drawn(title))}'
        return Paragraph(text, self._styles["section"])

    def entry(self, title: str, holds: str, key: str) -> Paragraph:
        """A line of the contents, which leads to its section."""
        link = f'<a href="#{key}" color="{LIGHT["accent"]}">{self.fonts.markup(drawn(title))}</a>'
        text = f'{link}&nbsp; <font color="{LIGHT["muted"]}">{self.fonts.markup(drawn(holds))}</font>'
        return Paragraph(text, _style(self.fonts.main, 9, "text", after=2))

    # --- blocks ----------------------------------------------------------------------

    def draw(self, blocks: Sequence[content.Block]) -> list[Flowable]:
        """The blocks one below the other; titles and sentences that lead to something stay with the beginning of it."""
        done: list[Flowable] = []
        lead: list[Flowable] = []
        for block, after in itertools.zip_longest(blocks, blocks[1:]):
            flowables = getattr(self, f"_{block.kind}")(block)
            leads = isinstance(block, content.Paragraph) and isinstance(after, LED)
            if isinstance(block, content.Heading) or leads:
                lead += flowables
                continue
            if isinstance(block, WHOLE):
                done.append(KeepTogether([*lead, *flowables]))
            else:
                done += [*([CondPageBreak(ROOM)] if lead else []), *lead, *flowables]
            lead = []
        return done

    def _paragraph(self, block: content.Paragraph) -> list[Flowable]:
        return [self.paragraph(block.text, block.tone)]

    def _heading(self, block: content.Heading) -> list[Flowable]:
        return [self.paragraph(block.text, "heading")]

    def _bullets(self, block: content.Bullets) -> list[Flowable]:
        items = [ListItem(self.paragraph(text, "item")) for text in block.items]
        muted = HexColor(LIGHT["muted"])
        dots = ListFlowable(
            items, bulletType="bullet", start="•", leftIndent=12, bulletColor=muted, bulletFontSize=BODY
        )
        return [dots, Spacer(1, 4)]

    def _figures(self, block: content.Figures) -> list[Flowable]:
        cells = [
            [
                self.paragraph(figure.caption, "caption"),
                self.paragraph(figure.value, "value"),
                self.paragraph(figure.words, "cell"),
                self.paragraph(figure.basis, "small"),
            ]
            for figure in block.items
        ]
        gap = 8.0
        wide = (self.width - gap * (len(cells) - 1)) / len(cells)
        row: list[Any] = []
        widths: list[float] = []
        for cell in cells:
            row += [cell] if not row else ["", cell]
            widths += [wide] if not widths else [gap, wide]
        boxes = [("BOX", (k, 0), (k, 0), 0.75, HAIRLINE) for k in range(0, len(row), 2)]
        table = _table([row], widths, [*boxes, *_padding(8), ("VALIGN", (0, 0), (-1, -1), "TOP")])
        return [Spacer(1, 4), table, Spacer(1, 10)]

    def _facts(self, block: content.Facts) -> list[Flowable]:
        rows = [[self.paragraph(caption, "caption"), self.paragraph(value, "cell")] for caption, value in block.rows]
        return [_table(rows, [0.28 * self.width, 0.72 * self.width], _ruled()), Spacer(1, 8)]

    def _table(self, block: content.Table) -> list[Flowable]:
        sides = [TA_RIGHT if column.number else TA_LEFT for column in block.columns]
        rows = [[self.paragraph(c.title, "caption", side) for c, side in zip(block.columns, sides, strict=True)]]
        for number, texts in enumerate(block.rows):
            style = "sum" if block.last_is_sum and number == len(block.rows) - 1 else "cell"
            rows.append([self.paragraph(text, style, side) for text, side in zip(texts, sides, strict=True)])
        shares = [column.share for column in block.columns]
        widths = [self.width * share / sum(shares) for share in shares]
        lines = [("LINEABOVE", (0, -1), (-1, -1), 0.75, HexColor(LIGHT["border"]))] if block.last_is_sum else []
        return [_table(rows, widths, [*_ruled(), *lines], heads=1), Spacer(1, 8)]

    def _shares(self, block: content.Shares) -> list[Flowable]:
        rows: list[list[Any]] = [[self.paragraph(text, "caption") for text in (block.head, *block.columns)]]
        for name, shares in block.rows:
            cells = [[drawing(s.bar, 92), Spacer(1, 2), self._share_words(s)] for s in shares]
            rows.append([self.paragraph(name, "cell"), *cells])
        columns = len(block.columns)
        widths = [0.22 * self.width, *[0.78 * self.width / columns] * columns]
        return [_table(rows, widths, _ruled(), heads=1), Spacer(1, 8)]

    def _share_words(self, share: content.Share) -> Paragraph:
        told = self.fonts.markup(words.interval(share.interval))
        n = f'<font color="{LIGHT["muted"]}" size="{TINY}">n&nbsp;=&nbsp;{words.number(share.n)}</font>'
        return Paragraph(f"{told} {n}", self._styles["cell"])

    def _matrix(self, block: content.Matrix) -> list[Flowable]:
        columns = len(block.columns)
        edge = min(CELL_MOST, (self.width - NAMES) / columns)
        size = self._fitting([words.number(cell.count) for _, cells in block.rows for cell in cells], edge)
        # Numbers are written as they are: a paragraph would break them where the column is very narrow.
        titles = [n if n.isdigit() else self.paragraph(n, "caption", TA_CENTER, TINY) for n in block.columns]
        head = self.paragraph(block.title, "caption", TA_CENTER)
        rows: list[list[Any]] = [
            ["", head, *[""] * (columns - 1)],
            [self.paragraph("Labeled", "caption"), *titles],
        ]
        grounds: list[tuple[Any, ...]] = [("SPAN", (1, 0), (-1, 0))]
        for y, (name, cells) in enumerate(block.rows, start=2):
            short = self.fonts.shorten(name, NAMES - 6, TINY)
            rows.append(
                [self.paragraph(short, "cell", size=TINY), *(words.number(c.count) if c.count else "·" for c in cells)]
            )
            for x, cell in enumerate(cells, start=1):
                ground, ink = shade(LIGHT, cell.level, right=cell.right)
                grounds.append(("BACKGROUND", (x, y), (x, y), HexColor(ground)))
                grounds.append(("TEXTCOLOR", (x, y), (x, y), HexColor(ink)))
        looks = [
            ("FONT", (1, 1), (-1, -1), self.fonts.main, size),
            ("TEXTCOLOR", (1, 1), (-1, 1), HexColor(LIGHT["muted"])),
            ("ALIGN", (1, 0), (-1, -1), "CENTER"),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("VALIGN", (0, 1), (-1, 1), "BOTTOM"),
            *_padding(1),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("TOPPADDING", (0, 2), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 2), (-1, -1), 3),
            ("GRID", (1, 2), (-1, -1), 1, HexColor(LIGHT["surface"])),
        ]
        table = _table(rows, [NAMES, *[edge] * columns], [*looks, *grounds], heads=2)
        table.hAlign = "LEFT"
        return [table, Spacer(1, 10)]

    def _fitting(self, texts: Sequence[str], edge: float) -> float:
        """The size at which the widest number still fits into a cell."""
        widest = max(self.fonts.width(text, 1) for text in texts)
        return min(8.0, max(4.0, (edge - 3) / widest))

    def _chart(self, block: content.Chart) -> list[Flowable]:
        picture = drawing(block.scene, CHART * self.width, self.fonts.main)
        return [self.paragraph(block.words), picture, Spacer(1, 8)]


# --- drawings ---------------------------------------------------------------------------


def drawing(scene: Scene, width: float, font: str = "") -> shapes.Drawing:
    """A scene at a width in points."""
    scale = width / scene.width
    made = shapes.Drawing(width, scene.height * scale)
    # Points count from the bottom here.
    group = shapes.Group(transform=(scale, 0, 0, -scale, 0, scene.height * scale))
    for shape in scene.shapes:
        if isinstance(shape, Label):
            made.add(_text(shape, scale, scene.height, font))
        else:
            group.add(_mark(shape))
    made.insert(0, group)
    return made


def _mark(shape: Shape) -> shapes.Shape:
    ink = HexColor(LIGHT[shape.colour])
    match shape:
        case Line(x1, y1, x2, y2, _, width, dashed):
            return shapes.Line(x1, y1, x2, y2, **_pen(ink, width, dashed=dashed))
        case Stroke(points, _, width, dashed):
            return shapes.PolyLine([v for point in points for v in point], **_pen(ink, width, dashed=dashed))
        case Box(x, y, width, height):
            return shapes.Rect(x, y, width, height, fillColor=ink, strokeColor=None)
        case Dot(x, y, radius):
            return shapes.Circle(x, y, radius, fillColor=ink, strokeColor=None)
    raise TypeError(type(shape))


def _pen(ink: HexColor, width: float, *, dashed: bool) -> dict[str, Any]:
    return {"strokeColor": ink, "strokeWidth": width, "strokeLineCap": 1, "strokeDashArray": [4, 3] if dashed else None}


def _text(label: Label, scale: float, height: float, font: str) -> shapes.String:
    return shapes.String(
        label.x * scale,
        (height - label.y) * scale,
        label.text,
        fontName=font,
        fontSize=label.size * scale,
        fillColor=HexColor(LIGHT[label.colour]),
        textAnchor=label.anchor,
    )


# --- styles -------------------------------------------------------------------------------


def _style(
    font: str,
    size: float,
    colour: str,
    *,
    before: float = 0,
    after: float = 0,
    leading: float = 1.4,
    keep: bool = False,
) -> ParagraphStyle:
    return ParagraphStyle(
        f"{font}-{size}-{colour}",
        fontName=font,
        fontSize=size,
        leading=leading * size,
        textColor=HexColor(LIGHT[colour]),
        spaceBefore=before,
        spaceAfter=after,
    )


def _ruled() -> list[tuple[Any, ...]]:
    """A hairline under each row, the first column flush with the text above the table."""
    return [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, HAIRLINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-2, -1), 10),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), PAD),
        ("BOTTOMPADDING", (0, 0), (-1, -1), PAD),
    ]


def _padding(points: float) -> list[tuple[Any, ...]]:
    return [(f"{side}PADDING", (0, 0), (-1, -1), points) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]


def _table(rows: list[list[Any]], widths: list[float], style: Sequence[tuple[Any, ...]], heads: int = 0) -> Table:
    """heads: rows that are repeated on each page. A row that is higher than a page is split."""
    return Table(rows, colWidths=widths, style=list(style), repeatRows=heads, splitInRow=1)
