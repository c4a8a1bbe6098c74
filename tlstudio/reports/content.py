"""What a report is made of. Both renderers draw this one value, so a web page and a PDF can't disagree.

All text is plain: no markup of either format. Every block names its `kind`, by which the renderers find how to draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import ClassVar

from tlstudio.domain.values import Interval
from tlstudio.reports.scene import Scene


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences. tone: `plain`, `muted`, or `good`, `caution` and `bad` for what must not be overlooked."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that matters: `value` large, `words` what it means, `basis` what it was counted on."""

    caption: str
    value: str
    words: str
    basis: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Up to three numbers side by side."""

    kind: ClassVar[str] = "figures"
    items: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Captions and what belongs to them, one a row."""

    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """share: of the table's width, relative to its other columns."""

    title: str
    share: float = 1.0
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text. last_is_sum: the last row adds the others up."""

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    last_is_sum: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval and the number of images it was counted on; None where there was none to count."""

    interval: Interval | None
    n: int
    bar: Scene


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows of shares, each drawn as a bar on a scale from 0 to 100 % and written as text."""

    kind: ClassVar[str] = "shares"
    head: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Share, ...]], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a matrix. level: 0 … 10, the share of its row in tenths; right: on the diagonal."""

    count: int
    level: int
    right: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """A part of the table of labels (rows) and predictions (columns) that is narrow enough for a page.

    title: stands over the columns. columns: headings, numbers where names would not fit; rows carry the numbers then, too.
    """

    kind: ClassVar[str] = "matrix"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with the sentence that says how to read it."""

    kind: ClassVar[str] = "chart"
    words: str
    scene: Scene


Block = Paragraph | Heading | Bullets | Figures | Facts | Table | Shares | Matrix | Chart


@dataclass(frozen=True, slots=True)
class Section:
    """key: stable name for links inside the page. holds: what the section is about, in one line."""

    key: str
    title: str
    holds: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. title: the project's name. made: the day, for people. subtitle, footer: one line each."""

    title: str
    subtitle: str
    made: str
    footer: str
    sections: tuple[Section, ...]

    def texts(self) -> list[str]:
        """Everything that is written anywhere in the report (and the names of colours), for choosing fonts."""
        found: list[str] = []
        _collect(self, found)
        return found


def _collect(value: object, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, tuple):
        for item in value:
            _collect(item, found)
    elif is_dataclass(value):
        for each in fields(value):
            _collect(getattr(value, each.name), found)
