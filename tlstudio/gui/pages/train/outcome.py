"""The message on how a training ended, with the ways to go on from there."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton

from tlstudio.domain.errors import MemoryFull, OutOfMemory, StudioError
from tlstudio.domain.runs import Adapter, Mode, RunRow, RunState, TrainResult
from tlstudio.domain.transfer import Transfer, Verdict
from tlstudio.gui import messages
from tlstudio.gui.models.model_titles import title_of
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.changed_question import ChangedQuestion


class Text:
    """Words of the message."""

    resume, start_again = "Resume", "Start again"
    smaller = "Start again with small additions"
    interrupted = "Training was interrupted: {model}, {epochs} done."
    interrupted_more = "It can go on where it stopped."
    failed = "The last training failed."
    done = "Training is done: {accuracy} of the images kept from it are right."
    done_stopped = "Training was stopped; the best model is kept: {accuracy} of the images kept from it are right."
    corrected = "That is corrected for having been chosen by these images; counted plainly it is {measured}."


class OutcomeMessage(ChangedQuestion):
    """Hidden until there is something to say. row: what its buttons are about, None where they are not shown.

    start: the user wants a training with these settings, or to resume the run of that id.
    """

    start = Signal(object, object)

    def __init__(self) -> None:
        super().__init__("train.message")
        self.row: RunRow | None = None
        resume = named(QPushButton(Text.resume), "train.resume_run", Text.resume)
        restart = named(QPushButton(Text.start_again), "train.start_again", Text.start_again)
        smaller = named(QPushButton(Text.smaller), "train.start_smaller", Text.smaller)
        self.resume_button = self.add_button(resume)
        self.restart_button = self.add_button(restart)
        self.smaller_button = self.add_button(smaller)
        resume.clicked.connect(lambda: self._want(resume=True))
        restart.clicked.connect(lambda: self._want(resume=False))
        smaller.clicked.connect(lambda: self._want(adapter=Adapter.LORA))

    def tell_result(self, result: TrainResult, compared: Transfer | None) -> None:
        """A training that has just ended, and whether the pretrained model helps."""
        negative = compared is not None and compared.verdict is Verdict.NEGATIVE
        words = (Text.done_stopped if result.stopped else Text.done).format(accuracy=result.accuracy.percent())
        if result.measured is not None:
            words = f"{words} {Text.corrected.format(measured=result.measured.percent())}"
        self.say(words, compared.sentence if compared is not None else "", "caution" if negative else "good")
        self.offer(None, None)

    def tell_failure(self, error: StudioError, row: RunRow | None, resumable: RunRow | None) -> None:
        """A training that has just failed. row: what could be started again, with additions alone where memory was too small."""
        self.tell(error)
        if self.asking:
            self.offer(None, None)
            return
        self.offer(row, resumable)
        short = isinstance(error, OutOfMemory | MemoryFull)
        whole = row is not None and row.mode is not Mode.QUICK and row.settings.adapter is Adapter.NONE
        self.smaller_button.setVisible(short and whole)

    def show_unfinished(self, row: RunRow) -> None:
        """A run, with its history, that was interrupted or failed and can go on."""
        if row.state is RunState.FAILED:
            self.say(Text.failed, row.message, "bad")
        else:
            done = messages.count(len(row.history), "epoch")
            words = Text.interrupted.format(model=title_of(row.model), epochs=done)
            self.say(words, Text.interrupted_more, "caution")
        self.offer(row, row)

    def suit(self, row: RunRow | None, resumable: RunRow | None) -> None:
        """A run was chosen: what can be gone on with is offered, this one first. Other words that speak of a run go."""
        unfinished = row is not None and row.state in (RunState.INTERRUPTED, RunState.FAILED) and not row.first_of
        offered = row if unfinished else resumable
        if offered is not None and not (self.isVisible() and self.row is not None and self.row.id == offered.id):
            self.show_unfinished(offered)
        elif offered is None and self.row is not None:
            self.hide()

    def _want(self, *, resume: bool = False, **changes: object) -> None:
        if self.row is not None:
            self.start.emit(replace(self.row.settings, **changes), self.row.id if resume else None)  # type: ignore[arg-type]

    def offer(self, row: RunRow | None, resumable: RunRow | None) -> None:
        """Resume where there is something to go on from; start again where there are settings to start with."""
        self.row = row
        self.resume_button.setVisible(row is not None and resumable is not None and row.id == resumable.id)
        self.restart_button.setVisible(row is not None)
        self.smaller_button.hide()
