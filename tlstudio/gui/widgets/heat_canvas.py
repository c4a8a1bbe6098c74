"""A picture with a heat map laid over it, as strongly as the user wants."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from tlstudio.gui.widgets.image_canvas import ImageCanvas


class HeatCanvas(ImageCanvas):
    """The layer lies exactly over the picture, whatever the zoom."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: QPixmap | None = None
        self._strength = 0.7

    @property
    def layer(self) -> QPixmap | None:
        return self._layer

    def set_layer(self, layer: QPixmap | None) -> None:
        self._layer = layer
        self.update()

    def set_strength(self, share: float) -> None:
        """0: the picture alone; 1: the heat map as it is."""
        self._strength = share
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._layer is None or self.pixmap is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(self._strength)
        painter.drawPixmap(self.target(), self._layer, QRectF(self._layer.rect()))
        painter.end()
