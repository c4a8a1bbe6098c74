"""The geometry of the thumbnail grid: where cells lie, how keys move among them, what a selection takes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QAbstractItemView, QWidget

from tlstudio.gui.models.image_list import ImageListModel
from tlstudio.gui.widgets.section_layout import SectionLayout
from tlstudio.gui.widgets.thumbnail_drag import DragDropView

Index = QModelIndex | QPersistentModelIndex


class GridView(DragDropView):
    """A scrolling view over an `ImageListModel` whose cells lie where a `SectionLayout` says; paints nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images = ImageListModel(self)
        self._layout = SectionLayout([], 0, QSize(1, 1))
        self._anchor = 0
        self.setModel(self._images)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def images(self) -> ImageListModel:
        return self._images

    def section_at(self, y: int) -> int:
        return self._layout.section_at(y + self.verticalOffset()) if self._images.grouped else -1

    def label_of(self, section: int) -> str | None:
        return self._images.sections[section].label

    # --- geometry -------------------------------------------------------------------

    def updateGeometries(self) -> None:
        bar = self.verticalScrollBar()
        bar.setPageStep(max(1, self.viewport().height()))
        bar.setSingleStep(max(1, self._layout.cell.height() // 3))
        bar.setRange(0, max(0, self._layout.height - self.viewport().height()))

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def visualRect(self, index: Index) -> QRect:
        return self._layout.rect(index.row()).translated(0, -self.verticalOffset())

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._layout.row_at(point + QPoint(0, self.verticalOffset()))
        return self._images.index(row) if 0 <= row < self._images.rowCount() else QModelIndex()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        rect = self._layout.rect(index.row())
        if rect.isEmpty():
            return
        bar = self.verticalScrollBar()
        covered = self._layout.header  # the heading that stays at the top covers this much
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(rect.center().y() - self.viewport().height() // 2)
        elif rect.top() - covered < bar.value():
            bar.setValue(rect.top() - covered)
        elif rect.bottom() > bar.value() + self.viewport().height():
            bar.setValue(rect.bottom() - self.viewport().height() + 1)

    def isIndexHidden(self, index: Index) -> bool:
        return False

    # --- cursor and selection ------------------------------------------------------------

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        total = self._images.rowCount()
        if not total:
            return QModelIndex()
        move = QAbstractItemView.CursorAction
        here = self.currentIndex().row()
        if here < 0:
            return self._images.index(0)
        page = max(1, self.viewport().height() // self._layout.cell.height())
        steps = {
            move.MoveLeft: here - 1,
            move.MovePrevious: here - 1,
            move.MoveRight: here + 1,
            move.MoveNext: here + 1,
            move.MoveUp: self._layout.beside(here, -1),
            move.MoveDown: self._layout.beside(here, 1),
            move.MovePageUp: self._layout.beside(here, -page),
            move.MovePageDown: self._layout.beside(here, page),
            move.MoveHome: 0,
            move.MoveEnd: total - 1,
        }
        return self._images.index(max(0, min(steps.get(action, here), total - 1)))

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """A rubber band takes what it touches; everything else takes the images between the anchor and the current one."""
        if self.state() == QAbstractItemView.State.DragSelectingState:
            rows = self._layout.rows_in(rect.normalized().translated(0, self.verticalOffset()))
        elif command & QItemSelectionModel.SelectionFlag.Current:
            first, last = sorted((self._anchor, max(0, self.currentIndex().row())))
            rows = list(range(first, last + 1))
        else:
            place = self.indexAt(rect.topLeft())
            here = place if place.isValid() else self.indexAt(rect.center())
            rows = [here.row()] if here.isValid() else []
            if rows:
                self._anchor = rows[0]
        self.selectionModel().select(self.ranges(rows), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return QRegion(self.viewport().rect())

    def selected_parts(self) -> list[range]:
        """Row numbers in runs, from the top."""
        selection = self.selectionModel().selection()
        parts = [selection.at(number) for number in range(selection.size())]
        return sorted((range(part.top(), part.bottom() + 1) for part in parts), key=lambda part: part.start)

    def ranges(self, rows: Sequence[int]) -> QItemSelection:
        """A selection of rows, ascending; neighbours become one range, so that thousands stay quick."""
        selection = QItemSelection()
        if rows and rows[-1] - rows[0] + 1 == len(rows):
            selection.select(self._images.index(rows[0]), self._images.index(rows[-1]))
            return selection
        start = previous = -2
        for row in [*rows, -2]:
            if row != previous + 1:
                if start >= 0:
                    selection.select(self._images.index(start), self._images.index(previous))
                start = row
            previous = row
        return selection
