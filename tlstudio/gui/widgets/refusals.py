"""The quiet row that says how many files could not be read, and opens to the list with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.safe_text import visible
from tlstudio.domain.values import Refusal
from tlstudio.gui import icons, theme
from tlstudio.gui.messages import count
from tlstudio.gui.pages.base import named

MOST_LISTED = 2_000
MOST_SEEN, ROW_HEIGHT = 5, 32


class Text:
    SUMMARY_ONE = "1 file could not be read"
    SUMMARY = "{} could not be read"
    FILE, REASON = "File", "Why"
    SAVE = "Save list…"
    TABLE = "Files that could not be read"


class RefusedRow(QWidget):
    """Hidden while nothing was refused. `save_wanted` is emitted by its button."""

    save_wanted = Signal()

    def __init__(self, name: str, *, with_save: bool) -> None:
        super().__init__()
        named(self, name, Text.TABLE)
        self.toggle = named(QToolButton(), f"{name}_toggle", "")
        self.toggle.setCheckable(True)
        self.toggle.setProperty("fold", True)
        self.toggle.setToolButtonStyle(self.toggle.toolButtonStyle().ToolButtonTextBesideIcon)
        self.toggle.setMinimumHeight(theme.HIT)
        self.toggle.toggled.connect(self._open)
        self.save = named(QPushButton(Text.SAVE), f"{name}_save", Text.SAVE)
        self.save.setProperty("role", "flat")
        self.save.clicked.connect(self.save_wanted)
        self._with_save = with_save
        self.list = named(QTableWidget(0, 2), f"{name}_list", Text.TABLE)
        self.list.setHorizontalHeaderLabels([Text.FILE, Text.REASON])
        self.list.verticalHeader().hide()
        self.list.setShowGrid(False)
        self.list.setTabKeyNavigation(False)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.list.horizontalHeader().setHighlightSections(False)
        self.list.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.list.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        head = QHBoxLayout()
        head.addWidget(self.toggle)
        head.addStretch(1)
        head.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.XS)
        column.addLayout(head)
        column.addWidget(self.list)
        self.show_refusals(())

    def show_refusals(self, refusals: Sequence[Refusal], amount: int = 0) -> None:
        """amount: how many there are, where these are only the first of them."""
        amount = max(amount, len(refusals))
        text = Text.SUMMARY_ONE if amount == 1 else Text.SUMMARY.format(count(amount, "file"))
        self.toggle.setText(text)
        self.toggle.setAccessibleName(text)
        self.toggle.setChecked(False)
        self._open(False)
        self.list.setRowCount(0)
        self.list.setRowCount(min(len(refusals), MOST_LISTED))
        for row, refusal in enumerate(refusals[:MOST_LISTED]):
            file = QTableWidgetItem(visible(Path(refusal.path).name))
            file.setToolTip(visible(refusal.path))
            reason = QTableWidgetItem(visible(refusal.reason))
            reason.setToolTip(visible(refusal.reason))
            self.list.setItem(row, 0, file)
            self.list.setItem(row, 1, reason)
        shown = min(amount, MOST_SEEN) + 1  # and the header
        self.list.setFixedHeight(shown * ROW_HEIGHT + theme.S)
        self.setVisible(amount > 0)

    def _open(self, opened: bool) -> None:
        icons.set_icon(self.toggle, "chevron-down" if opened else "chevron-right", "muted", 16)
        self.list.setVisible(opened)
        self.save.setVisible(opened and self._with_save)
