"""What charts over epochs have in common: parts one above the other, lines on a scale of their own, and names that keep apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from tlstudio.gui import theme
from tlstudio.gui.widgets import paint

LOSS, RATE = "Loss (lower is better)", "Learning rate"
RIGHT = 112  # room right of a frame for the names of its lines
_BOTTOM = 24  # for the numbers of the epochs
_GAP = 28  # between two parts
_LOSS_SHARE, _RATE_SHARE = 0.26, 0.12
_LOSS_LEAST, _RATE_LEAST = 44.0, 26.0
_ROOM_FOR_RATE = 260  # height below which the learning rate gives way to the other two
HEADROOM = 1.08  # of the highest value, so that no line touches the caption


@dataclass(frozen=True)
class Line:
    """values: (epoch, value). name: stands at its end; empty for none."""

    name: str
    colour: QColor
    values: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class End:
    """A figure beside the frame, wanted at height `y`."""

    y: float
    words: str
    colour: QColor
    semibold: bool = False


def parts(width: float, height: float, *, top: float, right: float, rates: bool) -> list[QRectF]:
    """Frames without their captions, from above: accuracy, loss, and the learning rate where it is known and has room."""
    room = height - top - _BOTTOM
    small = [max(_LOSS_LEAST, room * _LOSS_SHARE)]
    if rates and height >= _ROOM_FOR_RATE:
        small.append(max(_RATE_LEAST, room * _RATE_SHARE))
    frames, start = [], top
    for each in (room - sum(small) - _GAP * len(small), *small):
        frames.append(QRectF(paint.AXIS, start, width - paint.AXIS - right, each))
        start += each + _GAP
    return frames


def paint_epochs(painter: QPainter, frame: QRectF, last: int, x: Callable[[float], float]) -> None:
    """Numbers below the frame, as many as fit. x: where an epoch stands."""
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000, 10_000) if last / s <= max(2.0, frame.width() / 48))
    middle, muted = Qt.AlignmentFlag.AlignHCenter, theme.colour("muted")
    for epoch in [1, *range(step if step > 1 else 2, last + 1, step)]:
        area = QRectF(x(epoch) - 24, frame.bottom() + 4, 48, paint.LINE).toRect()
        paint.text(painter, area, str(epoch), muted, size=theme.TEXT_SECONDARY, align=middle)


def paint_ends(painter: QPainter, frame: QRectF, ends: Sequence[End]) -> None:
    """Writes figures into the room at the right of the frame, kept apart where they would meet."""
    ordered, gap = sorted(ends, key=lambda end: end.y), paint.LINE - 2
    places = below(apart([end.y for end in ordered], gap), gap, top=paint.LINE / 2)
    for end, y in zip(ordered, places, strict=True):
        area = QRectF(frame.right() + theme.S, y - paint.LINE / 2, RIGHT - theme.S, paint.LINE).toRect()
        paint.text(painter, area, end.words, end.colour, size=theme.TEXT_SECONDARY, semibold=end.semibold)


def apart(places: Sequence[float], gap: float) -> list[float]:
    """Rising places moved as little as need be until neighbours are `gap` from each other; those that touch stay centred."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _top(groups[-1], gap) < _foot(groups[-2], gap) + gap:
            last = groups.pop()
            groups[-1] += last
    return [_top(group, gap) + gap * n for group in groups for n in range(len(group))]


def below(places: Sequence[float], gap: float, *, top: float) -> list[float]:
    """The same, none of them above `top`: those that give way push the next ones down."""
    placed: list[float] = []
    for place in places:
        placed.append(max(place, placed[-1] + gap if placed else top))
    return placed


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
            paint.curve(painter, course, line.colour, 1.5)
            if line.name:
                ends.append(End(course[-1].y(), line.name, line.colour))
    paint_ends(painter, frame, ends)
