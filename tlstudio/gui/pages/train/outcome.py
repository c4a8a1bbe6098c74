"""The message on how a training ended, with the ways to go on from there."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from tlstudio.domain.runs import RunRow, RunState, TrainResult
from tlstudio.domain.transfer import Transfer, Verdict
from tlstudio.gui import messages
from tlstudio.gui.models.model_titles import title_of
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.inline_message import InlineMessage


class Text:
    """Words of the message."""

    resume, start_again = "Resume", "Start again"
    interrupted = "Training was interrupted: {model}, {epochs} done."
    interrupted_more = "It can go on where it stopped."
    failed = "The last training failed."
    done = "Training is done: {accuracy} of the images kept from it are right."
    done_stopped = "Training was stopped; the best model is kept: {accuracy} of the images kept from it are right."


class OutcomeMessage(InlineMessage):
    """Hidden until there is something to say. row: what its buttons are about, None where they are not shown."""

    def __init__(self) -> None:
        super().__init__("train.message")
        self.row: RunRow | None = None
        resume = named(QPushButton(Text.resume), "train.resume_run", Text.resume)
        restart = named(QPushButton(Text.start_again), "train.start_again", Text.start_again)
        self.resume_button = self.add_button(resume)
        self.restart_button = self.add_button(restart)

    def tell_result(self, result: TrainResult, compared: Transfer | None) -> None:
        """A training that has just ended, and whether the pretrained model helps."""
        negative = compared is not None and compared.verdict is Verdict.NEGATIVE
        words = (Text.done_stopped if result.stopped else Text.done).format(accuracy=result.accuracy.percent())
        self.say(words, compared.sentence if compared is not None else "", "caution" if negative else "good")
        self.offer(None, None)

    def show_unfinished(self, row: RunRow) -> None:
        """A run, with its history, that was interrupted or failed and can go on."""
        if row.state is RunState.FAILED:
            self.say(Text.failed, row.message, "bad")
        else:
            done = messages.count(len(row.history), "epoch")
            words = Text.interrupted.format(model=title_of(row.model), epochs=done)
            self.say(words, Text.interrupted_more, "caution")
        self.offer(row, row)

    def offer(self, row: RunRow | None, resumable: RunRow | None) -> None:
        """Resume where there is something to go on from; start again where there are settings to start with."""
        self.row = row
        self.resume_button.setVisible(row is not None and resumable is not None and row.id == resumable.id)
        self.restart_button.setVisible(row is not None)
