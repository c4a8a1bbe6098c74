"""The runs of a project in a table; the chosen one is shown above it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Signal
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from tlstudio.domain.runs import RunRow
from tlstudio.gui import theme
from tlstudio.gui.models.run_list import RunListModel

_HEIGHT, _LEAST, _LOWEST = (
    168,
    104,
    68,
)  # as high as its lines, within these; the headings and a line in the lowest window


class RunTable(QTableView):
    """chosen: another run is the current one. several: two or more are selected. opened: Return or double click."""

    chosen = Signal(object)
    several = Signal(list)
    opened = Signal(object)

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.runs = RunListModel(self)
        self.setModel(self.runs)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(_LOWEST)
        self.setMaximumHeight(_LEAST)
        self.setStyleSheet("QTableView::item { padding-left: 5px; }")  # under the words of the headings
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.HIT)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.selectionModel().selectionChanged.connect(lambda *_: self._tell())
        self.activated.connect(lambda index: self.opened.emit(self.runs.row(index.row())))

    def show_runs(self, rows: Sequence[RunRow], current: str) -> None:
        """`current`: the id of the run to mark; the newest where it is not among them."""
        self.selectionModel().blockSignals(True)
        self.runs.set_rows(rows)
        self.selectionModel().blockSignals(False)
        needed = self.horizontalHeader().sizeHint().height() + len(rows) * theme.HIT + 2
        self.setMaximumHeight(max(_LEAST, min(needed, _HEIGHT)))
        if rows:
            flags = QItemSelectionModel.SelectionFlag
            index = self.runs.index(max(0, self.runs.number_of(current)), 0)
            self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def current(self) -> RunRow | None:
        index = self.currentIndex()
        return self.runs.row(index.row()) if index.isValid() else None

    def selected(self) -> list[RunRow]:
        """In the order of the table."""
        return [self.runs.row(n) for n in sorted(index.row() for index in self.selectionModel().selectedRows())]

    def _tell(self) -> None:
        rows = self.selected()
        if len(rows) > 1:
            self.several.emit(rows)
        elif rows:
            self.chosen.emit(rows[0])
