"""Which classes are taken for which: a table of counts, shaded by rate, whose cells show their images."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tlstudio.domain.wording import isolated
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import ClassStyles, contrast
from tlstudio.gui.widgets import paint

_CELL_MOST, _CELL_LEAST = 64, 34
_NAMES = 116
_TOP = 52
_NAME_TIP = 22


class Text:
    """Words of the matrix."""

    predicted = "Predicted"
    labeled = "Labeled"
    right = "{count} of {total} labeled {label} are recognised ({rate})."
    wrong = "{count} of {total} labeled {label} are taken for {predicted} ({rate})."


class ConfusionMatrix(QWidget):
    """Rows are labels, columns predictions. chosen: (row, column) by click, or arrow keys and Return or Space.

    fitted: the size it would like, at the width it has.
    """

    chosen = Signal(int, int)
    fitted = Signal(QSize)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._counts: tuple[tuple[int, ...], ...] = ()
        self._classes: tuple[str, ...] = ()
        self._styles = ClassStyles()
        self._current = (0, 0)
        self._selected: tuple[int, int] | None = None
        self._under: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_matrix(self, counts: Sequence[Sequence[int]], classes: Sequence[str], styles: ClassStyles) -> None:
        """`counts[i][j]`: images of class i predicted as j."""
        self._counts = tuple(tuple(row) for row in counts)
        self._classes, self._styles = tuple(classes), styles
        self._selected = None
        self._current = self._worst()
        self._name_it()
        self.updateGeometry()
        self.fitted.emit(self.sizeHint())
        self.update()

    def select(self, row: int, column: int) -> None:
        """Marks a cell as the one whose images are shown."""
        self._selected = self._current = (row, column)
        self._name_it()
        self.update()

    @property
    def selected(self) -> tuple[int, int] | None:
        return self._selected

    @property
    def current(self) -> tuple[int, int]:
        return self._current

    def describe(self, row: int, column: int) -> str:
        """A cell as a sentence."""
        count, total = self._counts[row][column], sum(self._counts[row])
        words = Text.right if row == column else Text.wrong
        return words.format(
            count=messages.number(count),
            total=messages.number(total),
            label=isolated(self._classes[row]),
            predicted=isolated(self._classes[column]),
            rate=messages.percent(count / total) if total else "–",
        )

    def _worst(self) -> tuple[int, int]:
        """The cell with the most mistakes, where looking begins."""
        cells = [(n, (i, j)) for i, row in enumerate(self._counts) for j, n in enumerate(row) if i != j]
        return max(cells, default=(0, (0, 0)))[1]

    # --- geometry ---------------------------------------------------------------------

    def _cell(self) -> int:
        size = max(1, len(self._classes))
        return max(_CELL_LEAST, min(_CELL_MOST, (self.width() - _NAMES) // size))

    def cell_rect(self, row: int, column: int) -> QRect:
        edge = self._cell()
        return QRect(_NAMES + column * edge, _TOP + row * edge, edge, edge)

    def sizeHint(self) -> QSize:
        size = max(2, len(self._classes))
        return QSize(_NAMES + size * _CELL_MOST, _TOP + size * self._cell() + 2)

    def minimumSizeHint(self) -> QSize:
        size = max(2, len(self._classes))
        return QSize(_NAMES + size * _CELL_LEAST, _TOP + size * self._cell() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.updateGeometry()
        self.fitted.emit(self.sizeHint())

    def _at(self, point: QPoint) -> tuple[int, int] | None:
        edge = self._cell()
        column, row = (point.x() - _NAMES) // edge, (point.y() - _TOP) // edge
        size = len(self._classes)
        return (row, column) if 0 <= row < size and 0 <= column < size else None

    # --- painting -----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_names(painter)
        for row in range(len(self._classes)):
            for column in range(len(self._classes)):
                self._paint_cell(painter, row, column)
        painter.end()

    def _paint_names(self, painter: QPainter) -> None:
        edge, size = self._cell(), len(self._classes)
        muted = theme.colour("muted")
        over = QRect(_NAMES, 0, edge * size, _NAME_TIP)
        middle = Qt.AlignmentFlag.AlignHCenter
        paint.text(painter, over, Text.predicted, muted, size=theme.TEXT_SECONDARY, align=middle)
        paint.text(painter, QRect(0, 26, _NAMES - theme.S, 20), Text.labeled, muted, size=theme.TEXT_SECONDARY)
        for number, name in enumerate(self._classes):
            style = self._styles[name]
            cell = self.cell_rect(0, number)
            chip = QRect(cell.center().x() - paint.CHIP // 2, _TOP - paint.CHIP - 6, paint.CHIP, paint.CHIP)
            paint.chip(painter, chip, style)
            line = self.cell_rect(number, 0)
            mark = QRect(0, line.center().y() - paint.CHIP // 2, paint.CHIP, paint.CHIP)
            paint.chip(painter, mark, style)
            words = QRect(paint.CHIP + theme.XS, line.y(), _NAMES - paint.CHIP - theme.M, edge)
            paint.text(painter, words, name)

    def _paint_cell(self, painter: QPainter, row: int, column: int) -> None:
        count, total = self._counts[row][column], sum(self._counts[row])
        rate = count / total if total else 0.0
        area = QRectF(self.cell_rect(row, column)).adjusted(1.5, 1.5, -1.5, -1.5)
        # Right answers and mistakes have hues of their own; the diagonal says the same without colour.
        strong = theme.colour("accent" if row == column else "bad")
        ground = paint.mix(theme.colour("surface"), strong, 0.06 + 0.74 * rate if count else 0.0)
        painter.setBrush(ground)
        painter.setPen(QPen(theme.colour("hairline"), 1))
        painter.drawRoundedRect(area, theme.XS, theme.XS)
        here = (row, column)
        if here == self._selected or (self.hasFocus() and here == self._current) or here == self._under:
            wide = 3 if here == self._selected else 2
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent" if here != self._under else "border"), wide))
            painter.drawRoundedRect(area, theme.XS, theme.XS)
        inks = (theme.colour("text"), theme.colour("surface"))
        ink = max(inks, key=lambda colour: contrast(colour, ground)) if count else theme.colour("muted")
        middle = Qt.AlignmentFlag.AlignHCenter
        words = messages.number(count) if count else "·"
        paint.text(painter, area.toRect(), words, ink, semibold=row == column, tabular=True, align=middle)

    # --- events --------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            here = self._at(event.pos())
            QToolTip.showText(event.globalPos(), self.describe(*here) if here else "", self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        keys = Qt.Key
        moves = {
            keys.Key_Left: (0, -1),
            keys.Key_Right: (0, 1),
            keys.Key_Up: (-1, 0),
            keys.Key_Down: (1, 0),
        }
        if Qt.Key(key) in moves and self._classes:
            down, right = moves[Qt.Key(key)]
            last = len(self._classes) - 1
            row, column = self._current
            self._current = (max(0, min(row + down, last)), max(0, min(column + right, last)))
            self._name_it()
            self.update()
        elif key in (keys.Key_Space, keys.Key_Return, keys.Key_Enter) and self._classes:
            self._choose(self._current)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        here = self._at(event.position().toPoint())
        if here is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(here)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = self._at(event.position().toPoint())
        if here != self._under:
            self._under = here
            self.setCursor(Qt.CursorShape.PointingHandCursor if here else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._under = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _choose(self, cell: tuple[int, int]) -> None:
        self.select(*cell)
        self.chosen.emit(*cell)

    def _name_it(self) -> None:
        self.setAccessibleName(self.describe(*self._current) if self._classes else "")
