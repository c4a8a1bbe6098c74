"""One picture, as large as there is room, to be zoomed with the wheel and moved with the mouse."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import theme

_STEP = 1.25
_MOST = 8.0  # screen pixels for one pixel of the picture
_SMOOTH_BELOW = 3.0  # above it single pixels are what the user wants to see


class ImageCanvas(QWidget):
    """`set_picture` shows a pixmap fitted; a better copy of the same image keeps the place and the zoom.

    swept: the mouse moved by so many pixels to the right and down with its right button held, while `sweeping` is on.
    """

    zoom_changed = Signal()
    swept = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._zoom = 1.0  # 1: fitted into the widget
        self._centre = QPointF(0.5, 0.5)  # the point of the picture in the middle, as shares of its size
        self._grip: QPointF | None = None
        self._sweep_from: QPointF | None = None
        self.sweeping = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(theme.THUMBNAILS[1], theme.THUMBNAILS[1])

    @property
    def pixmap(self) -> QPixmap | None:
        return self._pixmap

    @property
    def zoom(self) -> float:
        """1 when the whole picture is shown."""
        return self._zoom

    def set_picture(self, pixmap: QPixmap | None, *, same_image: bool = False) -> None:
        self._pixmap = pixmap
        if not same_image:
            self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.zoom_changed.emit()
        self.update()

    def fit(self) -> None:
        """The whole picture."""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.zoom_changed.emit()
        self.update()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Enlarges by a factor and keeps the point `at` (of the widget) where it is."""
        if self._pixmap is None:
            return
        anchor = at if at is not None else QPointF(self.rect().center())
        before = self._to_share(anchor)
        most = max(1.0, _MOST / max(1e-6, self._fit_scale()))
        self._zoom = max(1.0, min(self._zoom * factor, most))
        after = self._to_share(anchor)
        self._centre += before - after
        self._keep_inside()
        self.zoom_changed.emit()
        self.update()

    def zoom_in(self) -> None:
        self.zoom_by(_STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / _STEP)

    def target(self) -> QRectF:
        """Where the picture lies in the widget."""
        size = self._shown_size()
        middle = QRectF(self.rect()).center()
        corner = middle - QPointF(self._centre.x() * size.width(), self._centre.y() * size.height())
        return QRectF(corner, size)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None:
            return
        painter = QPainter(self)
        smooth = self._fit_scale() * self._zoom < _SMOOTH_BELOW
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawPixmap(self.target(), self._pixmap, QRectF(self._pixmap.rect()))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._keep_inside()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom_by(_STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._grip = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif event.button() == Qt.MouseButton.RightButton and self.sweeping:
            self._sweep_from = event.position()
            self.setCursor(Qt.CursorShape.SizeAllCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._sweep_from is not None:
            swept, self._sweep_from = event.position() - self._sweep_from, event.position()
            self.swept.emit(swept.x(), swept.y())
        if self._grip is None:
            return
        size = self._shown_size()
        moved = event.position() - self._grip
        self._grip = event.position()
        self._centre -= QPointF(moved.x() / max(1.0, size.width()), moved.y() / max(1.0, size.height()))
        self._keep_inside()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = self._sweep_from = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._zoom > 1.0:
            self.fit()
        else:
            self.zoom_by(max(2.0, 1 / max(1e-6, self._fit_scale())), event.position())

    def _fit_scale(self) -> float:
        """Screen pixels for one pixel of the fitted picture; small pictures are enlarged at most threefold."""
        if self._pixmap is None or self._pixmap.isNull():
            return 1.0
        wide = self.width() / self._pixmap.width()
        high = self.height() / self._pixmap.height()
        return max(0.01, min(wide, high, _SMOOTH_BELOW))

    def _shown_size(self) -> QSizeF:
        if self._pixmap is None:
            return QSizeF(1, 1)
        return QSizeF(self._pixmap.size()) * (self._fit_scale() * self._zoom)

    def _to_share(self, point: QPointF) -> QPointF:
        place = self.target()
        return QPointF(
            (point.x() - place.x()) / max(1.0, place.width()), (point.y() - place.y()) / max(1.0, place.height())
        )

    def _keep_inside(self) -> None:
        """No empty border on one side while the picture is larger than the widget."""
        size = self._shown_size()
        x = _clamp(self._centre.x(), self.width() / max(1.0, size.width()) / 2)
        y = _clamp(self._centre.y(), self.height() / max(1.0, size.height()) / 2)
        self._centre = QPointF(x, y)


def _clamp(value: float, margin: float) -> float:
    return 0.5 if margin >= 0.5 else max(margin, min(value, 1 - margin))
