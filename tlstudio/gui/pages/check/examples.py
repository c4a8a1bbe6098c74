"""Examples of a finding: single thumbnails, or sets that belong together, each on a ground of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import describe
from tlstudio.gui.widgets.thumbnail_painter import CellState, ThumbnailPainter
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore


class Text:
    """What those hear who do not see it."""

    one = "Example {number} of {total}: {image}"


class Examples(QWidget):
    """look: (ImageRow) one was clicked, or chosen with the arrow keys and Return or Space. caption: what stands below each."""

    look = Signal(object)

    def __init__(
        self,
        store: ThumbnailStore,
        sets: Sequence[Sequence[ImageRow]],
        styles: ClassStyles,
        name: str,
        caption: Callable[[ImageRow], str] | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self._caption = caption
        self._sets = [list(kin) for kin in sets]
        self._shown = len(self._sets)
        self._painter = ThumbnailPainter(store)
        self._painter.styles = styles
        self._painter.edge = theme.THUMBNAILS[0]
        self._painter.captions = caption is not None
        self._cell = self._painter.cell_size()
        self._current = 0
        self._under = -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if sets else Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._name_it()
        store.ready.connect(self.update)

    def sets(self) -> list[list[ImageRow]]:
        return self._sets

    def rows(self) -> list[ImageRow]:
        """Those that are shown, in order."""
        return [row for kin in self._sets[: self._shown] for row in kin]

    def fit(self, width: int) -> None:
        """Shows as many sets as the width holds, one at least."""
        shown = max(1, sum(self._left(number + 1) - self._gap() <= width for number in range(len(self._sets))))
        if shown != self._shown:
            self._shown = min(shown, len(self._sets))
            self._current = min(self._current, max(0, len(self.rows()) - 1))
            self.updateGeometry()
            self.update()

    def cell_rect(self, number: int) -> QRect:
        """Where the image of this number among `rows` is."""
        for place, kin in enumerate(self._sets[: self._shown]):
            if number < len(kin):
                return QRect(
                    self._left(place) + number * self._cell.width(), 0, self._cell.width(), self._cell.height()
                )
            number -= len(kin)
        return QRect()

    def sizeHint(self) -> QSize:
        return QSize(max(1, self._left(self._shown) - self._gap()), self._cell.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(max(1, self._left(min(1, len(self._sets))) - self._gap()), self._cell.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        number = 0
        for place, kin in enumerate(self._sets[: self._shown]):
            if len(kin) > 1:
                ground = QRectF(self._left(place), 0, len(kin) * self._cell.width(), self._cell.height())
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("hover"))
                painter.drawRoundedRect(ground, theme.CARD_RADIUS, theme.CARD_RADIUS)
            for row in kin:
                state = CellState(False, self.hasFocus() and number == self._current, number == self._under)
                note = self._caption(row) if self._caption is not None else ""
                self._painter.cell(painter, self.cell_rect(number), row, state, note=note)
                number += 1
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, rows = event.key(), self.rows()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self._current = max(0, min(self._current + step, len(rows) - 1))
            self._name_it()
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and rows:
            self.look.emit(rows[self._current])
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._number_at(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self._number_at(event)
        if number >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._current = number
            self._name_it()
            self.look.emit(self.rows()[number])

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _left(self, place: int) -> int:
        """Where the set of this place begins."""
        return sum(len(kin) * self._cell.width() + self._gap() for kin in self._sets[:place])

    def _gap(self) -> int:
        """Between sets; single pictures have room enough around them."""
        return theme.M if any(len(kin) > 1 for kin in self._sets) else 0

    def _hover(self, number: int) -> None:
        if number != self._under:
            self._under = number
            self.setToolTip(describe(self.rows()[number]) if number >= 0 else "")
            self.setCursor(Qt.CursorShape.PointingHandCursor if number >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def _number_at(self, event: QMouseEvent) -> int:
        point = event.position().toPoint()
        return next((n for n in range(len(self.rows())) if self.cell_rect(n).contains(point)), -1)

    def _name_it(self) -> None:
        rows = self.rows()
        if rows:
            image = describe(rows[self._current])
            self.setAccessibleName(Text.one.format(number=self._current + 1, total=len(rows), image=image))
