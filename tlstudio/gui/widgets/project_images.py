"""The images of the open project by class: after the import."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import EmptyParts
from tlstudio.domain.values import ClassOverview, ProjectSummary, Split
from tlstudio.gui import theme
from tlstudio.gui.messages import count
from tlstudio.gui.models.class_table import PICTURES, rows_of_project
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.class_table import ClassTable
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.refusals import MOST_LISTED, RefusedRow
from tlstudio.gui.widgets.stacked_bar import StackedBar


class Text:
    TABLE = "Classes of the project"
    AMOUNTS = "{} in {}"
    CLASS = "class", "classes"
    GROUPS = "{}, each kept on one side of the division."
    SAVE_LIST = "Save the list of files that could not be read"
    TABLES = "Tables (*.csv)"
    FILE = "files that could not be read.csv"
    SAVED = "The list is saved as {}."


class ProjectImagesView(QWidget):
    """The division on top, the classes below, what was refused at the foot."""

    trouble = Signal(object)
    said = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("images.project")
        self._project: Path | None = None
        self._empty: tuple[Path | None, EmptyParts | None] = (None, None)
        self.amounts = named(QLabel(), "images.amounts", "")
        self.amounts.setProperty("role", "card-title")
        self.groups = named(QLabel(), "images.groups", "")
        self.groups.setProperty("role", "muted")
        self.bar = StackedBar("images.splits")
        card = QFrame()
        card.setProperty("role", "card")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        inner.setSpacing(theme.S)
        head = QHBoxLayout()
        head.addWidget(self.amounts)
        head.addStretch(1)
        head.addWidget(self.groups)
        inner.addLayout(head)
        inner.addWidget(self.bar)
        self.missing = InlineMessage("images.empty_parts")
        self.table = ClassTable("images.classes", Text.TABLE, pictures=True)
        self.refused = RefusedRow("images.refused", with_save=True)
        self.refused.save_wanted.connect(self._ask_for_file)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addWidget(card)
        column.addWidget(self.missing)
        column.addWidget(self.table, 1)
        column.addWidget(self.refused)

    def show_project(self, summary: ProjectSummary) -> None:
        """Reads what the project holds (milliseconds) and shows it by class. Raises StudioError."""
        from tlstudio.workflow import browsing

        self._project = summary.folder
        parts = browsing.overview(summary.folder, PICTURES)
        images = sum(part.count for part in parts)
        classes = sum(part.label is not None and part.count > 0 for part in parts)
        self._show_missing(parts)
        self.amounts.setText(Text.AMOUNTS.format(count(images, "image"), count(classes, *Text.CLASS)))
        self.groups.setText(Text.GROUPS.format(count(summary.groups, "group")))
        self.groups.setVisible(0 < summary.groups < summary.images)
        self.bar.show_counts({split: summary.splits.get(split.value, 0) for split in Split})
        self.table.show_rows(rows_of_project(parts, partial(browsing.thumbnail, summary.folder)))
        self.refused.show_refusals(browsing.refusals(summary.folder, MOST_LISTED), summary.refused)

    def tell_empty(self, project: Path, empty: EmptyParts | None) -> None:
        """What the last import left without images, None for nothing: it is told as long as it is so."""
        self._empty = (project, empty)

    def _show_missing(self, classes: Sequence[ClassOverview]) -> None:
        project, empty = self._empty
        labeled = [each for each in classes if each.label is not None and each.count] or classes
        filled = empty is not None and any(each.splits.get(part) for each in labeled for part in empty.parts)
        self.missing.hide()
        if empty is not None and project == self._project and not filled:
            self.missing.say(empty.what, empty.remedy)

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self.window(), Text.SAVE_LIST, str(Path.home() / Text.FILE), Text.TABLES)
        dialog.setObjectName("images.save_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.save_refusals)
        dialog.open()

    def save_refusals(self, file: str) -> None:
        from tlstudio.workflow import browsing

        if self._project is None:
            return
        try:
            browsing.save_refusals(self._project, Path(file))
        except StudioError as error:
            self.trouble.emit(error)
        else:
            self.said.emit(Text.SAVED.format(Path(file).name), "good")
