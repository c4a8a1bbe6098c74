"""What the model says of one image: a bar for every class."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.wording import isolated
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.widgets import paint

_ROW = 28
_NAME = 0.38
_FIGURE = 48


class ConfidenceBars(QWidget):
    """Highest first, at most `most` classes; the labeled and the predicted class are always among them."""

    def __init__(self, name: str, most: int = 8, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._most = most
        self._lines: list[tuple[str, float]] = []
        self._label = ""
        self._styles = ClassStyles()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_classes(
        self, classes: Sequence[str], probabilities: Sequence[float], label: str, styles: ClassStyles
    ) -> None:
        lines = sorted(zip(classes, probabilities, strict=True), key=lambda line: -line[1])
        shown = lines[: self._most]
        if label not in [name for name, _ in shown]:
            shown = [*shown[: self._most - 1], *(line for line in lines if line[0] == label)]
        self._lines, self._label, self._styles = shown, label, styles
        self.setAccessibleName(", ".join(f"{isolated(name)} {messages.percent(share)}" for name, share in shown))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, _ROW * len(self._lines))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _ROW * len(self._lines))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, (name, share) in enumerate(self._lines):
            self._paint_line(painter, QRect(0, number * _ROW, self.width(), _ROW), name, share)
        painter.end()

    def _paint_line(self, painter: QPainter, rect: QRect, name: str, share: float) -> None:
        chip = QRect(rect.x(), rect.center().y() - paint.CHIP // 2, paint.CHIP, paint.CHIP)
        paint.chip(painter, chip, self._styles[name])
        words = QRect(chip.right() + theme.S, rect.y(), int(rect.width() * _NAME) - paint.CHIP, rect.height())
        paint.text(painter, words, name, semibold=name == self._label)
        figure = QRect(rect.right() - _FIGURE, rect.y(), _FIGURE, rect.height())
        right = Qt.AlignmentFlag.AlignRight
        paint.text(painter, figure, messages.percent(share), tabular=True, align=right)
        track = QRectF(words.right() + theme.S, rect.center().y() - 4, figure.x() - words.right() - 2 * theme.S, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(track, 4, 4)
        if share > 0.005:
            painter.setBrush(theme.colour("accent"))
            painter.drawRoundedRect(QRectF(track.x(), track.y(), max(8.0, track.width() * share), 8), 4, 4)
