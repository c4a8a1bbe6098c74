"""Comparing with another person's labels: how far both agree, and every image that they label differently, to be settled."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tlstudio.domain.wording import isolated
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.labels.compare_detail import KEYS, CompareDetail
from tlstudio.gui.pages.labels.compare_summary import CompareSummary
from tlstudio.gui.widgets.class_buckets import dragged_files
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

_LIST = 348


class Text:
    """Words of the comparison."""

    back = "Back to the images"
    person = "Person to compare with"
    choose = "Choose a table"
    grid = "Images that you label differently. M keeps your label, T takes theirs, U marks as unsure."
    empty = "Two people, the same images"
    empty_more = (
        "Choose a table (CSV) of another person's labels, with a column for the file and one for the class. It shows how far you"
        " agree and where you differ; nothing changes until you decide."
    )
    working = "Comparing the labels"
    agreed = "You agree on every image"
    agreed_more = "There is nothing to settle between you and {name}."
    again = "Try again"


class CompareView(QWidget):
    """Widgets only. back_wanted, choose_wanted: the buttons. person_chosen: another name in the box. table_dropped: a path."""

    back_wanted = Signal()
    choose_wanted = Signal()
    person_chosen = Signal(str)
    table_dropped = Signal(object)

    def __init__(self, store: ThumbnailStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("labels.comparison")
        self.setAcceptDrops(True)
        self.back_button = named(QPushButton(Text.back, self), "labels.compare_back", Text.back)
        self.back_button.setProperty("role", "flat")
        icons.set_icon(self.back_button, "chevron-left", "accent", 16)
        self.people = named(Chooser(self), "labels.people", Text.person)
        self.choose_button = named(QPushButton(Text.choose, self), "labels.choose_table", Text.choose)
        icons.set_icon(self.choose_button, "folder-open", "text", 16)
        self.state = StatePanel("labels.compare_state", self)
        self.summary = CompareSummary(self)
        self.grid = named(ThumbnailGrid(store, self), "labels.differences", Text.grid)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.setDragEnabled(False)
        self.grid.setSelectionMode(ThumbnailGrid.SelectionMode.SingleSelection)
        self.detail = CompareDetail(self)
        self.grid.mark_keys = KEYS
        self.grid.mark.connect(self.detail.press)
        self.agreed = StatePanel("labels.compare_agreed", self)
        self.stack = QStackedWidget(self)
        self._arrange()
        self.back_button.clicked.connect(self.back_wanted)
        self.choose_button.clicked.connect(self.choose_wanted)
        self.people.textActivated.connect(self.person_chosen)

    def show_people(self, names: list[str], chosen: str) -> None:
        self.people.blockSignals(True)
        self.people.clear()
        self.people.addItems(names)
        self.people.setCurrentText(chosen)
        self.people.blockSignals(False)
        self.people.setVisible(bool(names))

    def show_differences(self, any_left: bool, name: str) -> None:
        """The list and the choice, or that there is nothing to settle."""
        self.stack.setCurrentIndex(1)
        self.detail.setVisible(any_left)
        self._list.setVisible(any_left)
        self.agreed.setVisible(not any_left)
        if not any_left:
            self.agreed.show_state("good", "good", Text.agreed, Text.agreed_more.format(name=isolated(name)))

    def show_state(self) -> None:
        self.stack.setCurrentIndex(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text().lower() in KEYS:
            self.detail.press(event.text().lower())
            event.accept()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if len(dragged_files(event.mimeData(), tables=True)) == 1:
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.table_dropped.emit(dragged_files(event.mimeData(), tables=True)[0])

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(self.back_button)
        head.addStretch(1)
        head.addWidget(self.people)
        head.addWidget(self.choose_button)
        self._list = QFrame(self)
        self._list.setProperty("role", "card")
        inside = QVBoxLayout(self._list)
        inside.setContentsMargins(theme.XS, theme.XS, theme.XS, theme.XS)
        inside.addWidget(self.grid)
        left = QVBoxLayout()
        left.setSpacing(theme.M)
        self.summary.setFixedWidth(_LIST)
        self._list.setFixedWidth(_LIST)
        left.addWidget(self.summary)
        left.addWidget(self._list, 1)
        content = QWidget(self)
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.M)
        row.addLayout(left)
        row.addWidget(self.detail, 1)
        row.addWidget(self.agreed, 1)
        self.stack.addWidget(self.state)
        self.stack.addWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addLayout(head)
        column.addWidget(self.stack, 1)
        column.setAlignment(head, Qt.AlignmentFlag.AlignTop)
