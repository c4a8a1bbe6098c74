"""The classes at the side of the grid: drop images on one to give them that class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QLineEdit, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from tlstudio.gui import dropping, theme
from tlstudio.gui.models.class_list import ClassListModel
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import IMAGE_MIME, unpack_ids
from tlstudio.gui.widgets import paint

Index = QModelIndex | QPersistentModelIndex
ROW = 44
TABLES = frozenset({".csv", ".tsv", ".txt"})
OTHERS = frozenset({".onnx", ".zip", ".json", ".jsonl", ".xml"})  # what the window itself knows to take
_KEY = 20
_NAME_X = theme.M + paint.CHIP + theme.S


class ClassBuckets(QListView):
    """dropped: (image ids, class name or None). files_dropped: (paths, class name or None), from the file manager.

    chosen: a class was clicked. apply_wanted: Return on a class. remove_wanted: the Delete key on a class; whether it may go is
    the page's business.
    """

    dropped = Signal(object, object)  # lists go as they are: Qt would turn them over number by number
    files_dropped = Signal(list, object)
    chosen = Signal(object)
    apply_wanted = Signal(object)
    remove_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes = ClassListModel(self)
        self.setModel(self.classes)
        self.setItemDelegate(_BucketDelegate(self))
        self.styles = ClassStyles()
        self.lit_row = -1
        self._files: tuple[Path, ...] = ()  # of the drag that is over the list; asked of the disk once
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed | QListView.EditTrigger.DoubleClicked)
        self.clicked.connect(lambda index: self.chosen.emit(self.classes.label(index.row())))

    def set_styles(self, styles: ClassStyles) -> None:
        self.styles = styles
        self.viewport().update()

    def current_label(self) -> str | None:
        """The class under the keyboard's cursor; None without one and for the images without a class."""
        index = self.currentIndex()
        return self.classes.label(index.row()) if index.isValid() else None

    def select_label(self, label: str | None) -> None:
        row = self.classes.row_of(label)
        if row >= 0:
            self.make_current(self.classes.index(row))

    def make_current(self, index: QModelIndex) -> None:
        """Whatever keys are down, which `setCurrentIndex` of a view would mind."""
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def rename_current(self) -> None:
        """Opens the name of the current class for editing."""
        if self.current_label() is not None:
            self.edit(self.currentIndex())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        editing = self.state() == QListView.State.EditingState
        if not editing and self.currentIndex().isValid():
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.apply_wanted.emit(self.current_label())
                return
            if event.key() == Qt.Key.Key_Delete and self.current_label() is not None:
                self.remove_wanted.emit(self.current_label())
                return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._files = dragged_files(event.mimeData())
        self._consider(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._consider(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._light_up(-1)

    def dropEvent(self, event: QDropEvent) -> None:
        row = self._row_under(event)
        self._light_up(-1)
        if row < 0:
            event.ignore()
            return
        event.acceptProposedAction()
        ids = unpack_ids(event.mimeData())
        if ids:
            self.dropped.emit(ids, self.classes.label(row))
        else:
            self.files_dropped.emit(list(self._files), self.classes.label(row))

    def _consider(self, event: QDragMoveEvent) -> None:
        row = self._row_under(event)
        self._light_up(row)
        if row >= 0:
            event.acceptProposedAction()
        elif self._carries_images(event):
            # Accepted as a whole, so that the drag goes on to the rows; only a row takes the drop.
            event.setDropAction(Qt.DropAction.IgnoreAction)
            event.accept()
        else:
            event.ignore()

    def _row_under(self, event: QDropEvent) -> int:
        if not self._carries_images(event):
            return -1
        return self.indexAt(event.position().toPoint()).row()

    def _carries_images(self, event: QDropEvent) -> bool:
        return event.mimeData().hasFormat(IMAGE_MIME) or bool(self._files)

    def _light_up(self, row: int) -> None:
        if row != self.lit_row:
            self.lit_row = row
            self.viewport().update()


def dragged_files(mime: QMimeData, *, tables: bool = False) -> tuple[Path, ...]:
    """The single images of a drag from the file manager, or with `tables` its tables; empty for folders and anything else."""
    dropped = dropping.read(mime)
    if dropped is None or (len(dropped.paths) == 1 and dropped.kind in (dropping.Kind.PROJECT, dropping.Kind.BUNDLE)):
        return ()
    files = [path for path in dropped.paths if not path.is_dir()]
    return tuple(
        path for path in files if (path.suffix.lower() in TABLES) is tables and path.suffix.lower() not in OTHERS
    )


class _BucketDelegate(QStyledItemDelegate):
    """Chip, name, count and the key that labels with this class."""

    def __init__(self, view: ClassBuckets) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        self._ground(painter, rect, state, index.row())
        label = index.data(ClassListModel.LabelRole)
        style = None if label is None else self._view.styles[label]
        middle = rect.center().y()
        place = QRect(rect.x() + theme.M, middle - paint.CHIP // 2 + 1, paint.CHIP, paint.CHIP)
        paint.chip(painter, place, style)
        right = rect.right() - theme.M
        key = QRect(right - _KEY, middle - _KEY // 2 + 1, _KEY, _KEY)
        if style is not None and style.shortcut:
            _key_cap(painter, key, style.shortcut)
        number = QRect(key.x() - theme.S - 64, rect.y(), 64, rect.height())
        count = f"{index.data(ClassListModel.CountRole):,}"
        paint.text(painter, number, count, theme.colour("muted"), tabular=True, align=Qt.AlignmentFlag.AlignRight)
        taken = paint.text_width(count, tabular=True) + theme.S
        name = QRect(rect.x() + _NAME_X, rect.y(), number.right() - taken - rect.x() - _NAME_X, rect.height())
        ink = theme.colour("text" if label is not None else "muted")
        paint.text(painter, name, index.data(), ink, semibold=bool(state & QStyle.StateFlag.State_Selected))

    def _ground(self, painter: QPainter, rect: QRect, state: QStyle.StateFlag, row: int) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(rect).adjusted(4, 2, -4, -2)
        lit = row == self._view.lit_row
        focused = bool(state & QStyle.StateFlag.State_HasFocus) and self._view.hasFocus()
        name = ""
        if lit or state & QStyle.StateFlag.State_Selected:
            name = "accent_soft"
        elif state & QStyle.StateFlag.State_MouseOver:
            name = "hover"
        painter.setBrush(theme.colour(name) if name else Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent"), 2) if lit or focused else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("labels.rename")
        editor.setAccessibleName(f"New name for {index.data()}")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QLineEdit)
        editor.setText(index.data())
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QLineEdit)
        model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect
        editor.setGeometry(rect.adjusted(_NAME_X - theme.S, 5, -theme.M, -5))


def _key_cap(painter: QPainter, rect: QRect, key: str) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("border"), 1))
    painter.setBrush(theme.colour("surface"))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), theme.XS, theme.XS)
    painter.restore()
    paint.text(
        painter,
        rect,
        key,
        theme.colour("muted"),
        size=theme.TEXT_SECONDARY,
        align=Qt.AlignmentFlag.AlignHCenter,
    )
