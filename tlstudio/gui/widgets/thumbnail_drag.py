"""Dragging images out of a grid and dropping them on a section of it, which gives them that section's class."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from tlstudio.gui import theme
from tlstudio.gui.models.image_list import IMAGE_MIME, pack_ids, unpack_ids
from tlstudio.gui.widgets import paint

_EDGE = 72  # of the pictures that hang at the pointer
_AUTOSCROLL = 48  # near the upper and lower border a drag scrolls


class DragDropView(QAbstractItemView):
    """The drag and drop half of the thumbnail grid; drags of anything but images pass through to the window.

    dropped: (image ids, class name or None). accepts_labels: whether drops are taken at all.
    """

    dropped = Signal(object, object)  # lists go as they are: Qt would turn them over number by number

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.accepts_labels = False
        self.drop_section = -1
        self.setDragEnabled(True)
        self.setAcceptDrops(True)

    # Given by the grid.

    def selected_ids(self) -> list[int]:
        raise NotImplementedError

    def section_at(self, y: int) -> int:
        """The section at a height of the viewport; -1 for none, or when the grid has no sections."""
        raise NotImplementedError

    def label_of(self, section: int) -> str | None:
        raise NotImplementedError

    def first_pictures(self, ids: list[int]) -> list[QPixmap | None]:
        """Small pictures of some images, at once."""
        raise NotImplementedError

    # Qt's side.

    def startDrag(self, actions: Qt.DropAction) -> None:
        ids = self.selected_ids()
        if not ids:
            return
        drag = QDrag(self)
        drag.setMimeData(pack_ids(ids))
        drag.setPixmap(drag_picture(self.first_pictures(ids[:3]), len(ids), self.devicePixelRatioF()))
        drag.setHotSpot(QPoint(theme.S, theme.S))
        drag.exec(Qt.DropAction.MoveAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._consider(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._consider(event)
        y = event.position().toPoint().y()
        bar = self.verticalScrollBar()
        if y < _AUTOSCROLL:
            bar.setValue(bar.value() - (_AUTOSCROLL - y) // 2)
        elif y > self.viewport().height() - _AUTOSCROLL:
            bar.setValue(bar.value() + (y - self.viewport().height() + _AUTOSCROLL) // 2)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._light_up(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        section = self._section_under(event)
        self._light_up(-1)
        if section < 0:
            event.ignore()
            return
        event.acceptProposedAction()
        self.dropped.emit(unpack_ids(event.mimeData()), self.label_of(section))

    def _consider(self, event: QDragMoveEvent) -> None:
        section = self._section_under(event)
        self._light_up(section)
        if section >= 0:
            event.acceptProposedAction()
        else:
            event.ignore()

    def _section_under(self, event: QDropEvent) -> int:
        if not (self.accepts_labels and event.mimeData().hasFormat(IMAGE_MIME)):
            return -1
        return self.section_at(event.position().toPoint().y())

    def _light_up(self, section: int) -> None:
        if section != self.drop_section:
            self.drop_section = section
            self.viewport().update()


def drag_picture(pictures: list[QPixmap | None], count: int, ratio: float) -> QPixmap:
    """Up to three pictures in a fan with the number of images."""
    size = _EDGE + 3 * theme.S
    canvas = QPixmap(round(size * ratio), round(size * ratio))
    canvas.setDevicePixelRatio(ratio)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    for depth in reversed(range(len(pictures))):
        place = QRect(depth * theme.S, depth * theme.S, _EDGE, _EDGE)
        paint.picture(painter, place, pictures[depth])
        painter.setPen(QPen(theme.colour("surface"), 2))
        painter.drawRoundedRect(place, theme.RADIUS, theme.RADIUS)
    if count > 1:
        words = f"{count:,}"
        badge = QRect(0, 0, max(paint.CHIP, paint.text_width(words, semibold=True) + theme.M), paint.CHIP)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(badge, paint.CHIP / 2, paint.CHIP / 2)
        middle = Qt.AlignmentFlag.AlignHCenter
        paint.text(painter, badge, words, theme.colour("on_accent"), semibold=True, align=middle)
    painter.end()
    return canvas
