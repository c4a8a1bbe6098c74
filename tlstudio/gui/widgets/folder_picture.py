"""A tiny drawing of how sub-folders become classes."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.widgets import paint

ROW = 40


class Text:
    PICTURE = "A folder with two sub-folders; each sub-folder becomes a class"
    TOP = "my images"
    NAMES = ("good", "scratched")
    CLASS = "class “{}”"


class FolderPicture(QWidget):
    """my images / good, scratched, and an arrow from each sub-folder to its class."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(Text.PICTURE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(300, 3 * ROW)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._folder(painter, 0, 0, Text.TOP)
        for place, style in enumerate(ClassStyles(Text.NAMES)[name] for name in Text.NAMES):
            top = (place + 1) * ROW
            painter.setPen(QPen(theme.colour("border"), 1.5))
            painter.drawLine(QLineF(12, ROW - 6, 12, top + ROW / 2))
            painter.drawLine(QLineF(12, top + ROW / 2, 24, top + ROW / 2))
            self._folder(painter, 32, top, style.name)
            icons.paint(painter, "chevron-right", QRectF(146, top + 10, 20, 20), theme.colour("border"))
            paint.chip(painter, QRect(178, top + 10, 20, 20), style)
            paint.text(painter, QRect(206, top, self.width() - 206, ROW), Text.CLASS.format(style.name))

    @staticmethod
    def _folder(painter: QPainter, left: int, top: int, name: str) -> None:
        icons.paint(painter, "folder", QRectF(left + 2, top + 10, 20, 20), theme.colour("muted"))
        painter.setFont(theme.font())
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(left + 30, top, 110, ROW), Qt.AlignmentFlag.AlignVCenter, name)
