"""Drawings as lists of shapes, which the web page writes as SVG and the PDF as its own marks.

Lengths are points (1/72 inch); the origin is at the top left, y points down. Colours are names of `colours.LIGHT`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    colour: str = "hairline"
    width: float = 0.75
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float
    colour: str = "accent"


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through points (x, y)."""

    points: tuple[tuple[float, float], ...]
    colour: str = "accent"
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """Text on its baseline at (x, y). anchor: `start`, `middle` or `end`. Never a name given by the user: it can't wrap."""

    x: float
    y: float
    text: str
    colour: str = "muted"
    anchor: str = "middle"
    size: float = 8.0


Shape = Line | Box | Dot | Stroke | Label


@dataclass(frozen=True, slots=True)
class Scene:
    """told: the drawing in words, for those who do not see it."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    told: str
