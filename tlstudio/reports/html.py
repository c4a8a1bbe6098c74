"""A report as one web page: no script, nothing from outside, good on a dark screen and on A4 paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tlstudio.domain.safe_text import visible
from tlstudio.reports import words
from tlstudio.reports.colours import DARK, LEVELS, LIGHT, shade
from tlstudio.reports.content import Report
from tlstudio.reports.scene import Box, Dot, Label, Line, Scene, Stroke

TEMPLATES = Path(__file__).parent / "templates"


def render_html(report: Report) -> str:
    """The whole page. Every text is escaped by the template engine, so names can't become markup."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals.update(svg=_svg, interval=words.interval, number=words.number, variables=_variables)
    page = environment.get_template("page.html").render(report=report, light=LIGHT, dark=DARK, style=_style())
    return visible(page, lines=True)


def _style() -> Markup:
    """The program's own style sheet, and the shades of matrix cells as variables of the ground."""
    lines = [(TEMPLATES / "style.css").read_text(encoding="utf-8")]
    for kind in "rw":
        for level in range(LEVELS + 1):
            name = f"{kind}{level}"
            lines.append(f".{name} {{ background: var(--{name}); color: var(--{name}-ink); }}")
    return Markup("\n".join(lines))


def _variables(colours: dict[str, str]) -> Markup:
    values = dict(colours)
    for kind, right in (("r", True), ("w", False)):
        for level in range(LEVELS + 1):
            values[f"{kind}{level}"], values[f"{kind}{level}-ink"] = shade(colours, level, right=right)
    return Markup(" " + " ".join(f"--{name.replace('_', '-')}: {value};" for name, value in values.items()) + " ")


# --- drawings -------------------------------------------------------------------


def _svg(scene: Scene, *, decoration: bool = False) -> Markup:
    """decoration: true where the same is written beside it."""
    told = Markup('aria-hidden="true"') if decoration else Markup('role="img" aria-label="{}"').format(scene.told)
    inside = Markup("".join(_SHAPES[type(shape)](shape) for shape in scene.shapes))
    return Markup('<svg viewBox="0 0 {} {}" {}>{}</svg>').format(_n(scene.width), _n(scene.height), told, inside)


def _line(s: Line) -> str:
    points = f'x1="{_n(s.x1)}" y1="{_n(s.y1)}" x2="{_n(s.x2)}" y2="{_n(s.y2)}"'
    return f"<line {points} {_pen(s.colour, s.width, dashed=s.dashed)}/>"


def _box(s: Box) -> str:
    size = f'x="{_n(s.x)}" y="{_n(s.y)}" width="{_n(s.width)}" height="{_n(s.height)}"'
    return f'<rect {size} fill="{_ink(s.colour)}"/>'


def _dot(s: Dot) -> str:
    return f'<circle cx="{_n(s.x)}" cy="{_n(s.y)}" r="{_n(s.radius)}" fill="{_ink(s.colour)}"/>'


def _stroke(s: Stroke) -> str:
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in s.points)
    return f'<polyline points="{points}" fill="none" {_pen(s.colour, s.width, dashed=s.dashed)}/>'


def _label(s: Label) -> str:
    place = f'x="{_n(s.x)}" y="{_n(s.y)}" font-size="{_n(s.size)}" text-anchor="{s.anchor}"'
    return f'<text {place} fill="{_ink(s.colour)}">{escape(s.text)}</text>'


_SHAPES: dict[type, Callable[[Any], str]] = {Line: _line, Box: _box, Dot: _dot, Stroke: _stroke, Label: _label}


def _pen(colour: str, width: float, *, dashed: bool) -> str:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'stroke="{_ink(colour)}" stroke-width="{_n(width)}" stroke-linecap="round"{dashes}'


def _ink(colour: str) -> str:
    return f"var(--{colour.replace('_', '-')})"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
