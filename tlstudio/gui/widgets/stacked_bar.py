"""How the images are divided: one bar with three parts that differ in pattern as well as colour, and a legend in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.domain.values import Split
from tlstudio.gui import theme
from tlstudio.gui.messages import number, percent
from tlstudio.gui.pages.base import named

BAR_HEIGHT = 12
PATTERNS = {
    Split.TRAIN: Qt.BrushStyle.SolidPattern,
    Split.VAL: Qt.BrushStyle.BDiagPattern,
    Split.TEST: Qt.BrushStyle.Dense6Pattern,
}


def paint_part(painter: QPainter, area: QRectF, split: Split) -> None:
    """One part: accent, solid for training, hatched for validation, dotted for test."""
    accent = theme.colour("accent")
    solid = split is Split.TRAIN
    painter.fillRect(area, accent if solid else theme.colour("accent_soft"))
    if not solid:
        painter.fillRect(area, QBrush(accent, PATTERNS[split]))


def paint_bar(painter: QPainter, area: QRectF, shares: dict[Split, float]) -> None:
    """The whole bar with round ends; `shares` are amounts of any unit."""
    total = sum(shares.values())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QPainterPath()
    outline.addRoundedRect(area, area.height() / 2, area.height() / 2)
    painter.setClipPath(outline)
    painter.fillRect(area, theme.colour("hover"))
    left = area.left()
    for split in Split:
        width = area.width() * shares.get(split, 0) / total if total else 0.0
        if width > 0:
            paint_part(painter, QRectF(left, area.top(), width, area.height()), split)
            left += width
            painter.fillRect(QRectF(left - 1, area.top(), 2, area.height()), theme.colour("surface"))
    painter.restore()


class _Bar(QWidget):
    def __init__(self, split: Split | None = None) -> None:
        super().__init__()
        self.shares: dict[Split, float] = {} if split is None else {split: 1.0}
        self._swatch = split is not None
        policy = QSizePolicy.Policy.Fixed if self._swatch else QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(BAR_HEIGHT if self._swatch else 120, BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._swatch:
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            paint_part(painter, area, next(iter(self.shares)))
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.drawRect(area)
        else:
            paint_bar(painter, QRectF(self.rect()), self.shares)


class StackedBar(QWidget):
    """The bar and, under it, `Training 872 (65 %)` for each part."""

    def __init__(self, name: str, *, vertical: bool = False) -> None:
        super().__init__()
        named(self, name, "")
        self._bar = _Bar()
        self._labels: dict[Split, QLabel] = {}
        legend: QHBoxLayout | QVBoxLayout = QVBoxLayout() if vertical else QHBoxLayout()
        legend.setSpacing(theme.XS if vertical else theme.XL)
        for split in Split:
            entry = QHBoxLayout()
            entry.setSpacing(theme.S)
            self._labels[split] = label = QLabel()
            label.setObjectName(f"{name}_{split.value}")
            label.setFont(theme.font(tabular=True))
            entry.addWidget(_Bar(split))
            entry.addWidget(label)
            entry.addStretch(1)
            legend.addLayout(entry)
        if isinstance(legend, QHBoxLayout):
            legend.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addWidget(self._bar)
        column.addLayout(legend)

    def show_counts(self, counts: dict[Split, int], *, about: bool = False) -> None:
        """about: the counts are an estimate, and said so."""
        total = max(sum(counts.values()), 1)
        self._bar.shares = {split: float(counts.get(split, 0)) for split in Split}
        words = []
        for split, label in self._labels.items():
            value = counts.get(split, 0)
            tilde = "about " if about else ""
            label.setText(f"{split.caption} {tilde}{number(value)} ({percent(value / total)})")
            words.append(label.text())
        self.setAccessibleName(", ".join(words))
        self._bar.update()
