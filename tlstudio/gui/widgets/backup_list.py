"""The backups of a project, open or not: when they were made, what they hold, and putting one in the project's place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.errors import StudioError
from tlstudio.domain.keeping import Backup, Restored
from tlstudio.gui import theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.messages import DAY, ago, day, number
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.state_panel import StatePanel

WIDTH, HEIGHT = 640, 460
NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Text:
    TITLE = "Backups"
    HEADLINE = "Backups of “{}”"
    MEANING = (
        "A backup holds the labels, classes, notes and the list of trainings. One is made when you open the project, and every "
        "half hour while you change it. What is there now is kept as one more backup when you restore an earlier one."
    )
    TABLE = "Backups, the newest first"
    COLUMNS = "Made", "Images", "Classes", "Labels"
    DAMAGED = "damaged"
    RESTORE, CLOSE = "Restore this one", "Close"
    LOOKING, RESTORING = "Looking for backups", "Restoring the backup"
    NONE = "There are no backups yet"
    NONE_MORE = "The first one is made when the project is opened."
    BUSY = "Wait until the work that is under way for this project has ended."
    RESTORED = "Restored: {}. What was there before is one more backup now."


class BackupsDialog(QDialog):
    """Modal, because what is behind it changes as a whole. `restore` works on the chosen row."""

    def __init__(self, window: QWidget, session: Session, folder: Path) -> None:
        super().__init__(window)
        named(self, "backups", Text.TITLE)
        self.setWindowTitle(Text.TITLE)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self._session, self._folder = session, folder
        self._backups: list[Backup] = []
        self._job: Job | None = None
        self.headline = named(QLabel(Text.HEADLINE.format(self._name())), "backups.headline", Text.TITLE)
        self.headline.setProperty("role", "card-title")
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        meaning = named(QLabel(Text.MEANING), "backups.meaning", Text.MEANING)
        meaning.setProperty("role", "muted")
        meaning.setWordWrap(True)
        self.table = self._table()
        self.state = StatePanel("backups.state", self)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.table)
        self.trouble = InlineMessage("backups.error")
        self.restore_button = named(QPushButton(Text.RESTORE), "backups.restore", Text.RESTORE)
        self.restore_button.setProperty("role", "primary")
        self.restore_button.clicked.connect(self.restore)
        self.close_button = named(QPushButton(Text.CLOSE), "backups.close", Text.CLOSE)
        self.close_button.clicked.connect(self.reject)
        deeds = QHBoxLayout()
        deeds.setSpacing(theme.S)
        deeds.addStretch(1)
        deeds.addWidget(self.close_button)
        deeds.addWidget(self.restore_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.L)
        column.setSpacing(theme.M)
        column.addWidget(self.headline)
        column.addWidget(meaning)
        column.addWidget(self.stack, 1)
        column.addWidget(self.trouble)
        column.addLayout(deeds)
        self.resize(WIDTH, HEIGHT)
        session.bridge.job_ended.connect(self._update)
        self._list()

    def _name(self) -> str:
        summary = self._session.summary
        return summary.name if summary is not None and summary.folder == self._folder else self._folder.name

    def _table(self) -> QTableWidget:
        table = named(QTableWidget(0, len(Text.COLUMNS)), "backups.table", Text.TABLE)
        table.setHorizontalHeaderLabels(Text.COLUMNS)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(theme.HIT)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(1, len(Text.COLUMNS)):
            heading = QTableWidgetItem(Text.COLUMNS[column])
            heading.setTextAlignment(NUMBERS)
            table.setHorizontalHeaderItem(column, heading)
        table.setStyleSheet("QTableWidget::item { padding: 0 5px; }")  # under the words of the headings
        table.itemSelectionChanged.connect(self._update)
        return table

    # --- the list ---

    def _list(self) -> None:
        self.state.show_working(Text.LOOKING)
        self.stack.setCurrentWidget(self.state)
        self._job = job = self._session.bridge.submit("list_backups", project=self._folder)
        job.finished.connect(self._show)
        job.failed.connect(self._failed)
        job.ended.connect(self._ended)
        self._update()

    def _show(self, found: Sequence[Backup]) -> None:
        self._backups = list(found)
        if not found:
            self.state.show_state("info", "muted", Text.NONE, Text.NONE_MORE)
            return
        self.table.setRowCount(len(found))
        for row, backup in enumerate(found):
            counts = (backup.images, backup.classes, backup.labels)
            words = [number(n) for n in counts] if not backup.damaged else [Text.DAMAGED, "", ""]
            for column, text in enumerate((_moment(backup.made_at), *words)):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(NUMBERS)
                    item.setFont(theme.font(tabular=True))
                self.table.setItem(row, column, item)
        self.table.selectRow(next((row for row, backup in enumerate(found) if not backup.damaged), 0))
        self.stack.setCurrentWidget(self.table)
        self.table.setFocus()

    def _chosen(self) -> Backup | None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        return self._backups[rows.pop()] if rows and self.stack.currentWidget() is self.table else None

    # --- restoring ---

    def restore(self) -> None:
        """Puts the chosen backup in the project's place, and opens the project on it."""
        chosen = self._chosen()
        if chosen is None or self._job is not None:
            return
        self.trouble.hide()
        self.state.show_working(Text.RESTORING)
        self.stack.setCurrentWidget(self.state)
        self._job = job = self._session.bridge.submit(
            "restore_backup", Text.RESTORING, project=self._folder, name=chosen.name
        )
        job.finished.connect(self._restored)
        job.failed.connect(self._failed)
        job.cancelled.connect(lambda: self.stack.setCurrentWidget(self.table))
        job.ended.connect(self._ended)
        self._update()

    def _restored(self, done: Restored) -> None:
        if self._session.open_project(self._folder):
            self._session.say.emit(Text.RESTORED.format(_moment(done.backup.made_at)), "good")
        self.accept()

    def _failed(self, error: StudioError) -> None:
        self.trouble.tell(error)
        self.stack.setCurrentWidget(self.table)

    def _ended(self) -> None:
        self._job = None
        self._update()

    def _update(self) -> None:
        """What keeps the chosen backup from being restored now is said in the button's tooltip."""
        chosen, session = self._chosen(), self._session
        reason = session.read_only.reason if session.project == self._folder else ""
        if not reason and any(job is not self._job for job in session.jobs_of(self._folder)):
            reason = Text.BUSY
        self.restore_button.setToolTip(reason)
        ready = chosen is not None and not chosen.damaged and self._job is None
        self.restore_button.setEnabled(ready and not reason)

    def reject(self) -> None:
        """While a backup is being put in place, the question is decided."""
        if self._job is None or self._job.task != "restore_backup":
            super().reject()


def _moment(seconds: float) -> str:
    """`12 May 2026, 14:03`, and in the first days `12 May 2026, 14:03 (20 minutes ago)`."""
    text = f"{day(seconds)}, {datetime.fromtimestamp(seconds):%H:%M}"
    return f"{text} ({ago(seconds)})" if time.time() - seconds < 6 * DAY else text
