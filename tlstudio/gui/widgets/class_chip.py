"""A class as a small label: its coloured mark and its name."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyle
from tlstudio.gui.widgets import paint

_UNLABELED = "No class yet"


class ClassChip(QWidget):
    """Shows a class by mark and name; `caption` says before it what the class means here (“Labeled”, “Predicted”)."""

    def __init__(self, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = caption
        self._style: ClassStyle | None = None
        self._caption_width = paint.text_width(caption) + theme.S if caption else 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_class(self, style: ClassStyle | None) -> None:
        self._style = style
        self.setAccessibleName(f"{self._caption} {self.name}".strip())
        self.setToolTip(self.name)
        self.updateGeometry()
        self.update()

    def set_caption(self, caption: str) -> None:
        """Other words before the class; the class that is shown stays."""
        self._caption = caption
        self._caption_width = paint.text_width(caption) + theme.S if caption else 0
        self.set_class(self._style)

    @property
    def name(self) -> str:
        return _UNLABELED if self._style is None else self._style.name

    def sizeHint(self) -> QSize:
        words = paint.text_width(self.name, semibold=True)
        return QSize(self._caption_width + paint.CHIP + theme.S + words + theme.XS, theme.XL)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._caption_width + paint.CHIP, theme.XL)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = self.rect()
        if self._caption:
            paint.text(painter, QRect(0, 0, self._caption_width, rect.height()), self._caption, theme.colour("muted"))
        x = self._caption_width
        paint.chip(painter, QRect(x, (rect.height() - paint.CHIP) // 2, paint.CHIP, paint.CHIP), self._style)
        name = rect.adjusted(x + paint.CHIP + theme.S, 0, 0, 0)
        ink = theme.colour("muted" if self._style is None else "text")
        paint.text(painter, name, self.name, ink, semibold=True, align=Qt.AlignmentFlag.AlignLeft)
        painter.end()
