"""The table of predictions: picture, class, confidence bar, status with its mark, file."""

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

from tlstudio.gui import icons, theme
from tlstudio.gui.messages import percent
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.prediction_table import ROW_ROLE, Column, PredictionRow, PredictionTableModel
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.thumbnail_strip import paint_square

PICTURE = 40
ROW_HEIGHT = PICTURE + theme.M
MARKS = {
    "ok": ("tick", "good"),
    "uncertain": ("caution", "caution"),
    "unfamiliar": ("unfamiliar", "caution"),
    "refused": ("bad", "bad"),
}


class _Painter(QStyledItemDelegate):
    def __init__(self, view: PredictionView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: PredictionRow = index.data(ROW_ROLE)
        whole: QRect = option.rect
        area = whole.adjusted(theme.S, 0, -theme.S, 0)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(whole, theme.colour("accent_soft"))
        match Column(index.column()):
            case Column.PICTURE:
                self._picture(painter, area, row)
            case Column.LABEL:
                self._label(painter, area, row)
            case Column.CONFIDENCE:
                self._confidence(painter, area, row)
            case Column.STATUS:
                self._status(painter, area, row)
            case Column.FILE:
                middle = Qt.TextElideMode.ElideMiddle
                paint.text(painter, area, row.file.name, theme.colour("muted"), elide=middle)
        painter.restore()

    @staticmethod
    def _picture(painter: QPainter, area: QRect, row: PredictionRow) -> None:
        square = QRectF(area.left(), area.center().y() - PICTURE / 2 + 0.5, PICTURE, PICTURE)
        if row.picture is not None:
            paint_square(painter, square, row.picture)
        else:
            name = "bad" if row.status == "refused" else "images"
            icons.paint(painter, name, square.adjusted(10, 10, -10, -10), theme.colour("border"))

    def _label(self, painter: QPainter, area: QRect, row: PredictionRow) -> None:
        if not row.label:
            paint.text(painter, area, "–", theme.colour("muted"))
            return
        chip = QRect(area.left(), area.center().y() - paint.CHIP // 2 + 1, paint.CHIP, paint.CHIP)
        paint.chip(painter, chip, self._view.styles[row.label])
        paint.text(painter, area.adjusted(paint.CHIP + theme.S, 0, 0, 0), row.label)

    @staticmethod
    def _confidence(painter: QPainter, area: QRect, row: PredictionRow) -> None:
        if not row.label:
            return
        bar = QRectF(area.left(), area.center().y() - 3, area.width() - 56, 7)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hairline"))
        painter.drawRoundedRect(bar, 3.5, 3.5)
        painter.setBrush(theme.colour("accent" if row.status == "ok" else "border"))
        bar.setWidth(bar.width() * row.confidence)
        painter.drawRoundedRect(bar, 3.5, 3.5)
        right = Qt.AlignmentFlag.AlignRight
        paint.text(painter, area, percent(row.confidence), tabular=True, align=right)

    @staticmethod
    def _status(painter: QPainter, area: QRect, row: PredictionRow) -> None:
        name, tone = MARKS.get(row.status, ("info", "muted"))
        mark = QRectF(area.left(), area.center().y() - 9, theme.ICON - 2, theme.ICON - 2)
        icons.paint(painter, name, mark, theme.colour(tone))
        words = row.status_words()
        if row.status == "refused" and row.message:
            words = row.message
        ink = theme.colour("text" if row.status == "ok" else tone)
        paint.text(painter, area.adjusted(theme.ICON + theme.XS, 0, 0, 0), words, ink)


class PredictionView(QTableView):
    """Virtual and sortable: only what is seen is painted, and a picture is read when it is painted."""

    def __init__(self, name: str, accessible: str) -> None:
        super().__init__()
        named(self, name, accessible)
        self.styles = ClassStyles()
        self.table = PredictionTableModel(self)
        self.setModel(self.table)
        self.setItemDelegate(_Painter(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(PICTURE + theme.L)
        header.setSectionResizeMode(Column.FILE, QHeaderView.ResizeMode.Stretch)
        for column, width in (
            (Column.PICTURE, 56),
            (Column.LABEL, 200),
            (Column.CONFIDENCE, 200),
            (Column.STATUS, 240),
        ):
            header.resizeSection(column, width)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def show_classes(self, names: Sequence[str]) -> None:
        self.styles = ClassStyles(names)
        self.viewport().update()
