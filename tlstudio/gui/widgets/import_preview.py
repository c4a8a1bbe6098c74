"""What was found in a source, before anything is imported, and the import itself in the same place."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from tlstudio.domain.events import Note, Progress
from tlstudio.domain.importing import CLASSES, PARTS, ImportPreview, ImportRequest
from tlstudio.domain.values import ProjectSummary
from tlstudio.domain.wording import isolated_all
from tlstudio.gui import theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.messages import count, number, place, progress
from tlstudio.gui.models.class_table import ClassRow
from tlstudio.gui.models.class_table import Text as Classes
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.changed_question import ChangedQuestion
from tlstudio.gui.widgets.class_table import ClassTable
from tlstudio.gui.widgets.fitting import MIDDLE, Chooser, ElidedLabel
from tlstudio.gui.widgets.import_columns import ColumnChoice
from tlstudio.gui.widgets.import_encoding import EncodingChoice
from tlstudio.gui.widgets.import_options import ImportOptions
from tlstudio.gui.widgets.job_strip import Spinner
from tlstudio.gui.widgets.refusals import RefusedRow
from tlstudio.gui.widgets.stop_button import StopButton

LEAST_TABLE = 4 * theme.HIT  # the heads and a few classes


class Text:
    FOUND = "{} in {}"
    FOUND_OPEN = "{}, to be labeled here"
    FOUND_BOTH = "{} in {}, and {} without a class"
    FOUND_NOTHING = "Say what the columns mean"
    FOUND_UNCLEAR = "Say how the text is encoded"
    OTHER_COLUMNS = "Choose other columns above, or put the table beside its images and open it again."
    READING = "How it is read"
    CLASS = "class", "classes"
    TABLE = "Classes that were found"
    WAITING = "Waiting for other work to end"
    IMPORTING = "Reading images"
    CANCEL = "Cancel the import"
    CANCELLED = "The import was cancelled. No image was added."
    TWO_WAYS = (
        "These folders can be read in two ways. See above how they are read, and choose the other way if that is wrong."
    )
    SMALL = "{} has fewer than 10 images. More images make the result more certain."


class ImportPreviewView(QWidget):
    """Left: the classes and what was refused. Right: the choices. While it imports, the bar stands below the table."""

    changed = Signal()
    read_otherwise = Signal(str, object, str)  # a Reading's key, {role: column}, the name of an encoding

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("images.preview")
        self.options = ImportOptions()
        self.options.changed.connect(self.changed)
        self.heading = named(QLabel(), "images.found", "")
        self.heading.setProperty("role", "card-title")
        self.source = named(ElidedLabel(mode=MIDDLE), "images.source", "")
        self.source.setProperty("role", "secondary")
        self.reading = named(QLabel(), "images.recognised", "")
        self.reading.setProperty("role", "muted")
        self.reading.setWordWrap(True)
        self.readings = named(Chooser(), "images.reading", Text.READING)
        self.readings.activated.connect(self._reading_chosen)
        self.encoding = EncodingChoice()
        self.encoding.chosen.connect(self._encoding_chosen)
        self.columns = ColumnChoice()
        self.columns.chosen.connect(self._columns_chosen)
        self.table = ClassTable("images.found_classes", Text.TABLE, pictures=False)
        self.table.setMinimumHeight(LEAST_TABLE)
        self.refused = RefusedRow("images.preview_refused", with_save=False)
        self.trouble = ChangedQuestion("images.import_error")
        left = QVBoxLayout()
        left.setSpacing(theme.S)
        left.addWidget(self.heading)
        left.addWidget(self.source)
        left.addWidget(self.reading)
        left.addWidget(self.readings)
        left.addWidget(self.encoding)
        left.addWidget(self.columns)
        left.addWidget(self.table, 1)
        left.addWidget(self.refused)
        left.addWidget(self.trouble)
        left.addWidget(self._progress_card())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.L)
        row.addLayout(left, 1)
        row.addWidget(self.options)
        self.job: Job | None = None
        self._preview: ImportPreview | None = None

    def _progress_card(self) -> QFrame:
        self.card = named(QFrame(), "images.progress_card", Text.IMPORTING)
        self.card.setProperty("role", "card")
        self.stage = named(ElidedLabel(), "images.progress_text", Text.IMPORTING)
        self.stage.setFont(theme.font(tabular=True))
        self.bar = named(QProgressBar(), "images.progress", Text.IMPORTING)
        self.bar.setTextVisible(False)
        self.cancel = StopButton(Text.CANCEL, "images.cancel_import")
        self.cancel.clicked.connect(self._cancel)
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(Spinner())
        head.addWidget(self.stage, 1)
        head.addWidget(self.cancel)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(theme.L, theme.M, theme.M, theme.L)
        column.setSpacing(theme.M)
        column.addLayout(head)
        column.addWidget(self.bar)
        self.card.hide()
        return self.card

    def show_preview(
        self, preview: ImportPreview, current: ProjectSummary | None, *, adding: bool = False, keep: bool = False
    ) -> None:
        """See `ImportOptions.show_preview`."""
        self._preview = preview
        self.heading.setText(_found(preview))
        self.heading.setAccessibleName(self.heading.text())
        self.source.setText(place(preview.source))
        self.source.setToolTip(str(preview.source))
        self._show_readings(preview)
        self.encoding.show_encoding(preview.encoding)
        self.columns.show_table(preview.table, open_question=bool(preview.problem))
        rows = [ClassRow(name, amount) for name, amount in preview.classes.items()]
        self.table.show_rows([*rows, *([ClassRow(Classes.NO_CLASS, preview.unlabeled)] if preview.unlabeled else [])])
        self.refused.show_refusals(preview.refused)
        self._warn(preview)
        self.options.show_preview(preview, current, adding=adding, keep=keep)

    def _show_readings(self, preview: ImportPreview) -> None:
        several = len(preview.readings) > 1
        self.reading.setText(preview.reading.sentence)
        self.reading.setAccessibleName(self.reading.text())
        self.reading.setVisible(not several)
        self.readings.setVisible(several)
        self.readings.clear()
        for reading in preview.readings:
            self.readings.addItem(reading.sentence, reading.key)
        self.readings.setCurrentIndex(max(0, self.readings.findData(preview.reading.key)))

    def _warn(self, preview: ImportPreview) -> None:
        self.trouble.hide()
        small = [name for name, amount in preview.classes.items() if amount < 10]
        if preview.problem:
            unclear = preview.encoding is not None and not preview.encoding.sure
            remedy = Text.OTHER_COLUMNS if preview.table is not None and not unclear else ""
            self.trouble.say(preview.problem, remedy, tone="caution")
        elif {PARTS, CLASSES} <= {reading.key for reading in preview.readings}:
            self.trouble.say(Text.TWO_WAYS, tone="caution")
        elif preview.by_name:
            self.trouble.say(preview.by_name, tone="caution")
        elif small:
            names = (
                "“" + "”, “".join(isolated_all(small[:3])) + "”" if len(small) <= 3 else number(len(small)) + " classes"
            )
            has = Text.SMALL if len(small) == 1 else Text.SMALL.replace("has", "have")
            self.trouble.say(has.format(names), tone="caution")

    def _reading_chosen(self) -> None:
        key = str(self.readings.currentData())
        if self._preview is not None and key != self._preview.reading.key:
            self.read_otherwise.emit(key, {}, self.encoding.encoding())

    def _columns_chosen(self, columns: dict[str, str]) -> None:
        if self._preview is not None:
            self.read_otherwise.emit(self._preview.reading.key, columns, self.encoding.encoding())

    def _encoding_chosen(self, encoding: str) -> None:
        if self._preview is not None:
            # The names of columns may be other ones in another encoding.
            self.read_otherwise.emit(self._preview.reading.key, {}, encoding)

    def request(self, changed: str) -> ImportRequest:
        """changed: see ImportRequest."""
        table = self._preview is not None and self._preview.table is not None
        columns = self.columns.columns() if table else {}
        return replace(self.options.request(columns, self.encoding.encoding()), changed=changed)

    def follow(self, job: Job) -> None:
        """Shows the import's progress in place, and locks the choices until it ends."""
        self.job = job.show_in(self.card)
        self.trouble.hide()
        self.stage.setText(Text.WAITING)
        self.bar.setRange(0, 0)
        self.cancel.setEnabled(True)
        self._lock(True)
        self.card.show()
        job.event.connect(self._on_event)
        job.failed.connect(self.trouble.tell)
        job.cancelled.connect(self._cancelled)
        job.ended.connect(self._ended)

    def _lock(self, locked: bool) -> None:
        for widget in (self.options, self.columns, self.readings, self.encoding):
            widget.setEnabled(not locked)

    def _on_event(self, event: object) -> None:
        if isinstance(event, Note):
            self.stage.setText(event.text)
        elif isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            self.stage.setText(progress(event))

    def _cancel(self) -> None:
        if self.job is not None:
            self.cancel.setEnabled(False)
            self.job.cancel()

    def _cancelled(self) -> None:
        self.trouble.say(Text.CANCELLED, tone="caution")

    def _ended(self) -> None:
        self.job = None
        self._lock(False)
        self.card.hide()
        self.changed.emit()


def _found(preview: ImportPreview) -> str:
    """How many images of what: the heading."""
    if preview.encoding is not None and not preview.encoding.sure:
        return Text.FOUND_UNCLEAR
    if preview.problem:
        return Text.FOUND_NOTHING
    labeled, unlabeled = preview.images - preview.unlabeled, preview.unlabeled
    if unlabeled and not preview.classes:
        return Text.FOUND_OPEN.format(count(unlabeled, "image"))
    amount, classes = count(labeled, "image"), count(len(preview.classes), *Text.CLASS)
    if unlabeled:
        return Text.FOUND_BOTH.format(amount, classes, number(unlabeled))
    return Text.FOUND.format(amount, classes)
