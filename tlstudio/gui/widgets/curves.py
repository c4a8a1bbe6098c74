"""Curves of several runs in one frame, each in a colour of its own with its name at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint

_RIGHT, _TOP, _BOTTOM = 16, 36, 24


@dataclass(frozen=True, slots=True)
class Curve:
    """name: told in the legend. points: (epoch, accuracy 0 … 1). reached: a dashed line where there are no points."""

    name: str
    points: tuple[tuple[int, float], ...]
    reached: Interval | None


class Curves(QWidget):
    """Accuracy by epoch. The legend stands above, so that long names cost no width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: list[Curve] = []
        self.setMinimumHeight(140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        self._curves = list(curves)
        told = [f"{c.name}: {messages.percent(c.reached.value)}" for c in self._curves if c.reached is not None]
        self.setAccessibleDescription(". ".join(told))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 240)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(paint.AXIS, _TOP, self.width() - paint.AXIS - _RIGHT, self.height() - _TOP - _BOTTOM)
        shares = [share for c in self._curves for _, share in c.points]
        shares += [c.reached.value for c in self._curves if c.reached is not None]
        low = max(0.0, int((min(shares, default=0.5) - 0.04) * 10) / 10)
        last = max([epoch for c in self._curves for epoch, _ in c.points], default=2)

        def place(epoch: float, share: float) -> QPointF:
            x = frame.left() + frame.width() * (epoch - 1) / max(1, last - 1)
            return QPointF(x, frame.bottom() - frame.height() * (share - low) / (1 - low))

        paint.share_grid(painter, frame, low, 1.0)
        left = float(paint.AXIS)
        for number, curve in enumerate(self._curves):
            colour = theme.class_colour(number)
            left = self._legend(painter, curve.name, colour, left)
            points: Sequence[tuple[float, float]] = curve.points
            if not points and curve.reached is not None:
                points = ((1, curve.reached.value), (last, curve.reached.value))
            paint.curve(painter, [place(*point) for point in points], colour, 2, dashed=not curve.points)
        painter.end()

    def _legend(self, painter: QPainter, name: str, colour: QColor, left: float) -> float:
        painter.setPen(QPen(colour, 3))
        painter.drawLine(QPointF(left, paint.LINE / 2), QPointF(left + theme.L, paint.LINE / 2))
        width = paint.text_width(name, size=theme.TEXT_SECONDARY)
        area = QRectF(left + theme.L + theme.XS, 0, width + theme.S, paint.LINE).toRect()
        paint.text(painter, area, name, size=theme.TEXT_SECONDARY)
        return left + theme.L + width + theme.L
