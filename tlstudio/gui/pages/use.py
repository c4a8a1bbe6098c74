"""Use: take the model out as one file, and let it look at new images. The second half works without any project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from tlstudio.domain.bundle import ExportResult
from tlstudio.domain.errors import StudioError
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.base import Page, named, set_role
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.pages.ticks import Tick
from tlstudio.gui.pages.wishes import take_run_wish
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.export_card import ExportCard
from tlstudio.gui.widgets.offline_panel import OfflinePanel
from tlstudio.gui.widgets.stop_button import StopButton
from tlstudio.workflow.prediction_table import table_bytes
from tlstudio.workflow.steps import Step


class UsePage(Page):
    """The export card is shown with a project; the panel below it is always alive, also while something trains."""

    class Text:
        NO_MODEL = "Choose a model file, then drop the images it should look at."
        WITH_PROJECT = "Export the trained model, then let it look at new images. Nothing leaves this computer."
        READY = "Drop images or a folder. The model works offline, on this computer."
        LOOKING = "The rows appear as the images are looked at."
        DONE = "Sort by status to see first what needs your eyes."
        SAVE = "Save as CSV…"
        SAVE_TITLE = "Save the table"
        TABLES = "Tables (*.csv)"
        FILE = "predictions.csv"
        SAVED = "The table is saved as {}."
        STOP = "Stop"
        CLEAR = "Clear the table"

    key = "use"
    title = "Use the model"
    sentence = Text.NO_MODEL
    icon = "use"
    help = (
        "An exported model is one file. It brings its classes, its picture settings and its certificate with it, and works "
        "on any computer that has this program, or any other that reads ONNX files.\n\n"
        "“Uncertain” means that no class stands out. “Unfamiliar” means that an image is unlike the training images: there "
        "the model may be wrong without knowing it."
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.runs = RunReader(session)
        self._tick = Tick(session, Step.USE)
        self._project = session.project
        self._searching: Job | None = None
        self.card = ExportCard(session)
        self.card.exported.connect(self._exported)
        self.panel = OfflinePanel(session)
        self.panel.changed.connect(self._show_footer)
        self.panel.opened.connect(self._model_opened)
        self.content.addWidget(self.card)
        self.content.addWidget(self.panel, 1)
        self.clear = named(QPushButton(self.Text.CLEAR), "use.clear", self.Text.CLEAR)
        self.clear.clicked.connect(self.panel.clear)
        self.stop = StopButton(self.Text.STOP, "use.stop")
        self.stop.clicked.connect(self._stop)
        self.extra.addWidget(self.clear)
        self.extra.addWidget(self.stop)
        session.project_changed.connect(self._project_changed)
        session.runs_changed.connect(self._show_runs)
        self.card.hide()
        self._show_footer()

    # --- the page's answers to the window ---

    def done(self) -> bool:
        """A model of the open project was taken out, or looks at images; without a project any model that does."""
        looked = bool(self.panel.table.table.rows)
        if self.session.project is None:
            return looked
        own = {row.id for row in self.runs.finished()}
        return self._tick.run in own or (looked and self._run_shown() in own)

    def enter(self) -> None:
        self._show_runs()
        wish = take_run_wish(self.session)
        idle = not self.panel.table.table.rows and self.panel.job is None and not self.panel.own
        if wish or idle:
            self._show_model_of(wish or self._run_at_hand())
        self._show_footer()

    def wants(self, dropped: Dropped) -> bool:
        return dropped.kind is not Kind.PROJECT

    def receive(self, dropped: Dropped) -> None:
        self.panel.receive(dropped)

    def continue_clicked(self) -> None:
        self._ask_for_file()

    # --- export ---

    def _project_changed(self) -> None:
        """Another project has another model; the same one opened anew keeps what is there."""
        if self.session.project != self._project:
            self._project = self.session.project
            self.card.forget()
            self.panel.forget()
            self._show_model_of(self._run_at_hand())
        self._show_runs()

    def _run_at_hand(self) -> str:
        """The one that is looked at, or the newest; empty where nothing is trained."""
        newest = next(iter(self.runs.finished()), None)
        return self.session.run_id or (newest.id if newest is not None else "")

    def _run_shown(self) -> str:
        return self.panel.info.run if self.panel.info is not None else ""

    def _show_model_of(self, run: str) -> None:
        """Opens what was exported of this training; where there is no such file, none is open and the card above makes one."""
        project = self.session.project
        if project is None or not run or (self._run_shown() == run and not self.panel.own):
            return
        self.panel.forget()
        job = self._searching = self.session.bridge.submit("find_export", project=project, run=run)
        job.finished.connect(lambda file: self._found(job, file))

    def _found(self, job: Job, file: Path | None) -> None:
        wanted = job is self._searching and job.arguments["project"] == self.session.project
        if wanted and file is not None and not self.panel.own:
            self.panel.open_bundle(file)

    def _show_runs(self) -> None:
        self.card.setVisible(self.session.project is not None)
        if self.session.project is not None:
            self.card.show_runs(self.runs.finished())

    def _exported(self, result: ExportResult) -> None:
        self._searching = None
        self.panel.open_bundle(result.file)

    def _model_opened(self) -> None:
        """A model of the open project that is there as a file: that step is taken."""
        if self._run_shown() in {row.id for row in self.runs.finished()}:
            self._tick.set(self._run_shown())

    # --- the table ---

    def _stop(self) -> None:
        if self.panel.job is not None:
            self.panel.job.cancel()

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self.window(), self.Text.SAVE_TITLE, str(Path.home() / self.Text.FILE), self.Text.TABLES)
        dialog.setObjectName("use.save_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.save(Path(file)))
        dialog.open()

    def save(self, file: Path) -> None:
        """Writes all rows of the table, in the order they came."""
        from tlstudio.storage import files

        info = self.panel.info
        if info is None:
            return
        rows = sorted(self.panel.table.table.rows, key=lambda row: row.number)
        try:
            files.write_bytes(file, table_bytes((row.raw for row in rows), info.classes))
        except StudioError as error:
            self.panel.trouble.tell(error)
        else:
            self.session.say.emit(self.Text.SAVED.format(file.name), "good")

    def _show_footer(self) -> None:
        text, panel = self.Text, self.panel
        has_rows, running = bool(panel.table.table.rows), panel.job is not None
        if running:
            sentence = text.LOOKING
        elif has_rows:
            sentence = text.DONE
        elif panel.bundle is not None:
            sentence = text.READY
        else:
            sentence = text.WITH_PROJECT if self.session.project is not None else text.NO_MODEL
        self.set_sentence(sentence)
        told = (panel.progress if running else "", panel.tally())
        hint = " · ".join(part for part in told if part)
        self.set_primary(text.SAVE if has_rows else "", enabled=not running, hint=hint)
        self.stop.setVisible(running)
        if panel.job is not None and self.stop not in panel.job.places:
            panel.job.show_in(self.stop)
        self.card.emphasise(panel.bundle is None)
        set_role(panel.choose, "" if self.card.can_export() and self.card.isVisibleTo(self) else "primary")
        self.clear.setVisible(has_rows and not running)
