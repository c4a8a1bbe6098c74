"""What a threshold buys and what it costs: the share of a class that is found, and of the others that are left alone."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.operating import WINS, ThresholdCurve
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint

_RIGHT, _TOP, _BOTTOM = 24, 32, 48
_EDGE = 0.001  # probabilities under this are drawn at the left edge, and those from WINS on at the right one
_WIDTH = math.log((1 - _EDGE) / _EDGE)  # of the scale: the odds of WINS are even
_TICKS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5)


class Text:
    """Words in the chart."""

    found, quiet = "{name} found", "Others left alone"
    axis = "Threshold: flagged from this probability of {name} on"
    reading = "From {threshold} on: {shares}"
    found_share, quiet_share = "{share} found", "{share} of the others left alone"
    described = "Thresholds for {name}. {reading}."


class ThresholdChart(QWidget):
    """Two stepped curves over the threshold, which is drawn by its odds, so that 1 % and 2 % are as far apart as they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve = ThresholdCurve((), (), ())
        self._name = ""
        self._threshold: float | None = None
        self._under: float | None = None  # the threshold under the mouse
        self.setMouseTracking(True)
        self.setMinimumHeight(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curve(self, curve: ThresholdCurve, name: str) -> None:
        self._curve, self._name, self._under = curve, name, None
        self._describe()

    def set_threshold(self, threshold: float | None) -> None:
        """The threshold that is chosen now."""
        self._threshold = threshold
        self._describe()

    def reading(self, threshold: float) -> str:
        """What the curves say of one threshold, in words."""
        shares = [
            words.format(share=messages.percent(value))
            for words, values in (
                (Text.found_share, self._curve.sensitivity),
                (Text.quiet_share, self._curve.specificity),
            )
            if (value := self._at(values, threshold)) is not None
        ]
        return Text.reading.format(threshold=messages.probability(threshold), shares=", ".join(shares))

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def _describe(self) -> None:
        words = "" if self._threshold is None else self.reading(self._threshold)
        self.setAccessibleName(Text.described.format(name=isolated(self._name), reading=words) if words else self._name)
        self.update()

    def _at(self, values: Sequence[float], threshold: float) -> float | None:
        """A value holds up to and including its own threshold."""
        if not values:
            return None
        return values[min(bisect_left(self._curve.thresholds, threshold), len(values) - 1)]

    # --- the mouse ------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        frame = self._frame()
        place = (event.position().x() - frame.left()) / max(1.0, frame.width())
        self._under = _probability(place) if 0 <= place <= 1 else None
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = None
        self.update()

    # --- painting -------------------------------------------------------------------

    def _frame(self) -> QRectF:
        return QRectF(paint.AXIS, _TOP, self.width() - paint.AXIS - _RIGHT, self.height() - _TOP - _BOTTOM)

    def _x(self, threshold: float) -> float:
        frame = self._frame()
        return frame.left() + frame.width() * _place(threshold)

    def _y(self, share: float) -> float:
        frame = self._frame()
        return frame.bottom() - frame.height() * share

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._curve.thresholds:
            self._paint_axes(painter)
            self._paint_curve(painter, self._curve.specificity, "muted", 1.5)
            self._paint_curve(painter, self._curve.sensitivity, "accent", 2.5)
            self._paint_legend(painter)
            self._paint_threshold(painter)
        painter.end()

    def _paint_axes(self, painter: QPainter) -> None:
        frame = self._frame()
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            paint.grid_line(painter, frame, self._y(share), messages.percent(share))
        middle, muted = Qt.AlignmentFlag.AlignHCenter, theme.colour("muted")
        for tick in _TICKS:
            x = self._x(tick)
            painter.setPen(QPen(theme.colour("hairline"), 1))
            painter.drawLine(QPointF(x, frame.bottom()), QPointF(x, frame.bottom() + theme.XS))
            area = QRectF(x - 30, frame.bottom() + theme.XS, 60, paint.LINE).toRect()
            paint.text(
                painter, area, messages.probability(tick), muted, size=theme.TEXT_SECONDARY, tabular=True, align=middle
            )
        caption = QRectF(frame.left(), frame.bottom() + theme.XL, frame.width(), paint.LINE).toRect()
        words = Text.axis.format(name=isolated(self._name))
        paint.text(painter, caption, words, muted, size=theme.TEXT_SECONDARY, align=middle)

    def _paint_curve(self, painter: QPainter, values: Sequence[float], token: str, width: float) -> None:
        if not values:
            return
        line = [QPointF(self._x(0.0), self._y(values[0]))]
        for before, threshold, value in zip(
            (0.0, *self._curve.thresholds), self._curve.thresholds, values, strict=False
        ):
            for x, y in ((self._x(before), self._y(value)), (self._x(threshold), self._y(value))):
                if (
                    abs(x - line[-1].x()) >= 0.5 or abs(y - line[-1].y()) >= 0.5
                ):  # what no eye can tell apart is one point
                    line.append(QPointF(x, y))
        paint.curve(painter, line, theme.colour(token), width)

    def _paint_legend(self, painter: QPainter) -> None:
        """Above the frame: a stroke as wide as its curve, and its name."""
        left = self._frame().left()
        for token, width, words, values in (
            ("accent", 2.5, Text.found.format(name=isolated(self._name)), self._curve.sensitivity),
            ("muted", 1.5, Text.quiet, self._curve.specificity),
        ):
            if not values:
                continue
            painter.setPen(QPen(theme.colour(token), width))
            painter.drawLine(QPointF(left, theme.M), QPointF(left + theme.XL, theme.M))
            left += theme.XL + theme.S
            room = min(paint.text_width(words, size=theme.TEXT_SECONDARY) + theme.XS, self.width() / 2)
            area = QRectF(left, theme.M - paint.LINE / 2, room, paint.LINE).toRect()
            paint.text(painter, area, words, theme.colour(token), size=theme.TEXT_SECONDARY)
            left += room + theme.L

    def _paint_threshold(self, painter: QPainter) -> None:
        """The chosen threshold as a dashed line with a dot on each curve; the one under the mouse in words."""
        frame = self._frame()
        if self._threshold is not None:
            x = self._x(self._threshold)
            painter.setPen(QPen(theme.colour("text"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            for token, values in (("muted", self._curve.specificity), ("accent", self._curve.sensitivity)):
                share = self._at(values, self._threshold)
                if share is not None:
                    painter.setPen(QPen(theme.colour(token), 2))
                    painter.setBrush(theme.colour("surface"))
                    painter.drawEllipse(QPointF(x, self._y(share)), 5, 5)
        if self._under is not None:
            self._paint_reading(painter, self._under)

    def _paint_reading(self, painter: QPainter, threshold: float) -> None:
        frame, x = self._frame(), self._x(threshold)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        words = self.reading(threshold)
        width = paint.text_width(words, size=theme.TEXT_SECONDARY) + theme.L
        left = max(frame.left(), min(x - width / 2, frame.right() - width))
        box = QRectF(left, frame.bottom() - theme.XXL, width, paint.LINE + theme.XS)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(box, theme.XS, theme.XS)
        paint.text(painter, box.toRect(), words, size=theme.TEXT_SECONDARY, align=Qt.AlignmentFlag.AlignHCenter)


def _place(share: float) -> float:
    """Where a probability lies between the left edge, 0, and the right one, 1, on the scale of odds."""
    inside = min(max(share, _EDGE), WINS)
    return 1 + math.log(inside / (1 - inside)) / _WIDTH


def _probability(place: float) -> float:
    """The inverse of `_place`."""
    return 1 / (1 + math.exp(_WIDTH * (1 - place)))
