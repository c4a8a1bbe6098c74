"""The table of classes: chip, name, count, a strip of pictures and the division, painted only where it is seen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from tlstudio.gui import theme
from tlstudio.gui.messages import number
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.class_table import ROW_ROLE, ClassRow, ClassTableModel, Column
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.stacked_bar import paint_bar
from tlstudio.gui.widgets.thumbnail_strip import paint_square

PICTURE = 48


class _Painter(QStyledItemDelegate):
    def __init__(self, table: ClassTable) -> None:
        super().__init__(table)
        self._table = table

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, self._table.row_height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: ClassRow = index.data(ROW_ROLE)
        area: QRect = option.rect.adjusted(theme.S, 0, -theme.S, 0)
        state = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, theme.colour("accent_soft"))
        match Column(index.column()):
            case Column.NAME:
                self._name(painter, area, row)
            case Column.COUNT:
                paint.text(painter, area, number(row.count), tabular=True, align=Qt.AlignmentFlag.AlignRight)
            case Column.PICTURES:
                self._pictures(painter, area, row)
            case Column.SPLITS:
                bar = QRectF(area.left(), area.center().y() - 4, area.width(), 8)
                paint_bar(painter, bar, {split: float(value) for split, value in row.splits})
        painter.restore()

    def _name(self, painter: QPainter, area: QRect, row: ClassRow) -> None:
        chip = QRect(area.left(), area.center().y() - paint.CHIP // 2 + 1, paint.CHIP, paint.CHIP)
        paint.chip(painter, chip, self._table.styles[row.name])
        paint.text(painter, area.adjusted(paint.CHIP + theme.S, 0, 0, 0), row.name)

    @staticmethod
    def _pictures(painter: QPainter, area: QRect, row: ClassRow) -> None:
        top = area.center().y() - PICTURE / 2 + 0.5
        for place, path in enumerate(row.pictures):
            left = area.left() + place * (PICTURE + theme.XS)
            if left + PICTURE > area.right():
                break
            paint_square(painter, QRectF(left, top, PICTURE, PICTURE), path)


class ClassTable(QTableView):
    """pictures: with the strip and the division (after the import), or name and count only (before it)."""

    def __init__(self, name: str, accessible: str, *, pictures: bool) -> None:
        super().__init__()
        named(self, name, accessible)
        self.row_height = PICTURE + theme.L if pictures else 40
        self.styles = ClassStyles()
        self.table = ClassTableModel(self)
        self.setModel(self.table)
        self.setItemDelegate(_Painter(self))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.row_height)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(64)
        stretched = Column.PICTURES if pictures else Column.NAME
        for column in Column:
            fixed = QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch if column is stretched else fixed)
        header.resizeSection(Column.COUNT, 88)
        header.resizeSection(Column.SPLITS, 208)
        if pictures:
            header.resizeSection(Column.NAME, 176)
        self.setColumnHidden(Column.PICTURES, not pictures)
        self.setColumnHidden(Column.SPLITS, not pictures)

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        self.styles = ClassStyles([row.name for row in rows])
        self.table.show_rows(rows)
