"""The veil over the window while something is dragged over it: says what will happen when it is let go."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.overlay import Overlay


class Text:
    OVERLAY = "Drop here"
    DEED: ClassVar = {
        Kind.FOLDER: "Look at the images in “{}”",
        Kind.SOURCE: "Look at the images in “{}”",
        Kind.PROJECT: "Open the project “{}”",
        Kind.BUNDLE: "Use the model “{}”",
        Kind.FILES: "Drop single images on the Use page, or a whole folder here",
    }
    PREDICT = "Let the model look at these images"


class DropOverlay(Overlay):
    """Lies above everything and takes no events itself."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host, role="veil")
        named(self, "window.drop_overlay", Text.OVERLAY)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._icon, self._text = "folder", ""

    def show_for(self, dropped: Dropped, *, predicting: bool) -> None:
        self._icon = {Kind.BUNDLE: "model", Kind.PROJECT: "project", Kind.FILES: "images"}.get(dropped.kind, "folder")
        deed = Text.PREDICT if predicting else Text.DEED[dropped.kind].format(dropped.path.name)
        self._text = deed
        self.setAccessibleName(deed)
        self.appear()
        self.update()

    def place(self) -> None:
        self.setGeometry(self.host.rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(theme.colour("ground"))
        veil.setAlphaF(0.92)
        painter.fillRect(self.rect(), veil)
        area = QRectF(self.rect()).adjusted(theme.L, theme.L, -theme.L, -theme.L)
        painter.setPen(QPen(theme.colour("accent"), 2, Qt.PenStyle.DashLine))
        painter.setBrush(theme.colour("accent_soft"))
        painter.drawRoundedRect(area, theme.CARD_RADIUS, theme.CARD_RADIUS)
        middle = area.center()
        icons.paint(painter, self._icon, QRectF(middle.x() - 24, middle.y() - 56, 48, 48), theme.colour("accent"))
        painter.setFont(theme.font(theme.TEXT_PAGE, semibold=True))
        painter.setPen(theme.colour("text"))
        line = QRectF(area.left(), middle.y() + theme.S, area.width(), 32)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._text)
