"""The loss over the learning rate, whose axis is logarithmic: where it falls, where it rises, and what that suggests."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.rates import RateCurve, plain
from tlstudio.gui import theme
from tlstudio.gui.widgets import paint

_RIGHT, _TOP, _BOTTOM = 12, 64, 40
_ABOVE = 1.15  # of the loss at the start: what is higher leaves the chart at its top
_TICK_WIDTH = 64


class Text:
    """Words in the chart."""

    loss, rate = "Loss (lower is better)", "Learning rate"
    suggested, usual = "suggested {rate}", "usual {rate}"
    described = "Loss over the learning rate: {start:.2f} at first, least {least:.2f} at a rate of {rate}. {sentence}"


class RateChart(QWidget):
    """Empty until `show_curve`."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._curve: RateCurve | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_curve(self, curve: RateCurve | None) -> None:
        self._curve = curve
        words = ""
        if curve is not None:
            least = min(range(len(curve.losses)), key=curve.losses.__getitem__)
            words = Text.described.format(
                start=curve.start, least=curve.losses[least], rate=plain(curve.rates[least]), sentence=curve.sentence
            )
        self.setAccessibleName(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(264, 216)

    # --- where things are ---------------------------------------------------------------

    def _frame(self) -> QRectF:
        return QRectF(paint.AXIS, _TOP, self.width() - paint.AXIS - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _place(self, curve: RateCurve, rate: float, loss: float) -> QPointF:
        frame = self._frame()
        first, last = math.log(curve.rates[0]), math.log(curve.rates[-1])
        low, high = self._losses(curve)
        across = (math.log(rate) - first) / max(1e-9, last - first)
        return QPointF(
            frame.left() + frame.width() * across, frame.bottom() - frame.height() * (loss - low) / (high - low)
        )

    @staticmethod
    def _losses(curve: RateCurve) -> tuple[float, float]:
        """The least and the highest loss that the chart shows."""
        least, high = min(curve.losses), _ABOVE * curve.start
        return least - 0.08 * (high - least), max(high, least + 1e-6)

    @staticmethod
    def loss_at(curve: RateCurve, rate: float) -> float:
        """On the line between the two steps around this rate."""
        after = next((i for i, each in enumerate(curve.rates) if each >= rate), len(curve.rates) - 1)
        before = max(0, after - 1)
        wide = math.log(curve.rates[after] / curve.rates[before])
        share = min(1.0, max(0.0, math.log(rate / curve.rates[before]) / wide)) if wide else 0.0
        return curve.losses[before] + share * (curve.losses[after] - curve.losses[before])

    # --- painting -------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        curve = self._curve
        if curve is None or not curve.rates:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axes(painter, curve)
        painter.save()
        painter.setClipRect(self._frame().adjusted(-2, -2, 2, 2))
        line = [self._place(curve, rate, loss) for rate, loss in zip(curve.rates, curve.losses, strict=True)]
        paint.curve(painter, line, theme.colour("text"), 2)
        painter.restore()
        self._paint_rate(painter, curve, curve.usual, "muted", Text.usual, row=1)
        if curve.suggested is not None:
            self._paint_rate(painter, curve, curve.suggested, "accent", Text.suggested, row=0)
        painter.end()

    def _paint_axes(self, painter: QPainter, curve: RateCurve) -> None:
        frame, muted = self._frame(), theme.colour("muted")
        low, high = self._losses(curve)
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 1e9) if (high - low) / s <= 4)
        tick = math.ceil(low / step) * step
        while tick <= high:
            digits = 2 if step < 0.1 else 1
            paint.grid_line(painter, frame, self._place(curve, curve.rates[0], tick).y(), f"{tick:.{digits}f}")
            tick += step
        middle = Qt.AlignmentFlag.AlignHCenter
        first, last = math.ceil(math.log10(curve.rates[0]) - 1e-9), math.floor(math.log10(curve.rates[-1]) + 1e-9)
        every = 1 if frame.width() > _TICK_WIDTH * (last - first + 1) else 2
        for exponent in range(last, first - 1, -1):
            x = self._place(curve, 10.0**exponent, low).x()
            painter.setPen(QPen(theme.colour("border"), 1))
            painter.drawLine(QPointF(x, frame.bottom()), QPointF(x, frame.bottom() + theme.XS))
            if (last - exponent) % every == 0 and x - _TICK_WIDTH / 2 >= 0:
                area = QRectF(x - _TICK_WIDTH / 2, frame.bottom() + theme.XS, _TICK_WIDTH, paint.LINE).toRect()
                words = plain(10.0**exponent)
                paint.text(painter, area, words, muted, size=theme.TEXT_SECONDARY, tabular=True, align=middle)
        paint.text(
            painter, QRectF(0, 0, self.width(), paint.LINE).toRect(), Text.loss, muted, size=theme.TEXT_SECONDARY
        )
        caption = QRectF(frame.left(), self.height() - paint.LINE, frame.width(), paint.LINE).toRect()
        paint.text(painter, caption, Text.rate, muted, size=theme.TEXT_SECONDARY, align=middle)

    def _paint_rate(
        self, painter: QPainter, curve: RateCurve, rate: float, token: str, words: str, *, row: int
    ) -> None:
        """A line at that rate, a ring on the curve, and its figure in a row of its own above the frame, where no line goes."""
        frame, colour = self._frame(), theme.colour(token)
        place = self._place(curve, rate, self.loss_at(curve, rate))
        top = _TOP - theme.XS - paint.LINE * (2 - row)
        solid = token == "accent"
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(place.x(), frame.top() - theme.XS), QPointF(place.x(), frame.bottom()))
        painter.setPen(QPen(colour, 2))
        painter.setBrush(theme.colour("surface"))
        painter.drawEllipse(place, 4, 4)
        shown = words.format(rate=plain(rate))
        width = paint.text_width(shown, size=theme.TEXT_SECONDARY, semibold=solid) + 2
        left = max(0.0, min(place.x() - width / 2, self.width() - width))
        area = QRectF(left, top, width, paint.LINE).toRect()
        paint.text(painter, area, shown, colour, size=theme.TEXT_SECONDARY, semibold=solid)
