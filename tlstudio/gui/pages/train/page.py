"""The Train page: what is happening, how good it is, and the runs so far."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel

from tlstudio.domain.errors import ImagesChanged, StudioError
from tlstudio.domain.events import Started
from tlstudio.domain.runs import RunRow, RunState, TrainResult, TrainSettings
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import Page
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.pages.train.buttons import TrainButtons
from tlstudio.gui.pages.train.comparison import ComparisonPanel
from tlstudio.gui.pages.train.first_use import FirstUse
from tlstudio.gui.pages.train.first_use import Text as FirstText
from tlstudio.gui.pages.train.live import Live
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
    first = "Choose a model and start the training first."
    runs = "Trainings so far"
    job = "Training"


class TrainPage(Page):
    """Follows the training job while there is one; otherwise shows the runs of the project."""

    key, title, sentence, icon = "train", Text.title, Text.resting, "train"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.runs = RunReader(session)
        self._live: dict[Job, Live] = {}
        self._job: Job | None = None
        self._device = ""
        self._shown = ""
        self._wanted: TrainSettings | None = None
        self._asked = False  # whether the message asks what is done about images that have changed
        self.message = OutcomeMessage()
        self.resume_button, self.restart_button = self.message.resume_button, self.message.restart_button
        self.first = FirstUse(session, self)
        self.first.changed.connect(self._first_changed)
        self.first.look.connect(self._inspect)
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
        self._connect_buttons()
        session.project_changed.connect(self._forget)
        session.bridge.job_started.connect(self._job_started)
        for task in ("device", "train"):
            running = session.bridge.running(task)
            if running is not None:
                self._job_started(running)

    def _connect_buttons(self) -> None:
        self.buttons = TrainButtons(self)
        self.buttons.pause.connect(self._pause)
        self.buttons.stop.connect(self._stop)
        self.buttons.other.connect(lambda: self.session.go_to.emit("model"))
        self.buttons.again.connect(self._again)
        self.message.start.connect(self.start)
        self.message.settle.connect(self._settle)
        asked = self.message.take_button, self.message.keep_button
        changing = self.resume_button, self.restart_button, self.message.smaller_button, *asked
        self.session.read_only.watch(self.buttons.again_button, *changing)

    # --- the frame's questions ------------------------------------------------------

    def blocked(self) -> str:
        if self.session.project is None:
            return messages.Text.NO_PROJECT
        if self._job is not None or self._asked or self.runs.all():
            return ""
        return Text.first

    def done(self) -> bool:
        return any(row.state is RunState.FINISHED for row in self.runs.all())

    def enter(self) -> None:
        if self._device == "" and self._job is None and self.session.bridge.running("device") is None:
            self._job_started(self.session.bridge.submit("device"))
        if self._job is None:
            self._show_resting()
        self._update()

    def continue_clicked(self) -> None:
        row = self.table.current()
        if self._job is not None:
            self.first.use()
        elif row is not None and row.state is RunState.FINISHED:
            self._inspect(row.id)

    def _inspect(self, run: str) -> None:
        self.session.run_id = run
        self.session.runs_changed.emit()
        self.session.go_to.emit("inspect")

    def _first_changed(self) -> None:
        if self._job is None:
            self._show_resting()
        self._update()

    # --- following a job ---------------------------------------------------------------

    def _job_started(self, job: Job) -> None:
        if job.task == "device":
            job.finished.connect(self._set_device)
        elif job.task == "train":
            live = self._live[job] = Live(job)
            job.event.connect(lambda event: self._take(job, event))
            job.finished.connect(lambda result: self._finished(job, result))
            job.failed.connect(lambda error: self._failed(job, error))
            job.cancelled.connect(lambda: self._over(job))
            job.ended.connect(lambda: self._live.pop(job, None))
            job.pause_changed.connect(lambda _: self._show_wishes(job))
            job.begun.connect(lambda: self._show_wishes(job))
            job.ending.connect(lambda: self._show_wishes(job))
            self._follow(live)

    def _set_device(self, device: str) -> None:
        self._device = device
        if self._job is not None:
            self.panel.set_device(device)

    def _follow(self, live: Live) -> None:
        """Shows a training from its beginning, or one that has got somewhere already."""
        self._leave()
        self._asked = False
        self._job = live.job.show_in(self.panel.bar)
        settings: TrainSettings = live.job.arguments["settings"]
        self.message.hide()
        self.panel.begin(settings, self._device)
        self.first.begin(settings)
        for event in live.began:
            self._take(live.job, event)
        row = self.runs.read(live.run) if live.run else None
        if row is not None:
            self.panel.continue_from(self.runs.stored(row))
        self._show_wishes(live.job)

    @property
    def _paused(self) -> bool:
        return self._job is not None and self._job.paused

    def _show_wishes(self, job: Job) -> None:
        """The user wants it to wait, to go on or to end, wherever that was said."""
        if job is not self._job:
            return
        if job.stopping:
            self.panel.show_stopping()
        else:
            self.panel.show_queued(job.queued and not job.paused)
            self.panel.show_paused(job.paused)
        self._update()

    def _take(self, job: Job, event: object) -> None:
        if job is not self._job:
            return
        if isinstance(event, Started):
            self._began(event.run)
        self.first.take(event)
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
        self.first.forget()
        self._over(job)
        self.session.runs_changed.emit()
        self.message.tell_result(result, self.runs.transfer(result.run))

    def _failed(self, job: Job, error: StudioError) -> None:
        if job is not self._job:
            return
        self._asked = isinstance(error, ImagesChanged)
        self._over(job)
        self.session.runs_changed.emit()
        resumable = self.runs.resumable()
        self.message.tell_failure(error, resumable or self.runs.newest(), resumable)
        if not self.isVisible():
            self.session.say.emit(error_text(error), "bad")

    def _over(self, job: Job) -> None:
        """The job has ended in one of three ways: back to the list."""
        if job is self._job:
            self._job = None
            self._show_resting()
            self._update()

    # --- at rest --------------------------------------------------------------------------

    def _leave(self) -> None:
        """Whatever was followed is not shown here any more."""
        for live in self._live.values():
            live.job.leave(self.panel.bar)
        self._job = None

    def _forget(self) -> None:
        self._leave()
        self.first.forget()
        self._shown, self._asked = "", False
        self.message.hide()
        self.table.show_runs([], "")
        for live in self._live.values():
            if live.job.arguments["project"] == self.session.project:
                self._follow(live)

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
        if self._job is not None:
            return
        self.message.suit(self._show_row(row), self.runs.resumable())

    def _runs_chosen(self, rows: list[RunRow]) -> None:
        """Several at once: side by side, the newest first as in the list."""
        if self._job is None:
            if self.message.row is None:
                self.message.hide()  # it speaks of one of them, and has nothing to offer
            self.comparison.show_runs([self.runs.read(row.id) or row for row in rows])
            self._update()

    def _show_row(self, row: RunRow) -> RunRow:
        """The same with its history."""
        self._shown = row.id
        stored = self.runs.stored(row)
        self.panel.show_run(stored)
        self._update()
        return stored.row

    # --- deeds ----------------------------------------------------------------------------

    def start(self, settings: TrainSettings, resume: str | None = None, changed: str = "ask") -> None:
        """Starts a training, or goes on with one. changed: what is done about images whose files were exchanged."""
        if self.session.project is not None and self._job is None:
            self._wanted = settings
            self.session.bridge.submit(
                "train", Text.job, project=self.session.project, settings=settings, resume=resume, changed=changed
            )

    def _settle(self, changed: str) -> None:
        """The training that asked what is to be done about changed images begins again."""
        if self._wanted is not None:
            self.start(self._wanted, changed=changed)

    def _again(self) -> None:
        row = self.table.current()
        if row is not None:
            self.start(row.settings)

    def _pause(self) -> None:
        if self._job is None:
            return
        if self._job.paused:
            self._job.resume()
        else:
            self._job.pause()

    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop()

    # --- showing ---------------------------------------------------------------------------

    def _update(self) -> None:
        live = self._job is not None
        self.set_sentence(Text.training if live else Text.resting)
        stopping = self._job is not None and (self._job.stopping or self._job.cancelling)
        self.buttons.show_state(live=live, paused=self._paused, stopping=stopping)
        compared = not live and len(self.table.selected()) > 1
        self.panel.setVisible(live or not (compared or (self._asked and not self.runs.all())))
        self.comparison.setVisible(compared)
        for part in (self.table, self.list_title):
            part.setVisible(not live)
        if live:
            words = Text.primary if self.first.quick else FirstText.use
            self.set_primary(words, enabled=self.first.possible, hint=self.first.hint())
            return
        row = self.table.current()
        ready = not compared and row is not None and row.state is RunState.FINISHED
        self.set_primary(Text.primary, enabled=ready, hint=Text.several if compared else "")
