"""What the parts of a live chart have in common: a line on its own scale, and names beside it that do not cover each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from tlstudio.gui import theme
from tlstudio.gui.widgets import paint

RIGHT = 92  # room right of a frame for the names of its lines
HEADROOM = 1.08  # of the highest value, so that no line touches the caption


@dataclass(frozen=True)
class Line:
    """token: its colour. values: (epoch, value). name: stands at its end; empty for none."""

    name: str
    token: str
    values: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class End:
    """A figure beside the frame, wanted at height `y`."""

    y: float
    words: str
    token: str
    semibold: bool = False


def paint_ends(painter: QPainter, frame: QRectF, ends: Sequence[End]) -> None:
    """Writes figures into the room at the right of the frame, kept apart where they would meet."""
    ordered = sorted(ends, key=lambda end: end.y)
    for end, y in zip(ordered, apart([end.y for end in ordered], paint.LINE - 2), strict=True):
        area = QRectF(frame.right() + theme.S, y - paint.LINE / 2, RIGHT - theme.S, paint.LINE).toRect()
        colour = theme.colour(end.token)
        paint.text(painter, area, end.words, colour, size=theme.TEXT_SECONDARY, semibold=end.semibold)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Rising places moved as little as need be until neighbours are `gap` from each other; those that touch stay centred."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _top(groups[-1], gap) < _foot(groups[-2], gap) + gap:
            last = groups.pop()
            groups[-1] += last
    return [_top(group, gap) + gap * n for group in groups for n in range(len(group))]


def _top(group: list[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _foot(group: list[float], gap: float) -> float:
    return _top(group, gap) + gap * (len(group) - 1)


def paint_lane(
    painter: QPainter,
    frame: QRectF,
    caption: str,
    lines: Sequence[Line],
    *,
    x: Callable[[float], float],
    figure: Callable[[float], str],
) -> None:
    """A small chart from 0 to the highest value, its caption above. x: where an epoch stands. figure: how a value is written."""
    high = max((value for line in lines for _, value in line.values), default=0.0) or 1.0

    def y(value: float) -> float:
        return frame.bottom() - frame.height() * value / (high * HEADROOM)

    paint.grid_line(painter, frame, frame.bottom(), "0")
    paint.grid_line(painter, frame, y(high), figure(high))
    over = QRectF(frame.left(), frame.top() - paint.LINE - 2, frame.width(), paint.LINE).toRect()
    muted: QColor = theme.colour("muted")
    paint.text(painter, over, caption, muted, size=theme.TEXT_SECONDARY)
    ends = []
    for line in lines:
        course = [QPointF(x(epoch), y(value)) for epoch, value in line.values]
        if course:
            paint.curve(painter, course, theme.colour(line.token), 1.5)
            if line.name:
                ends.append(End(course[-1].y(), line.name, line.token))
    paint_ends(painter, frame, ends)
