"""Curves of several runs in one frame, each in a colour of its own with its name at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 36, 24
_LINE = 18


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
        frame = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        shares = [share for c in self._curves for _, share in c.points]
        shares += [c.reached.value for c in self._curves if c.reached is not None]
        low = max(0.0, int((min(shares, default=0.5) - 0.04) * 10) / 10)
        last = max([epoch for c in self._curves for epoch, _ in c.points], default=2)

        def place(epoch: float, share: float) -> QPointF:
            x = frame.left() + frame.width() * (epoch - 1) / max(1, last - 1)
            return QPointF(x, frame.bottom() - frame.height() * (share - low) / (1 - low))

        self._grid(painter, frame, low)
        left = float(_LEFT)
        for number, curve in enumerate(self._curves):
            colour = theme.class_colour(number)
            left = self._legend(painter, curve.name, colour, left)
            points: Sequence[tuple[float, float]] = curve.points
            if not points and curve.reached is not None:
                points = ((1, curve.reached.value), (last, curve.reached.value))
            self._one(painter, colour, [place(*point) for point in points], dashed=not curve.points)
        painter.end()

    def _grid(self, painter: QPainter, frame: QRectF, low: float) -> None:
        step = 0.05 if low >= 0.75 else 0.1 if low >= 0.5 else 0.25
        tick = 1.0
        while tick >= low - 1e-9:
            y = frame.bottom() - frame.height() * (tick - low) / (1 - low)
            painter.setPen(QPen(theme.colour("hairline"), 1))
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
            area = QRectF(0, y - _LINE / 2, _LEFT - theme.S, _LINE).toRect()
            words, muted = messages.percent(tick), theme.colour("muted")
            right = Qt.AlignmentFlag.AlignRight
            paint.text(painter, area, words, muted, size=theme.TEXT_SECONDARY, tabular=True, align=right)
            tick -= step

    def _legend(self, painter: QPainter, name: str, colour: QColor, left: float) -> float:
        painter.setPen(QPen(colour, 3))
        painter.drawLine(QPointF(left, _LINE / 2), QPointF(left + theme.L, _LINE / 2))
        width = paint.text_width(name, size=theme.TEXT_SECONDARY)
        area = QRectF(left + theme.L + theme.XS, 0, width + theme.S, _LINE).toRect()
        paint.text(painter, area, name, size=theme.TEXT_SECONDARY)
        return left + theme.L + width + theme.L

    def _one(self, painter: QPainter, colour: QColor, line: list[QPointF], *, dashed: bool) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if dashed:
            painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF(line))
            return
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        if len(line) == 1:
            painter.setBrush(colour)
            painter.drawEllipse(line[0], 2, 2)
        elif line:
            painter.drawPolyline(QPolygonF(line))
