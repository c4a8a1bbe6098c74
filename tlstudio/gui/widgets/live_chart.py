"""The course of a training: accuracy large above, loss small below.

Painted here with Qt alone. A plotting library would take about a second to load and 60 MB, on the window's own thread and
while both cores are training; this chart costs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint

_RIGHT, _TOP, _BOTTOM = 92, 12, 24
_GAP = 28  # between the two parts
_LOSS_SHARE = 0.28


class Text:
    """Words in the chart."""

    first = "First result {share}"
    accuracy = "Accuracy"
    loss_learning, loss_checking = "Training", "Validation"
    loss = "Loss (lower is better)"
    epoch = "Epoch {epoch}: accuracy {accuracy} · loss {train:.2f} training, {val:.2f} validation"
    described = "Accuracy after {epochs}: {last}, best {best}."
    waiting = "The curve begins when the first epoch is done."


@dataclass(frozen=True)
class Point:
    """One epoch: validation accuracy 0 … 1 and the two losses in nats."""

    epoch: int
    accuracy: float
    train_loss: float
    val_loss: float


class LiveChart(QWidget):
    """`add` one point an epoch; `placeholder` is said while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points: list[Point] = []
        self._first: float | None = None
        self._epochs = 0
        self._under: Point | None = None
        self.placeholder = Text.waiting
        self.setMouseTracking(True)
        self.setMinimumHeight(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._describe()

    @property
    def points(self) -> list[Point]:
        return self._points

    def clear(self, placeholder: str = Text.waiting) -> None:
        self._points, self._first, self._epochs, self._under = [], None, 0, None
        self.placeholder = placeholder
        self._describe()

    def set_first(self, accuracy: float | None) -> None:
        """The first result, a dashed line that the curve should rise above."""
        self._first = accuracy
        self._describe()

    def set_points(self, points: Sequence[Point], epochs: int) -> None:
        """All epochs so far; `epochs`: how many are planned."""
        self._points, self._epochs = list(points), epochs
        self._describe()

    def add(self, point: Point, epochs: int) -> None:
        self._points.append(point)
        self._epochs = epochs
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(480, 300)

    def _describe(self) -> None:
        words = self.placeholder
        if self._points:
            last, best = self._points[-1], max(self._points, key=lambda p: p.accuracy)
            words = Text.described.format(
                epochs=messages.count(len(self._points), "epoch"),
                last=messages.percent(last.accuracy),
                best=messages.percent(best.accuracy),
            )
        self.setAccessibleName(words)
        self.update()

    # --- the mouse ------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        near = min(self._points, key=lambda p: abs(self._x(p.epoch) - x), default=None)
        if near is not self._under:
            self._under = near
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = None
        self.update()

    # --- geometry ---------------------------------------------------------------------

    def _frames(self) -> tuple[QRectF, QRectF]:
        """The two parts without their captions: accuracy above, loss below."""
        width = self.width() - paint.AXIS - _RIGHT
        height = self.height() - _TOP - _BOTTOM - _GAP
        small = max(44.0, height * _LOSS_SHARE)
        return QRectF(paint.AXIS, _TOP, width, height - small), QRectF(
            paint.AXIS, self.height() - _BOTTOM - small, width, small
        )

    def _x(self, epoch: float) -> float:
        last = max(self._epochs, self._points[-1].epoch if self._points else 1, 2)
        return paint.AXIS + (self.width() - paint.AXIS - _RIGHT) * (epoch - 1) / (last - 1)

    def _accuracy_range(self) -> tuple[float, float]:
        values = [p.accuracy for p in self._points] + ([self._first] if self._first is not None else [])
        low = min(values, default=0.5)
        return max(0.0, int((low - 0.04) * 10) / 10), 1.0

    # --- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._points and self._first is None:
            painter.setFont(theme.font())
            painter.setPen(theme.colour("muted"))
            area = self.rect().adjusted(theme.XXL, 0, -theme.XXL, 0)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.placeholder)
        else:
            above, below = self._frames()
            self._paint_accuracy(painter, above)
            if self._points:
                self._paint_loss(painter, below)
                self._paint_epochs(painter, below)
                self._paint_reading(painter, above, below)
        painter.end()

    def _paint_accuracy(self, painter: QPainter, frame: QRectF) -> None:
        low, high = self._accuracy_range()

        def y(share: float) -> float:
            return frame.bottom() - frame.height() * (share - low) / (high - low)

        paint.share_grid(painter, frame, low, high)
        if self._first is not None:
            painter.setPen(QPen(theme.colour("muted"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(frame.left(), y(self._first)), QPointF(frame.right(), y(self._first)))
        if self._points:
            line = [QPointF(self._x(p.epoch), y(p.accuracy)) for p in self._points]
            paint.curve(painter, line, theme.colour("accent"), 2.5)
        self._paint_ends(painter, frame, y)

    def _paint_ends(self, painter: QPainter, frame: QRectF, y: Callable[[float], float]) -> None:
        """The best epoch as a ring, and beside the frame the figures that count, kept apart where they meet."""
        places: list[tuple[float, str, str]] = []
        if self._first is not None:
            places.append((y(self._first), messages.percent(self._first), "muted"))
        if self._points:
            best = max(self._points, key=lambda p: p.accuracy)
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(theme.colour("surface"))
            painter.drawEllipse(QPointF(self._x(best.epoch), y(best.accuracy)), 5, 5)
            places.append((y(best.accuracy), f"best {messages.percent(best.accuracy)}", "accent"))
        if len(places) == 2 and abs(places[0][0] - places[1][0]) < paint.LINE:
            middle = (places[0][0] + places[1][0]) / 2
            first_lower = places[0][0] >= places[1][0]
            places[0] = (middle + (paint.LINE / 2 if first_lower else -paint.LINE / 2), *places[0][1:])
            places[1] = (middle - (paint.LINE / 2 if first_lower else -paint.LINE / 2), *places[1][1:])
        for place, words, token in places:
            shown = f"first {words}" if token == "muted" else words
            area = QRectF(frame.right() + theme.S, place - paint.LINE / 2, _RIGHT - theme.S, paint.LINE).toRect()
            paint.text(painter, area, shown, theme.colour(token), size=theme.TEXT_SECONDARY, semibold=token != "muted")

    def _paint_loss(self, painter: QPainter, frame: QRectF) -> None:
        values = [p.train_loss for p in self._points] + [p.val_loss for p in self._points]
        high = max(values) * 1.08 or 1.0

        def y(value: float) -> float:
            return frame.bottom() - frame.height() * value / high

        paint.grid_line(painter, frame, frame.bottom(), "0")
        paint.grid_line(painter, frame, y(high / 1.08), f"{high / 1.08:.1f}")
        caption = QRectF(frame.left(), frame.top() - paint.LINE - 2, frame.width(), paint.LINE).toRect()
        paint.text(painter, caption, Text.loss, theme.colour("muted"), size=theme.TEXT_SECONDARY)
        ends: list[tuple[float, str, QColor]] = []
        for name, token, losses in (
            (Text.loss_learning, "muted", [p.train_loss for p in self._points]),
            (Text.loss_checking, "accent", [p.val_loss for p in self._points]),
        ):
            line = [QPointF(self._x(p.epoch), y(loss)) for p, loss in zip(self._points, losses, strict=True)]
            paint.curve(painter, line, theme.colour(token), 1.5)
            ends.append((line[-1].y(), name, theme.colour(token)))
        upper, lower = sorted(ends, key=lambda end: end[0])
        apart = max(0.0, paint.LINE - 2 - (lower[0] - upper[0])) / 2
        for place, name, colour in ((upper[0] - apart, *upper[1:]), (lower[0] + apart, *lower[1:])):
            area = QRectF(frame.right() + theme.S, place - paint.LINE / 2, _RIGHT - theme.S, paint.LINE).toRect()
            paint.text(painter, area, name, colour, size=theme.TEXT_SECONDARY)

    def _paint_epochs(self, painter: QPainter, frame: QRectF) -> None:
        """Numbers below, as many as fit."""
        last = max(self._epochs, self._points[-1].epoch, 2)
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 1000) if last / s <= max(2.0, frame.width() / 48))
        for epoch in [1, *range(step if step > 1 else 2, last + 1, step)]:
            area = QRectF(self._x(epoch) - 24, frame.bottom() + 4, 48, paint.LINE).toRect()
            middle = Qt.AlignmentFlag.AlignHCenter
            paint.text(painter, area, str(epoch), theme.colour("muted"), size=theme.TEXT_SECONDARY, align=middle)

    def _paint_reading(self, painter: QPainter, above: QRectF, below: QRectF) -> None:
        """What the epoch under the mouse reached."""
        point = self._under
        if point is None:
            return
        x = self._x(point.epoch)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(x, above.top()), QPointF(x, below.bottom()))
        words = Text.epoch.format(
            epoch=point.epoch,
            accuracy=messages.percent(point.accuracy),
            train=point.train_loss,
            val=point.val_loss,
        )
        width = paint.text_width(words, size=theme.TEXT_SECONDARY) + theme.L
        left = max(above.left(), min(x - width / 2, above.right() - width))
        box = QRectF(left, above.bottom() - theme.XL, width, paint.LINE + 4)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(box, theme.XS, theme.XS)
        middle = Qt.AlignmentFlag.AlignHCenter
        paint.text(painter, box.toRect(), words, size=theme.TEXT_SECONDARY, align=middle)
