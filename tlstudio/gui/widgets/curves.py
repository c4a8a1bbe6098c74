"""Curves of several runs in one frame, each in a colour of its own with its name above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.chart_lanes import LOSS, RATE, Line, paint_epochs, paint_lane, parts

_RIGHT, _TOP = 16, 36

Course = tuple[tuple[int, float], ...]  # (epoch, value)


@dataclass(frozen=True, slots=True)
class Curve:
    """name: told in the legend. points: accuracy 0 … 1. reached: a dashed line where there are no points. losses: in nats; they
    and the accuracies are those of the validation images.
    """

    name: str
    points: Course
    reached: Interval | None
    losses: Course = ()
    rates: Course = ()


class Curves(QWidget):
    """Accuracy, loss and learning rate by epoch. The legend stands above, so that long names cost no width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: list[Curve] = []
        self._last = 2  # the epoch at the right edge
        self.setMinimumHeight(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        self._curves = list(curves)
        self._last = max([2, *(epoch for c in self._curves for epoch, _ in c.points)])
        told = [f"{c.name}: {messages.percent(c.reached.value)}" for c in self._curves if c.reached is not None]
        self.setAccessibleDescription(". ".join(told))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 300)

    def _x(self, epoch: float) -> float:
        return paint.AXIS + (self.width() - paint.AXIS - _RIGHT) * (epoch - 1) / (self._last - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = float(paint.AXIS)
        for number, curve in enumerate(self._curves):
            left = _legend(painter, curve.name, theme.class_colour(number), left)
        rates = any(c.rates for c in self._curves)
        accuracy, *below = parts(self.width(), self.height(), top=_TOP, right=_RIGHT, rates=rates)
        if any(c.points for c in self._curves):
            self._paint_lanes(painter, below)
            paint_epochs(painter, below[-1], self._last, self._x)
        else:
            accuracy.setBottom(below[-1].bottom())  # nothing but first results: nothing has a course
        self._paint_accuracy(painter, accuracy)
        painter.end()

    def _paint_accuracy(self, painter: QPainter, frame: QRectF) -> None:
        shares = [share for c in self._curves for _, share in c.points]
        shares += [c.reached.value for c in self._curves if c.reached is not None]
        low = max(0.0, int((min(shares, default=0.5) - 0.04) * 10) / 10)
        paint.share_grid(painter, frame, low, 1.0)
        for number, curve in enumerate(self._curves):
            points: Sequence[tuple[float, float]] = curve.points
            if not points and curve.reached is not None:
                points = ((1, curve.reached.value), (self._last, curve.reached.value))
            places = [QPointF(self._x(e), frame.bottom() - frame.height() * (s - low) / (1 - low)) for e, s in points]
            paint.curve(painter, places, theme.class_colour(number), 2, dashed=not curve.points)

    def _paint_lanes(self, painter: QPainter, frames: Sequence[QRectF]) -> None:
        losses = [Line("", theme.class_colour(n), c.losses) for n, c in enumerate(self._curves)]
        paint_lane(painter, frames[0], LOSS, losses, x=self._x, figure=lambda value: f"{value:.1f}")
        if len(frames) > 1:
            rates = [Line("", theme.class_colour(n), c.rates) for n, c in enumerate(self._curves)]
            paint_lane(painter, frames[1], RATE, rates, x=self._x, figure=messages.small)


def _legend(painter: QPainter, name: str, colour: QColor, left: float) -> float:
    """A stroke and the name; returns where the next one begins."""
    painter.setPen(QPen(colour, 3))
    painter.drawLine(QPointF(left, paint.LINE / 2), QPointF(left + theme.L, paint.LINE / 2))
    width = paint.text_width(name, size=theme.TEXT_SECONDARY)
    area = QRectF(left + theme.L + theme.XS, 0, width + theme.S, paint.LINE).toRect()
    paint.text(painter, area, name, size=theme.TEXT_SECONDARY)
    return left + theme.L + width + theme.L
