"""The Report tab: what a report on this model would hold, and saving it as PDF or as a web page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.results import ReportResult, SectionLine
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.fitting import ElidedLabel
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.job_strip import Spinner
from tlstudio.gui.widgets.scrolling import clear, scroll_around
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.stop_button import STOP, StopButton

_TITLES = 260


class Text:
    """Words of the Report tab."""

    title = "A report to print, publish or file"
    sentence = (
        "Everything about this model on a few pages: how good it is, how it was trained, and what its figures can't tell. It"
        " holds numbers only: no pictures, no names of files or groups."
    )
    opens_test = "Saving it opens the test images for this training, and that is counted."
    sections = "What the report holds"
    looking = "Looking at what is known of this model"
    again = "Try again"
    pdf, web = "Save as PDF…", "Save as web page…"
    choose = "Save the report as"
    kinds = {".pdf": "PDF (*.pdf)", ".html": "Web page (*.html)"}  # noqa: RUF012
    file_name = "{project} report"
    job = "Writing the report"
    stopped = "The report was stopped. Nothing was written."
    done = "Saved as {file} ({size})."
    show = "Show in folder"


class ReportTab(QWidget):
    """Asks a worker what a report would hold when somebody looks; a report measures the model once more when it is saved."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run = ""
        self._outline: tuple[SectionLine, ...] | None = None
        self._asking: Job | None = None
        self.job: Job | None = None
        self._file: Path | None = None
        self.sections = named(QWidget(), "inspect.report_sections", Text.sections)
        self._grid = QGridLayout(self.sections)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.L)
        self._grid.setVerticalSpacing(theme.M)
        self._grid.setColumnMinimumWidth(0, theme.XL)
        self._grid.setColumnMinimumWidth(1, _TITLES)
        self._grid.setColumnStretch(2, 1)
        self.state = StatePanel("inspect.report_state")
        self.state.pressed.connect(self._ask)
        self.spinner = Spinner()
        self.stop = StopButton(STOP, "inspect.report_stop")
        self.stop.clicked.connect(self._stop)
        self.progress = named(ElidedLabel(), "inspect.report_progress", Text.job)
        self.progress.setProperty("role", "muted")
        self.web_button = named(QPushButton(Text.web), "inspect.report_web", Text.web)
        self.pdf_button = named(QPushButton(Text.pdf), "inspect.report_pdf", Text.pdf)
        self.pdf_button.setProperty("role", "primary")
        self.web_button.clicked.connect(lambda: self.ask_for_file(".html"))
        self.pdf_button.clicked.connect(lambda: self.ask_for_file(".pdf"))
        self.message = InlineMessage("inspect.report_message")
        self.show_button = self.message.add_button(named(QPushButton(Text.show), "inspect.report_show", Text.show))
        self.show_button.clicked.connect(self.show_in_folder)
        self._arrange()
        self._busy(False)

    def _arrange(self) -> None:
        title = QLabel(Text.title)
        title.setProperty("role", "card-title")
        sentence = named(QLabel(Text.sentence), "inspect.report_sentence", Text.sentence)
        sentence.setProperty("role", "muted")
        sentence.setWordWrap(True)
        listed = QWidget()
        column = QVBoxLayout(listed)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.sections)
        column.addStretch(1)
        self.opens_test = named(QLabel(Text.opens_test), "inspect.report_opens_test", Text.opens_test)
        self.opens_test.setProperty("tone", "caution")
        self.opens_test.setWordWrap(True)
        self.opens_test.hide()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self._area = scroll_around(listed)
        self.stack.addWidget(self._area)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.S)
        buttons.addWidget(self.spinner)
        buttons.addWidget(self.progress, 1)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        buttons.addWidget(self.web_button)
        buttons.addWidget(self.pdf_button)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        inside.setSpacing(theme.S)
        inside.addWidget(title)
        inside.addWidget(sentence)
        inside.addSpacing(theme.S)
        inside.addWidget(self.stack, 1)
        inside.addWidget(self.opens_test)
        inside.addWidget(self.message)
        inside.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, theme.M, 0, 0)
        outer.addWidget(card)
        outer.addStretch(1)  # the card is as high as what is in it, and scrolls inside where that is too high

    # --- what it would hold -------------------------------------------------------------

    def show_run(self, run: str, *, opens_test: bool = False) -> None:
        """Another run, or the same with other labels. What it would hold is asked when somebody looks.

        opens_test: nobody has looked at the test images for this run yet, and a report does.
        """
        self.forget()
        self.opens_test.setVisible(opens_test)
        self._run = run
        if self.isVisible():
            self._ask()

    def forget(self) -> None:
        """Another project, or none; a report under way goes on, and is told in the job strip."""
        if self._asking is not None:
            self._asking.cancel()
        self._run, self._outline, self._asking = "", None, None
        self.message.hide()
        if self.job is not None:
            self.job.leave(self.stop)
        self.job = None
        self._busy(False)

    def showEvent(self, event: QShowEvent) -> None:
        if self._outline is None and self._asking is None and self._run:
            self._ask()
        super().showEvent(event)

    def _ask(self) -> None:
        project = self._session.project
        if project is None or not self._run:
            return
        self.state.show_working(Text.looking)
        self.stack.setCurrentIndex(0)
        job = self._asking = self._session.bridge.submit("report_outline", project=project, run=self._run)
        job.finished.connect(lambda lines: self._answered(job, lines))
        job.failed.connect(lambda error: self._unanswered(job, error))

    def _answered(self, job: Job, lines: Sequence[SectionLine]) -> None:
        if job is not self._asking:
            return
        self._asking, self._outline = None, tuple(lines)
        clear(self._grid)
        for row, line in enumerate(lines):
            for place, (words, role) in enumerate(
                ((str(row + 1), "muted"), (line.title, "strong"), (line.holds, "muted"))
            ):
                label = QLabel(words)
                label.setProperty("role", role)
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setWordWrap(place == 2)
                self._grid.addWidget(label, row, place, Qt.AlignmentFlag.AlignTop)
        self.sections.setAccessibleDescription(" ".join(f"{line.title}: {line.holds}" for line in lines))
        self._area.setWidget(self._area.takeWidget())  # it remembers how high its content was when it was empty
        self.stack.setCurrentIndex(1)
        self._busy(self.job is not None)

    def _unanswered(self, job: Job, error: StudioError) -> None:
        if job is self._asking:
            self._asking = None
            self.state.show_trouble(error, Text.again)

    # --- saving --------------------------------------------------------------------------

    def ask_for_file(self, suffix: str) -> None:
        """suffix: `.pdf` or `.html`."""
        summary = self._session.summary
        if summary is None or self.job is not None:
            return
        folder = summary.folder / "exports"
        with suppress(OSError):  # a folder that can't be made is no reason not to ask for another place
            folder.mkdir(exist_ok=True)
        safe = "".join("_" if c in '<>:"/\\|?*' else c for c in summary.name)
        proposed = folder / f"{Text.file_name.format(project=safe)}{suffix}"
        dialog = QFileDialog(self.window(), Text.choose, str(proposed), Text.kinds[suffix])
        dialog.setObjectName("inspect.report_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix.removeprefix("."))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.save(Path(file)))
        dialog.open()

    def save(self, file: Path) -> None:
        project = self._session.project
        if project is None or not self._run or self.job is not None:
            return
        self.message.hide()
        wanted = {"project": project, "run": self._run, "out": file}
        self.job = job = self._session.bridge.submit("report", Text.job, **wanted).show_in(self.stop)
        self._busy(True)
        self._say(Text.job)
        job.event.connect(lambda event: self._on_event(event) if job is self.job else None)
        job.finished.connect(lambda result: self._done(result) if job is self.job else None)
        job.failed.connect(lambda error: self._failed(error) if job is self.job else None)
        job.cancelled.connect(lambda: self._tell(Text.stopped, "", "caution") if job is self.job else None)
        job.ended.connect(lambda: self._ended() if job is self.job else None)

    def _busy(self, busy: bool) -> None:
        self.spinner.setVisible(busy)
        self.progress.setVisible(busy)
        self.stop.setVisible(busy)
        self.stop.setEnabled(busy)
        for button in (self.pdf_button, self.web_button):
            button.setEnabled(not busy and self._outline is not None)

    def _stop(self) -> None:
        if self.job is not None:
            self.stop.setEnabled(False)
            self.job.cancel()

    def _say(self, text: str) -> None:
        self.progress.setText(text)
        self.progress.setAccessibleName(text)

    def _on_event(self, event: object) -> None:
        if isinstance(event, Note):
            self._say(event.text)
        elif isinstance(event, Progress):
            self._say(messages.progress(event))

    def _done(self, result: ReportResult) -> None:
        self._file = result.file
        self.opens_test.hide()
        words = Text.done.format(file=result.file.name, size=messages.size(result.bytes))
        self._tell(words, " ".join(result.notes), "caution" if result.notes else "good", saved=True)

    def _failed(self, error: StudioError) -> None:
        self.show_button.hide()
        self.message.tell(error)

    def _tell(self, what: str, more: str, tone: str, *, saved: bool = False) -> None:
        self.show_button.setVisible(saved)
        self.message.setToolTip(str(self._file) if saved else "")
        self.message.say(what, more, tone)

    def _ended(self) -> None:
        self.job = None
        self._busy(False)

    def show_in_folder(self) -> None:
        if self._file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._file.parent)))
