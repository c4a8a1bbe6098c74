"""A few shares one below the other, as bars from 0 to 100 % with their intervals: the last one is what the others are beside."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import Interval
from tlstudio.gui import theme
from tlstudio.gui.widgets import paint

_ROW = 32
_BAR = 12
_CAP = 4  # half the height of an interval's ends
_LEAST_BAR = 80


class ComparisonBars(QWidget):
    """Captions at the left, figures at the right, both as wide as they need; the bars take what is left."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._lines: tuple[tuple[str, Interval], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: Sequence[tuple[str, Interval]]) -> None:
        """(caption, share) from top to bottom; the last line is set off."""
        self._lines = tuple(lines)
        told = ", ".join(f"{caption}: {share.percent()}" for caption, share in lines)
        self.setAccessibleName(told)
        self.setToolTip("")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        captions, figures = self._widths()
        return QSize(captions + 240 + figures + 2 * theme.M, _ROW * len(self._lines))

    def minimumSizeHint(self) -> QSize:
        captions, figures = self._widths()
        return QSize(captions + _LEAST_BAR + figures + 2 * theme.M, _ROW * len(self._lines))

    def _widths(self) -> tuple[int, int]:
        captions = max((paint.text_width(caption, semibold=True) for caption, _ in self._lines), default=0)
        figures = max(
            (paint.text_width(share.percent(), semibold=True, tabular=True) for _, share in self._lines), default=0
        )
        return captions + 2, figures + 2

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        captions, figures = self._widths()
        left, right = captions + theme.M, self.width() - figures - theme.M
        for number, (caption, share) in enumerate(self._lines):
            last = number == len(self._lines) - 1
            row = QRect(0, number * _ROW, self.width(), _ROW)
            colour = theme.colour("text" if last else "muted")
            paint.text(painter, QRect(0, row.y(), captions, _ROW), caption, colour, semibold=last)
            self._paint_bar(painter, QRectF(left, row.y(), max(0, right - left), _ROW), share, last=last)
            place = QRect(self.width() - figures, row.y(), figures, _ROW)
            align = Qt.AlignmentFlag.AlignRight
            paint.text(painter, place, share.percent(), colour, semibold=last, tabular=True, align=align)
        painter.end()

    @staticmethod
    def _paint_bar(painter: QPainter, row: QRectF, share: Interval, *, last: bool) -> None:
        middle = row.center().y()
        track = QRectF(row.x(), middle - _BAR / 2, row.width(), _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(track, 3, 3)
        painter.setBrush(theme.colour("accent" if last else "border"))
        filled = QRectF(track)
        filled.setWidth(max(3.0, track.width() * share.value))
        painter.drawRoundedRect(filled, 3, 3)
        low, high = (track.x() + track.width() * end for end in (share.low, share.high))
        # Twice: a light line under the dark one keeps it apart from the bar that it crosses.
        for colour, width in (("surface", 4.0), ("text", 1.5)):
            painter.setPen(QPen(theme.colour(colour), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(low, middle), QPointF(high, middle))
            for end in (low, high):
                painter.drawLine(QPointF(end, middle - _CAP), QPointF(end, middle + _CAP))
