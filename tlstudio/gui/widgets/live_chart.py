"""The course of a training: accuracy large above, loss and learning rate small below.

Painted here with Qt alone. A plotting library would take about a second to load and 60 MB, on the window's own thread and
while both cores are training; this chart costs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.chart_lanes import LOSS, RATE, RIGHT, End, Line, paint_ends, paint_epochs, paint_lane, parts

_TOP = 12


class Text:
    """Words in the chart."""

    first, best, learning = "first {share}", "best {share}", "training {share}"
    loss_learning, loss_checking = "Training", "Validation"
    epoch = "Epoch {epoch}: accuracy {accuracy} validation"
    epoch_learning = ", {accuracy} training"
    epoch_losses = "Loss {train:.2f} training, {val:.2f} validation"
    epoch_rate = " · learning rate {rate}"
    described, described_best = "Accuracy after {epochs}: {last}", ", best {best}."
    rehearsal = "Rehearsal, epoch {epoch}: accuracy {accuracy} on the half left out"
    waiting = "The curve begins when the first epoch is done."


@dataclass(frozen=True)
class Point:
    """One epoch: validation accuracy 0 … 1, the two losses in nats, training accuracy and learning rate where they are known.

    rehearsal: its accuracy is about other images than the others', and never the best.
    """

    epoch: int
    accuracy: float
    train_loss: float
    val_loss: float
    train_accuracy: float | None = None
    rate: float | None = None
    rehearsal: bool = False


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
        """One epoch more; what is known of it and of later ones goes, as when a training is sent back or told of twice."""
        self._points = [*(p for p in self._points if p.epoch < point.epoch), point]
        self._epochs = epochs
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(480, 300)

    def _describe(self) -> None:
        words = self.placeholder
        if self._points:
            epochs = messages.count(len(self._points), "epoch")
            words = Text.described.format(epochs=epochs, last=messages.percent(self._points[-1].accuracy))
            best = self._best()
            words += Text.described_best.format(best=messages.percent(best.accuracy)) if best is not None else "."
        self.setAccessibleName(words)
        self.update()

    def _best(self) -> Point | None:
        return max((p for p in self._points if not p.rehearsal), key=lambda p: p.accuracy, default=None)

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

    def _frames(self) -> list[QRectF]:
        rates = any(p.rate is not None for p in self._points)
        return parts(self.width(), self.height(), top=_TOP, right=RIGHT, rates=rates)

    def _x(self, epoch: float) -> float:
        return paint.AXIS + (self.width() - paint.AXIS - RIGHT) * (epoch - 1) / (self._last() - 1)

    def _last(self) -> int:
        """The epoch at the right edge."""
        return max(self._epochs, self._points[-1].epoch if self._points else 1, 2)

    def _accuracy_range(self) -> tuple[float, float]:
        values = [p.accuracy for p in self._points] + [share for _, share in self._learning()]
        values += [self._first] if self._first is not None else []
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
            frames = self._frames()
            self._paint_accuracy(painter, frames[0])
            if self._points:
                for frame, paint_it in zip(frames[1:], (self._paint_loss, self._paint_rate), strict=False):
                    paint_it(painter, frame)
                paint_epochs(painter, frames[-1], self._last(), self._x)
                self._paint_reading(painter, frames[0], frames[-1])
        painter.end()

    def _learning(self) -> list[tuple[int, float]]:
        """Training accuracy by epoch, where it is known."""
        return [(p.epoch, p.train_accuracy) for p in self._points if p.train_accuracy is not None]

    def _paint_accuracy(self, painter: QPainter, frame: QRectF) -> None:
        low, high = self._accuracy_range()

        def y(share: float) -> float:
            return frame.bottom() - frame.height() * (share - low) / (high - low)

        paint.share_grid(painter, frame, low, high)
        if self._first is not None:
            painter.setPen(QPen(theme.colour("muted"), 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(frame.left(), y(self._first)), QPointF(frame.right(), y(self._first)))
        if self._points:
            learning = [QPointF(self._x(epoch), y(share)) for epoch, share in self._learning()]
            if learning:
                paint.curve(painter, learning, theme.colour("muted"), 1.5)
            line = [QPointF(self._x(p.epoch), y(p.accuracy)) for p in self._points]
            paint.curve(painter, line, theme.colour("accent"), 2.5)
        self._paint_ends(painter, frame, y)

    def _paint_ends(self, painter: QPainter, frame: QRectF, y: Callable[[float], float]) -> None:
        """The best epoch as a ring, and beside the frame the figures that count, kept apart where they meet."""
        ends: list[End] = []
        muted, accent = theme.colour("muted"), theme.colour("accent")
        if self._first is not None:
            ends.append(End(y(self._first), Text.first.format(share=messages.percent(self._first)), muted))
        for _, share in self._learning()[-1:]:
            ends.append(End(y(share), Text.learning.format(share=messages.percent(share)), muted))
        best = self._best()
        if best is not None:
            painter.setPen(QPen(accent, 2))
            painter.setBrush(theme.colour("surface"))
            painter.drawEllipse(QPointF(self._x(best.epoch), y(best.accuracy)), 5, 5)
            words = Text.best.format(share=messages.percent(best.accuracy))
            ends.append(End(y(best.accuracy), words, accent, semibold=True))
        paint_ends(painter, frame, ends)

    def _paint_loss(self, painter: QPainter, frame: QRectF) -> None:
        lines = (
            Line(Text.loss_learning, theme.colour("muted"), tuple((p.epoch, p.train_loss) for p in self._points)),
            Line(Text.loss_checking, theme.colour("accent"), tuple((p.epoch, p.val_loss) for p in self._points)),
        )
        paint_lane(painter, frame, LOSS, lines, x=self._x, figure=lambda value: f"{value:.1f}")

    def _paint_rate(self, painter: QPainter, frame: QRectF) -> None:
        rates = tuple((p.epoch, p.rate) for p in self._points if p.rate is not None)
        paint_lane(painter, frame, RATE, (Line("", theme.colour("muted"), rates),), x=self._x, figure=messages.small)

    def _paint_reading(self, painter: QPainter, above: QRectF, below: QRectF) -> None:
        """What the epoch under the mouse reached."""
        point = self._under
        if point is None:
            return
        x = self._x(point.epoch)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(x, above.top()), QPointF(x, below.bottom()))
        lines = _reading(point)
        width = max(paint.text_width(words, size=theme.TEXT_SECONDARY) for words in lines) + theme.L
        left = max(above.left(), min(x - width / 2, above.right() - width))
        height = len(lines) * paint.LINE + theme.S
        box = QRectF(left, above.bottom() - height - theme.XS, width, height)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("surface"))
        painter.drawRoundedRect(box, theme.XS, theme.XS)
        middle = Qt.AlignmentFlag.AlignHCenter
        for number, words in enumerate(lines):
            row = QRectF(left, box.top() + theme.XS + number * paint.LINE, width, paint.LINE).toRect()
            paint.text(painter, row, words, size=theme.TEXT_SECONDARY, align=middle)


def _reading(point: Point) -> tuple[str, str]:
    """An epoch in two lines: its accuracies, then its losses and its learning rate."""
    said = Text.rehearsal if point.rehearsal else Text.epoch
    accuracy = said.format(epoch=point.epoch, accuracy=messages.percent(point.accuracy))
    if point.train_accuracy is not None:
        accuracy += Text.epoch_learning.format(accuracy=messages.percent(point.train_accuracy))
    losses = Text.epoch_losses.format(train=point.train_loss, val=point.val_loss)
    return accuracy, losses + ("" if point.rate is None else Text.epoch_rate.format(rate=messages.small(point.rate)))
