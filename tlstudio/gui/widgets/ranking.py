"""The comparison of models on the user's own images: one line each, best first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.results import Ranked
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.interval_bar import paint_interval

_ROW = 32
_FIGURES = 132
_TIME = 92
_SIZE = 72
_ROOM_FOR_SIZE = 600  # width below which the sizes give way
_NAME = 0.34


class Ranking(QWidget):
    """chosen: a line was clicked, or chosen with the arrow keys and Return or Space."""

    chosen = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._lines: list[tuple[str, Ranked]] = []
        self._current = 0
        self._selected = ""
        self._under = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_ranking(self, lines: Sequence[tuple[str, Ranked]], selected: str) -> None:
        """`lines`: (title for people, figures), best first; `selected`: the id of the chosen model."""
        self._lines, self._selected, self._current = list(lines), selected, 0
        self._name_it()
        self.updateGeometry()
        self.update()

    def set_selected(self, model: str) -> None:
        self._selected = model
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, _ROW * len(self._lines))

    def row_rect(self, number: int) -> QRect:
        return QRect(0, number * _ROW, self.width(), _ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        low = min((ranked.interval.low for _, ranked in self._lines), default=0.0)
        scale_from = max(0.0, int(low * 10) / 10 - 0.1)
        for number in range(len(self._lines)):
            self._paint_row(painter, number, scale_from)
        painter.end()

    def _paint_row(self, painter: QPainter, number: int, scale_from: float) -> None:
        title, ranked = self._lines[number]
        rect = self.row_rect(number)
        self._paint_ground(painter, rect, number)
        inner = rect.adjusted(theme.S, 0, -theme.S, 0)
        name = QRect(inner.x(), inner.y(), int(inner.width() * _NAME), inner.height())
        paint.text(painter, name, title, semibold=number == 0)
        size = QRect(inner.right() - _SIZE, inner.y(), _SIZE, inner.height())
        sized = inner.width() >= _ROOM_FOR_SIZE
        time = QRect((size.x() if sized else inner.right()) - _TIME, inner.y(), _TIME, inner.height())
        figures = QRect(time.x() - _FIGURES, inner.y(), _FIGURES, inner.height())
        bar = QRectF(name.right() + theme.S, inner.y(), figures.x() - name.right() - 2 * theme.S, inner.height())
        if bar.width() > 40:
            paint_interval(painter, bar, ranked.interval, scale_from)
        right = Qt.AlignmentFlag.AlignRight
        paint.text(painter, figures, ranked.interval.percent(), tabular=True, align=right)
        muted = theme.colour("muted")
        paint.text(painter, time, messages.duration(ranked.seconds), muted, tabular=True, align=right)
        if sized and ranked.bytes:
            paint.text(painter, size, messages.size(ranked.bytes), muted, tabular=True, align=right)

    def _paint_ground(self, painter: QPainter, rect: QRect, number: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self._lines[number][1].model == self._selected
        focused = self.hasFocus() and number == self._current
        if chosen or focused or number == self._under:
            painter.setPen(QPen(theme.colour("accent"), 2) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent_soft" if chosen else "hover"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._lines:
            step = 1 if key == Qt.Key.Key_Down else -1
            self._current = max(0, min(self._current + step, len(self._lines) - 1))
            self._name_it()
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._lines:
            self.chosen.emit(self._lines[self._current][1].model)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._under = int(event.position().y()) // _ROW
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = -1
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = int(event.position().y()) // _ROW
        if 0 <= number < len(self._lines):
            self._current = number
            self.chosen.emit(self._lines[number][1].model)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _name_it(self) -> None:
        if self._lines:
            title, ranked = self._lines[self._current]
            figures = f"{ranked.interval.percent()}, {messages.size(ranked.bytes)}"
            self.setAccessibleName(f"Place {self._current + 1}: {title}, {figures}")
