"""Which column of a table says what, with the first rows to see it by."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from tlstudio.domain.importing import ROLES, TablePreview
from tlstudio.gui import theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.help_bubble import HelpButton

ROW_HEIGHT, MOST_ROWS = 32, 3
NEEDED = ("path", "class")


class Text:
    TITLE = "What the columns say"
    HELP = (
        "The program guesses by the names of the columns. Choose others where it guessed wrong; the counts follow at once. "
        "Columns that are not chosen are kept with each image."
    )
    ROLES = {  # noqa: RUF012 - read only
        "path": "Image file",
        "class": "Class",
        "group": "Belongs together by",
        "split": "Training, validation, test",
    }
    NONE = {"class": "No labels yet", "group": "Nothing", "split": "Divided here"}  # noqa: RUF012
    CHOOSE = "Choose one"
    ROWS = "The first rows of the table"


class ColumnChoice(QFrame):
    """`chosen` carries {role: column} when the user picked another column; an empty name means none."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "images.columns", Text.TITLE)
        self.setProperty("role", "card")
        head = QHBoxLayout()
        heading = QLabel(Text.TITLE)
        heading.setProperty("role", "card-title")
        head.addWidget(heading)
        head.addWidget(HelpButton(Text.HELP, "images.help_columns", Text.TITLE, Text.TITLE))
        head.addStretch(1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.M)
        grid.setVerticalSpacing(theme.XS)
        self.boxes: dict[str, QComboBox] = {}
        for place, role in enumerate(ROLES):
            box = self.boxes[role] = named(Chooser(), f"images.column_{role}", Text.ROLES[role])
            box.activated.connect(self._activated)
            caption = QLabel(Text.ROLES[role])
            caption.setBuddy(box)
            grid.addWidget(caption, 0, place)
            grid.addWidget(box, 1, place)
            grid.setColumnStretch(place, 1)
        self.rows = named(QTableWidget(), "images.column_rows", Text.ROWS)
        self.rows.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rows.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.rows.setShowGrid(False)
        self.rows.setTabKeyNavigation(False)
        self.rows.verticalHeader().hide()
        self.rows.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.rows.horizontalHeader().setHighlightSections(False)
        self.rows.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        column.addLayout(head)
        column.addLayout(grid)
        column.addWidget(self.rows)

    def show_table(self, table: TablePreview | None, *, open_question: bool) -> None:
        """Hidden for a source that is no table. open_question: the columns known so far are not enough."""
        self.setVisible(table is not None)
        if table is None:
            return
        for role, box in self.boxes.items():
            box.clear()
            if role == "path" or (role in NEEDED and open_question and role not in table.mapping):
                box.addItem(Text.CHOOSE, None)
            if role in Text.NONE:
                box.addItem(Text.NONE[role], "")
            for name in table.columns:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(table.mapping[role]) if role in table.mapping else 0))
        self._show_rows(table)

    def _show_rows(self, table: TablePreview) -> None:
        rows = table.rows[:MOST_ROWS]
        self.rows.clear()
        self.rows.setColumnCount(len(table.columns))
        self.rows.setRowCount(len(rows))
        self.rows.setHorizontalHeaderLabels(list(table.columns))
        for y, cells in enumerate(rows):
            for x, text in enumerate(cells):
                item = QTableWidgetItem(text.replace("\n", " "))
                item.setToolTip(text)
                self.rows.setItem(y, x, item)
        self.rows.resizeColumnsToContents()
        # In a low window it gives way to the classes below it, and scrolls.
        self.rows.setMinimumHeight(min(len(rows) + 1, 2) * ROW_HEIGHT)
        self.rows.setMaximumHeight((len(rows) + 1) * ROW_HEIGHT + theme.L)

    def columns(self) -> dict[str, str]:
        """What is chosen now; nothing for a role where the program shall ask."""
        chosen = {role: box.currentData() for role, box in self.boxes.items() if box.count()}
        return {role: name for role, name in chosen.items() if name is not None}

    def _activated(self) -> None:
        self.chosen.emit(self.columns())
