"""Use: take the model out as one file, and let it look at new images. The second half works without any project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from tlstudio.domain.bundle import ExportResult
from tlstudio.domain.errors import StudioError
from tlstudio.domain.runs import RunState
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.pages.base import Page, named, set_role
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.export_card import ExportCard
from tlstudio.gui.widgets.offline_panel import OfflinePanel
from tlstudio.gui.widgets.stop_button import StopButton
from tlstudio.workflow.prediction_table import table_bytes


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
        self.card = ExportCard(session)
        self.card.exported.connect(self._exported)
        self.panel = OfflinePanel(session)
        self.panel.changed.connect(self._show_footer)
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
        return bool(self.panel.table.table.rows)

    def enter(self) -> None:
        self._show_runs()
        self._show_footer()

    def wants(self, dropped: Dropped) -> bool:
        return dropped.kind is not Kind.PROJECT

    def receive(self, dropped: Dropped) -> None:
        self.panel.receive(dropped)

    def continue_clicked(self) -> None:
        self._ask_for_file()

    # --- export ---

    def _project_changed(self) -> None:
        """Another project brings its own last export; without one the model that is open stays."""
        self._show_runs()
        summary = self.session.summary
        latest = _latest_export(summary.folder) if summary is not None else None
        if latest is not None and latest != self.panel.bundle:
            self.panel.open_bundle(latest)

    def _show_runs(self) -> None:
        project = self.session.project
        self.card.setVisible(project is not None)
        if project is None:
            return
        from tlstudio.workflow import runs

        try:
            finished = [run for run in runs.list_runs(project) if run.state is RunState.FINISHED]
        except StudioError as error:
            self.session.tell(error)
            return
        self.card.show_runs(finished)

    def _exported(self, result: ExportResult) -> None:
        self.panel.open_bundle(result.file)

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


def _latest_export(project: Path) -> Path | None:
    """The newest model file among the project's exports."""
    try:
        found = [(file.stat().st_mtime, file) for file in (project / "exports").glob("*.onnx")]
    except OSError:
        return None
    return max(found)[1] if found else None
