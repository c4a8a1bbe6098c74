"""The Train page: what is happening, how good it is, and the runs so far."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLabel, QPushButton

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Started
from tlstudio.domain.runs import RunRow, RunState, TrainResult, TrainSettings
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.pages.train.comparison import ComparisonPanel
from tlstudio.gui.pages.train.outcome import OutcomeMessage
from tlstudio.gui.pages.train.panel import RunPanel
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.run_table import RunTable


class Text:
    """Words of the Train page."""

    title = "Train"
    resting = "Your trainings so far. Choose one to look at it, several with Ctrl to compare them, or train again."
    several = "Choose a single training to see its results."
    training = "You can leave this page or work on; the training goes on by itself."
    primary = "See the results"
    wait = "The results can be opened when the training is done."
    first = "Choose a model and start the training first."
    pause, resume, stop = "Pause", "Resume", "Stop and keep best"
    again, other = "Train again", "Choose another model"
    runs = "Trainings so far"
    job = "Training"
    done = "Training is done: {accuracy} of the images kept from it are right."
    done_stopped = "Training was stopped; the best model is kept: {accuracy} of the images kept from it are right."


class TrainPage(Page):
    """Follows the training job while there is one; otherwise shows the runs of the project."""

    key, title, sentence, icon = "train", Text.title, Text.resting, "train"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.runs = RunReader(session)
        self._job: Job | None = None
        self._device = ""
        self._paused = False
        self._shown = ""
        self.message = OutcomeMessage()
        self.resume_button, self.restart_button = self.message.resume_button, self.message.restart_button
        self.panel = RunPanel(self)
        self.list_title = QLabel(Text.runs, self)
        self.list_title.setProperty("role", "card-title")
        self.table = RunTable("train.runs", Text.runs, self)
        self.table.chosen.connect(self._run_chosen)
        self.table.several.connect(self._runs_chosen)
        self.table.opened.connect(lambda _: self.continue_clicked())
        self.comparison = ComparisonPanel(self)
        self.comparison.hide()
        self.content.setSpacing(theme.M)
        self.content.addWidget(self.message)
        self.content.addWidget(self.panel, 1)
        self.content.addWidget(self.comparison, 1)
        self.content.addWidget(self.list_title)
        self.content.addWidget(self.table)
        self._buttons()
        session.project_changed.connect(self._forget)
        session.bridge.job_started.connect(self._job_started)
        for task in ("device", "train"):
            running = session.bridge.running(task)
            if running is not None:
                self._job_started(running)

    def _buttons(self) -> None:
        self.pause_button = self._button("pause", Text.pause, self._pause, "pause")
        self.stop_button = self._button("stop", Text.stop, self._stop, "stop")
        self.other_button = self._button("other", Text.other, self._choose_other)
        self.again_button = self._button("again", Text.again, self._again, "refresh")
        self.resume_button.clicked.connect(self._resume_run)
        self.restart_button.clicked.connect(self._restart_run)
        self.session.read_only.watch(self.again_button, self.resume_button, self.restart_button)

    def _button(self, name: str, words: str, deed: Callable[[], None], icon: str = "") -> QPushButton:
        button = named(QPushButton(words, self), f"train.{name}", words)
        if icon:
            icons.set_icon(button, icon, "text", 16)
        button.clicked.connect(lambda _=False: deed())
        self.extra.addWidget(button)
        return button

    # --- the frame's questions ------------------------------------------------------

    def blocked(self) -> str:
        if self.session.project is None:
            return messages.Text.NO_PROJECT
        if self._job is not None or self.runs.all():
            return ""
        return Text.first

    def done(self) -> bool:
        return any(row.state is RunState.FINISHED for row in self.runs.all())

    def waiting(self) -> int:
        return 0

    def enter(self) -> None:
        if self._device == "" and self._job is None and self.session.bridge.running("device") is None:
            self._job_started(self.session.bridge.submit("device"))
        if self._job is None:
            self._show_resting()
        self._update()

    def continue_clicked(self) -> None:
        row = self.table.current()
        if row is not None and row.state is RunState.FINISHED:
            self.session.run_id = row.id
            self.session.runs_changed.emit()
            self.session.go_to.emit("inspect")

    # --- following a job ---------------------------------------------------------------

    def _job_started(self, job: Job) -> None:
        if job.task == "device":
            job.finished.connect(self._set_device)
        elif job.task == "train":
            self._follow(job)

    def _set_device(self, device: str) -> None:
        self._device = device
        if self._job is not None:
            self.panel.set_device(device)

    def _follow(self, job: Job) -> None:
        self._job = job
        self._paused = False
        settings: TrainSettings = job.arguments["settings"]
        self.message.hide()
        self.panel.begin(settings, self._device)
        resumed = job.arguments.get("resume")
        if resumed and self.session.project is not None:
            row = self.runs.read(resumed)
            if row is not None:
                self.panel.continue_from(self.runs.stored(row))
        job.event.connect(lambda event: self._take(job, event))
        job.finished.connect(lambda result: self._finished(job, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._over(job))
        self._update()

    def _take(self, job: Job, event: object) -> None:
        if job is not self._job:
            return
        if isinstance(event, Started):
            self._began(event.run)
        if self._paused:
            self.panel.take_quietly(event)
        else:
            self.panel.take(event)

    def _began(self, run: str) -> None:
        self._shown = run
        row = self.runs.read(run)
        if row is not None:
            self.panel.name_classes(row.classes, self.runs.styles())

    def _finished(self, job: Job, result: TrainResult) -> None:
        if job is not self._job:
            return
        self._shown = result.run
        self.session.run_id = result.run
        self._over(job)
        self.session.runs_changed.emit()
        words = Text.done_stopped if result.stopped else Text.done
        self.message.say(words.format(accuracy=result.accuracy.percent()), "", "good")
        self.message.offer(None, None)

    def _failed(self, job: Job, error: StudioError) -> None:
        if job is not self._job:
            return
        self._over(job)
        self.session.runs_changed.emit()
        self.message.tell(error)
        resumable = self.runs.resumable()
        self.message.offer(resumable or self.runs.newest(), resumable)
        if not self.isVisible():
            self.session.say.emit(error_text(error), "bad")

    def _over(self, job: Job) -> None:
        """The job has ended in one of three ways: back to the list."""
        if job is self._job:
            self._job = None
            self._show_resting()
            self._update()

    # --- at rest --------------------------------------------------------------------------

    def _forget(self) -> None:
        self._job = None
        self._shown = ""
        self.message.hide()
        self.table.show_runs([], "")

    def _show_resting(self) -> None:
        rows = self.runs.all()
        self.table.show_runs(rows, self._shown or self.session.run_id)
        if not rows:
            return
        self._show_row(self.table.current() or rows[0])
        interrupted = self.runs.resumable()
        if interrupted is not None:
            self.message.show_unfinished(interrupted)
        elif self.resume_button.isVisibleTo(self.message):
            self.message.hide()

    def _run_chosen(self, row: RunRow) -> None:
        if self._job is None:
            self._show_row(row)

    def _runs_chosen(self, rows: list[RunRow]) -> None:
        """Several at once: side by side, the newest first as in the list."""
        if self._job is None:
            self.comparison.show_runs([self.runs.read(row.id) or row for row in rows])
            self._update()

    def _show_row(self, row: RunRow) -> None:
        self._shown = row.id
        self.panel.show_run(self.runs.stored(row))
        self._update()

    # --- deeds ----------------------------------------------------------------------------

    def start(self, settings: TrainSettings, resume: str | None = None) -> None:
        """Starts a training, or goes on with one."""
        if self.session.project is not None and self._job is None:
            self.session.bridge.submit(
                "train", Text.job, project=self.session.project, settings=settings, resume=resume
            )

    def _choose_other(self) -> None:
        self.session.go_to.emit("model")

    def _again(self) -> None:
        row = self.table.current()
        if row is not None:
            self.start(row.settings)

    def _resume_run(self) -> None:
        if self.message.row is not None:
            self.start(self.message.row.settings, self.message.row.id)

    def _restart_run(self) -> None:
        if self.message.row is not None:
            self.start(self.message.row.settings)

    def _pause(self) -> None:
        if self._job is None:
            return
        self._paused = not self._paused
        if self._paused:
            self._job.pause()
        else:
            self._job.resume()
        self.panel.show_paused(self._paused)
        self._update()

    def _stop(self) -> None:
        if self._job is None:
            return
        if self._paused:
            self._pause()
        self._job.stop()
        self.panel.show_stopping()
        self.stop_button.setEnabled(False)
        self.pause_button.setEnabled(False)

    # --- showing ---------------------------------------------------------------------------

    def _update(self) -> None:
        live = self._job is not None
        self.set_sentence(Text.training if live else Text.resting)
        for button in (self.pause_button, self.stop_button):
            button.setVisible(live)
            if not live:
                button.setEnabled(True)
        compared = not live and len(self.table.selected()) > 1
        self.panel.setVisible(not compared)
        self.comparison.setVisible(compared)
        for part in (self.other_button, self.again_button, self.table, self.list_title):
            part.setVisible(not live)
        words = Text.resume if self._paused and live else Text.pause
        self.pause_button.setText(words)
        self.pause_button.setAccessibleName(words)
        icons.set_icon(self.pause_button, "play" if self._paused and live else "pause", "text", 16)
        row = self.table.current()
        ready = not live and not compared and row is not None and row.state is RunState.FINISHED
        self.set_primary(Text.primary, enabled=ready, hint=Text.wait if live else Text.several if compared else "")
