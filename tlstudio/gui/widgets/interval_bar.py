"""An estimate with its interval on a scale from 0 to 100 %."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import theme

_HEIGHT = 16


class IntervalBar(QWidget):
    """A quiet track, the interval as a band and the estimate as a dot; the scale may begin above 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._interval: Interval | None = None
        self._from = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_interval(self, interval: Interval | None, scale_from: float = 0.0) -> None:
        """`scale_from`: the share at the left end; several bars to be compared get the same."""
        self._interval, self._from = interval, scale_from
        self.setAccessibleName("" if interval is None else interval.percent())
        self.setToolTip("" if interval is None else interval.percent())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(48, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_interval(painter, QRectF(self.rect()), self._interval, self._from)
        painter.end()


def paint_interval(painter: QPainter, rect: QRectF, interval: Interval | None, scale_from: float = 0.0) -> None:
    """Draws the bar into `rect`, vertically in its middle."""
    inset = 5.0
    width = rect.width() - 2 * inset
    middle = rect.center().y()

    def x(share: float) -> float:
        place = (share - scale_from) / max(1e-6, 1.0 - scale_from)
        return rect.x() + inset + width * max(0.0, min(1.0, place))

    painter.setPen(QPen(theme.colour("hairline"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(rect.x() + inset, middle), QPointF(rect.x() + inset + width, middle))
    if interval is None:
        return
    band = theme.colour("accent")
    band.setAlphaF(0.45)
    painter.setPen(QPen(band, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(x(interval.low), middle), QPointF(x(interval.high), middle))
    painter.setPen(QPen(theme.colour("surface"), 1))
    painter.setBrush(theme.colour("accent"))
    painter.drawEllipse(QPointF(x(interval.value), middle), 5, 5)
