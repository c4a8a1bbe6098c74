"""A few thumbnails in a row, each of which opens in large."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import describe
from tlstudio.gui.widgets.thumbnail_painter import CellState, ThumbnailPainter, cell_size
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore


class ExampleStrip(QWidget):
    """look: an image was clicked, or chosen with the arrow keys and Return or Space."""

    look = Signal(object)

    def __init__(self, store: ThumbnailStore, rows: list[ImageRow], styles: ClassStyles, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._rows = rows
        self._painter = ThumbnailPainter(store)
        self._painter.styles = styles
        self._painter.edge = theme.THUMBNAILS[0]
        self._cell = cell_size(self._painter.edge)
        self._current = 0
        self._under = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if rows else Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._name_it()
        store.ready.connect(self.update)

    def rows(self) -> list[ImageRow]:
        return self._rows

    def cell_rect(self, number: int) -> QRect:
        width = self._cell.width()
        return QRect(number * width, 0, width, self._cell.height())

    def sizeHint(self) -> QSize:
        return QSize(max(1, len(self._rows)) * self._cell.width(), self._cell.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for number, row in enumerate(self._rows):
            state = CellState(False, self.hasFocus() and number == self._current, number == self._under)
            self._painter.cell(painter, self.cell_rect(number), row, state)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._current = max(0, min(self._current + step, len(self._rows) - 1))
            self._name_it()
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._rows:
            self.look.emit(self._rows[self._current])
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._number_at(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self._number_at(event)
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._current = number
            self.look.emit(self._rows[number])

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _hover(self, number: int) -> None:
        if number != self._under:
            self._under = number
            self.setToolTip(describe(self._rows[number]) if number >= 0 else "")
            self.update()

    def _number_at(self, event: QMouseEvent) -> int:
        point = event.position().toPoint()
        return next((n for n in range(len(self._rows)) if self.cell_rect(n).contains(point)), -1)

    def _name_it(self) -> None:
        self.setAccessibleName(
            f"Example {self._current + 1}: {describe(self._rows[self._current])}" if self._rows else ""
        )
