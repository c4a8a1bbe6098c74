"""Every deed of the window in one list: type a few letters, press Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.gui import theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.overlay import Overlay

WIDTH, ROWS = 560, 8
ROW_HEIGHT = 36
SHORTCUT_ROLE = Qt.ItemDataRole.UserRole + 1


class Text:
    PALETTE = "Commands"
    TYPE = "Type what you want to do"
    NOTHING = "Nothing of that name. Try another word."


class _Row(QStyledItemDelegate):
    """The name at the left, the shortcut at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(WIDTH, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        area = option.rect.adjusted(theme.M, 0, -theme.M, 0)
        painter.save()
        painter.setFont(theme.font(theme.TEXT_SECONDARY))
        painter.setPen(theme.colour("muted"))
        middle = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, middle, str(index.data(SHORTCUT_ROLE) or ""))
        painter.restore()


class CommandPalette(Overlay):
    """Lists the actions that can be done now. Up and down choose, Enter does, Escape closes."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        named(self, "window.commands", Text.PALETTE)
        self._actions: list[QAction] = []
        self._focus_before: QWidget | None = None
        self.line = named(QLineEdit(), "commands.filter", Text.TYPE)
        self.line.setPlaceholderText(Text.TYPE)
        self.line.setProperty("role", "search")
        self.line.textChanged.connect(self._filter)
        self.line.installEventFilter(self)
        self.list = named(QListWidget(), "commands.list", Text.PALETTE)
        self.list.setProperty("role", "plain")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._do)
        self.nothing = named(QLabel(Text.NOTHING), "commands.nothing", Text.NOTHING)
        self.nothing.setProperty("role", "muted")
        self.nothing.setContentsMargins(theme.M, theme.S, theme.M, theme.S)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(theme.S, theme.S, theme.S, theme.S)
        column.setSpacing(theme.XS)
        column.addWidget(self.line)
        column.addWidget(self.list)
        column.addWidget(self.nothing)

    def open(self, actions: list[QAction]) -> None:
        self._focus_before = self.window().focusWidget()
        self._actions = [action for action in actions if action.isEnabled()]
        self.line.clear()
        self._filter("")
        self.appear()
        self.line.setFocus()

    def dismiss(self) -> None:
        if self.isVisible():
            self.hide()
            if self._focus_before is not None and self._focus_before.isVisible():
                self._focus_before.setFocus()

    def place(self) -> None:
        width = min(WIDTH, self.host.width() - 2 * theme.L)
        rows = max(min(self.list.count(), ROWS), 1)
        self.list.setFixedHeight(rows * ROW_HEIGHT)
        self.resize(width, self._column.sizeHint().height())
        self.move((self.host.width() - width) // 2, theme.XXL)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        if watched is self.line and event.type() == QEvent.Type.FocusOut:
            self.hide()
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and self.list.count():
            self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do(self.list.currentItem())
        elif event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            return False
        return True

    def _filter(self, text: str) -> None:
        """Keeps the actions that hold every typed word, those that begin with it first."""
        words = text.casefold().split()
        found = [a for a in self._actions if all(word in a.text().casefold() for word in words)]
        found.sort(key=lambda action: not action.text().casefold().startswith(text.casefold()))
        self.list.clear()
        for action in found:
            shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            item = QListWidgetItem(action.text())
            item.setData(Qt.ItemDataRole.UserRole, action)
            item.setData(SHORTCUT_ROLE, shortcut)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)
        if self.isVisible():
            self.place()

    def _do(self, item: QListWidgetItem | None) -> None:
        action = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        self.dismiss()
        if action is not None:
            action.trigger()
