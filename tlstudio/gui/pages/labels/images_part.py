"""The images of the Labels page: filter, suggestions, grid and class panel, and what files dragged over them are told."""

from __future__ import annotations

import itertools

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from tlstudio.gui import theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.labels.note_editor import NoteEditor
from tlstudio.gui.pages.labels.panel import ClassPanel
from tlstudio.gui.pages.labels.suggest_bar import SuggestBar
from tlstudio.gui.widgets.class_buckets import dragged_files
from tlstudio.gui.widgets.filter_bar import FilterBar
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore


class Text:
    """Words of the grid."""

    grid = (
        "Images by class. Space shows one in large, number keys give a class, U marks as unsure, X leaves out, N notes."
    )


class ImagesPart(QWidget):
    """Widgets only. dropped_beside: files were dropped where there is no class."""

    dropped_beside = Signal()

    def __init__(self, store: ThumbnailStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.filter_bar = FilterBar("labels", self)
        self.message = InlineMessage("labels.message")
        self.suggest_bar = SuggestBar(self)
        self.grid = named(ThumbnailGrid(store, self), "labels.grid", Text.grid)
        self.grid.accepts_labels = True
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.panel = ClassPanel(self)
        self.note_editor = NoteEditor(self.grid.viewport())
        self._arrange()

    def keys_from(self, *following: QWidget) -> None:
        """The order in which Tab goes through the controls, and on to the `following` ones."""
        bar, panel = self.filter_bar, self.panel
        order: list[QWidget] = [
            bar.search,
            bar.class_box,
            bar.split_box,
            bar.mark_box,
            self.suggest_bar.button,
            self.grid,
        ]
        order += [panel.buckets, panel.rename_button, panel.delete_button, panel.name_edit, panel.add_button]
        for before, after in itertools.pairwise([*order, *following]):
            QWidget.setTabOrder(before, after)

    def _arrange(self) -> None:
        frame = QFrame(self)
        frame.setProperty("role", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(theme.XS, theme.XS, theme.XS, theme.XS)
        inside.addWidget(self.grid)
        row = QHBoxLayout()
        row.setSpacing(theme.L)
        row.addWidget(frame, 1)
        row.addWidget(self.panel)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        for part in (self.filter_bar, self.message, self.suggest_bar):
            column.addWidget(part)
        column.addLayout(row, 1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files are welcome on a class: while they are over this part, it says so. All else is the window's business."""
        if dragged_files(event.mimeData()):
            self.panel.drop_hint.show()
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.panel.drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.panel.drop_hint.hide()
        event.acceptProposedAction()
        self.dropped_beside.emit()
