"""The card that turns a finished training into one model file, and shows what was checked on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from tlstudio.domain.bundle import ExportResult
from tlstudio.domain.certificate import FileKind
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.runs import RunRow
from tlstudio.gui import icons, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.messages import accuracy, ago, progress, size
from tlstudio.gui.pages.base import named, set_role
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.fitting import Chooser
from tlstudio.gui.widgets.inline_message import InlineMessage
from tlstudio.gui.widgets.job_strip import Spinner
from tlstudio.gui.widgets.stop_button import STOP, StopButton


class Text:
    TITLE = "Take the model with you"
    SENTENCE = "One file that works offline on any computer."
    NONE_FINISHED = "Nothing is trained yet. Train a model first, or use a model file below."
    RUN = "Which training"
    RUN_LINE = "{model} · {accuracy} · {when}"
    EXPORT = "Export…"
    KIND = "Kind of file"
    KIND_TIP = "{}: {}."
    MEASURED = (
        "How near and how much smaller or faster is measured before you get it; it is refused where it is not worth it."
    )
    CHOOSE = "Save the model as"
    MODELS = "Models (*.onnx)"
    EXPORTING = "Exporting the model"
    DONE = "Saved as {} ({})."
    SHOW = "Show the file"


def _tip(kind: FileKind) -> str:
    told = Text.KIND_TIP.format(kind.caption, kind.meaning)
    return told if kind is FileKind.FULL else f"{told} {Text.MEASURED}"


class ExportCard(QFrame):
    """`exported` carries the ExportResult."""

    exported = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        named(self, "use.export_card", Text.TITLE)
        self.setProperty("role", "card")
        self._session = session
        self._runs: list[RunRow] = []
        self.job: Job | None = None
        self._said_for: tuple[Path | None, bool] | None = None
        mark = QLabel()
        icons.set_icon(mark, "export", "accent", 24)
        title = QLabel(Text.TITLE)
        title.setProperty("role", "card-title")
        self.sentence = named(QLabel(), "use.export_sentence", Text.SENTENCE)
        self.sentence.setProperty("role", "muted")
        self.sentence.setWordWrap(True)
        self.spinner = Spinner()
        self.spinner.hide()
        self.stop = StopButton(STOP, "use.export_stop")
        self.stop.clicked.connect(self._stop)
        self.stop.hide()
        self.runs = named(Chooser(), "use.run", Text.RUN)
        self.runs.setMaximumWidth(460)
        self.kinds = named(QComboBox(), "use.kind", Text.KIND)
        for kind in FileKind:
            self.kinds.addItem(kind.caption, kind)
            self.kinds.setItemData(self.kinds.count() - 1, _tip(kind), Qt.ItemDataRole.ToolTipRole)
        self.kinds.currentIndexChanged.connect(self._choose_kind)
        self.kinds.setToolTip(_tip(self.kind))
        self.button = named(QPushButton(Text.EXPORT), "use.export", Text.EXPORT)
        self.button.clicked.connect(self.ask_for_file)
        self.trouble = InlineMessage("use.export_error")
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        words.addWidget(title)
        words.addWidget(self.sentence)
        row = QHBoxLayout()
        row.setSpacing(theme.M)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.spinner)
        row.addWidget(self.runs)
        row.addWidget(self.kinds)
        row.addWidget(self.button)
        row.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.M)
        column.addLayout(row)
        column.addWidget(self.trouble)

    def show_runs(self, runs: Sequence[RunRow]) -> None:
        """runs: finished ones, newest first."""
        from tlstudio.gui.models.model_titles import title_of

        chosen = self._session.run_id or self.runs.currentData()
        self._runs = list(runs)
        self.runs.clear()
        for run in runs:
            result = accuracy(run.accuracy) if run.accuracy else ""
            line = Text.RUN_LINE.format(model=title_of(run.model), accuracy=result, when=ago(run.created_at))
            self.runs.addItem(line, run.id)
        self.runs.setCurrentIndex(max(self.runs.findData(chosen), 0) if runs else -1)
        self.runs.setVisible(bool(runs))
        self.button.setVisible(bool(runs))
        self.kinds.setVisible(bool(runs))
        if self.job is None and self._said_for != (self._session.project, bool(runs)):
            # What the last export said stays until another project is opened.
            self._said_for = (self._session.project, bool(runs))
            self.trouble.hide()
            self._say(self._offer() if runs else Text.NONE_FINISHED)

    def emphasise(self, primary: bool) -> None:
        """Makes Export the page's primary button, while there is no model file to use yet."""
        set_role(self.button, "primary" if primary else "")

    def _choose_kind(self) -> None:
        """Says what will come of it, before anything is exported."""
        self.kinds.setToolTip(_tip(self.kind))
        self._say(self._offer())

    def _offer(self) -> str:
        kind = self.kind
        return Text.SENTENCE if kind is FileKind.FULL else Text.KIND_TIP.format(kind.caption, kind.meaning)

    @property
    def kind(self) -> FileKind:
        return FileKind(self.kinds.currentData())

    def can_export(self) -> bool:
        return bool(self._runs) and self.job is None

    def _say(self, text: str) -> None:
        self.sentence.setText(text)
        self.sentence.setAccessibleName(text)

    def ask_for_file(self) -> None:
        summary = self._session.summary
        if summary is None or not self.can_export():
            return
        folder = summary.folder / "exports"
        with suppress(OSError):  # a folder that can't be made is no reason not to ask for another place
            folder.mkdir(exist_ok=True)
        safe = "".join("_" if c in '<>:"/\\|?*' else c for c in summary.name)
        dialog = QFileDialog(self.window(), Text.CHOOSE, str(folder / f"{safe}.onnx"), Text.MODELS)
        dialog.setObjectName("use.export_dialog")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("onnx")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        run = self.runs.currentData()  # a training may end, and be shown instead, while the dialog is open
        dialog.fileSelected.connect(lambda file: self.export_to(Path(file), run))
        dialog.open()

    def export_to(self, file: Path, run: str | None = None) -> None:
        """run: None for the one that is chosen now."""
        project = self._session.project
        if project is None or self.job is not None:
            return
        self.trouble.hide()
        wanted = {
            "project": project,
            "run": run or self.runs.currentData(),
            "out": file,
            "kind": self.kind,
        }
        self.job = job = self._session.bridge.submit("export", Text.EXPORTING, **wanted).show_in(self.stop)
        self._busy(True)
        job.event.connect(lambda event: self._on_event(event) if job is self.job else None)
        job.finished.connect(lambda result: self._done(result) if job is self.job else None)
        job.failed.connect(lambda error: self._failed(error) if job is self.job else None)
        job.cancelled.connect(lambda: self._say(self._offer()) if job is self.job else None)
        job.ended.connect(lambda: self._ended() if job is self.job else None)

    def forget(self) -> None:
        """Another project: what is still exported of the last one goes on, and is told in the job strip."""
        if self.job is not None:
            self.job.leave(self.stop)
        self.job = None
        self._busy(False)

    def _stop(self) -> None:
        if self.job is not None:
            self.stop.setEnabled(False)
            self.job.cancel()

    def _busy(self, busy: bool) -> None:
        self.spinner.setVisible(busy)
        self.stop.setVisible(busy)
        self.stop.setEnabled(busy)
        self.button.setEnabled(not busy)
        self.runs.setEnabled(not busy)
        self.kinds.setEnabled(not busy)
        if busy:
            self._say(Text.EXPORTING)

    def _on_event(self, event: object) -> None:
        if isinstance(event, Note):
            self._say(event.text)
        elif isinstance(event, Progress):
            self._say(progress(event))

    def _done(self, result: ExportResult) -> None:
        self._say(Text.DONE.format(result.file.name, size(result.bytes)))
        self.exported.emit(result)

    def _failed(self, error: StudioError) -> None:
        self._say(self._offer())
        self.trouble.tell(error)

    def _ended(self) -> None:
        self.job = None
        self._busy(False)
