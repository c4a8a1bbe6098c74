"""Leaving while something is under way: the one modal question of the window."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import ClassVar

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.job_bridge import Job, JobBridge
from tlstudio.gui.later import later
from tlstudio.gui.pages.base import named

# The later a task stands here, the more it matters; one question is asked at a time.
ASKED_FOR = ("import", "export", "train")
DECIDED = "closing_decided"  # a property of the window, set once the user has chosen to leave


class Text:
    TITLE = "Work is under way"
    HEADLINE: ClassVar = {
        "train": "Training is running.",
        "import": "Images are being imported.",
        "export": "The model is being exported.",
    }
    MEANING: ClassVar = {
        "train": "Every finished epoch is saved. You can keep the best result so far, or close now and resume later.",
        "import": "Your own files are untouched. If you close now, import the folder again next time.",
        "export": "The trained model is saved. If you close now, export it again next time.",
    }
    KEEP: ClassVar = {"train": "Keep training", "import": "Keep importing", "export": "Keep exporting"}
    STOP = "Stop and keep the best"
    CLOSE: ClassVar = {"train": "Close and resume later", "import": "Stop and close", "export": "Stop and close"}


class Answer(Enum):
    KEEP = auto()
    STOP = auto()
    CLOSE = auto()


class ClosingDialog(QDialog):
    """Asks what to do with the job; `answer` gets the choice. Escape means to go on working."""

    def __init__(self, parent: QWidget, job: Job, answer: Callable[[Answer], None]) -> None:
        super().__init__(parent)
        named(self, "closing", Text.TITLE)
        self.setWindowTitle(Text.TITLE)
        self.setModal(True)
        self._answer = answer
        self._given = Answer.KEEP
        mark = QLabel()
        icons.set_icon(mark, "caution", "caution", 24)
        headline = named(QLabel(Text.HEADLINE[job.task]), "closing.headline", Text.HEADLINE[job.task])
        headline.setProperty("role", "card-title")
        meaning = named(QLabel(Text.MEANING[job.task]), "closing.meaning", Text.MEANING[job.task])
        meaning.setWordWrap(True)
        meaning.setMinimumWidth(420)
        head = QHBoxLayout()
        head.setSpacing(theme.M)
        head.addWidget(mark)
        head.addWidget(headline, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.L)
        column.setSpacing(theme.M)
        column.addLayout(head)
        column.addWidget(meaning)
        column.addSpacing(theme.M)
        column.addLayout(self._buttons(job.task))
        self.finished.connect(lambda _: self._done())

    def _buttons(self, task: str) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        row.addStretch(1)
        choices = [("close", Text.CLOSE[task], Answer.CLOSE)]
        choices += [("stop", Text.STOP, Answer.STOP)] if task == "train" else []
        choices += [("keep", Text.KEEP[task], Answer.KEEP)]
        for name, text, answer in choices:
            button = named(QPushButton(text), f"closing.{name}", text)
            button.clicked.connect(lambda _=False, a=answer: self._choose(a))
            row.addWidget(button)
        button.setProperty("role", "primary")
        button.setDefault(True)
        button.setFocus()
        return row

    def _choose(self, answer: Answer) -> None:
        self._given = answer
        self.accept()

    def _done(self) -> None:
        self.deleteLater()
        self._answer(self._given)


def may_close(window: QWidget, bridge: JobBridge) -> bool:
    """True when nothing is lost by closing now. Otherwise the question is opened; its answer may close the window later."""
    job = job_to_ask_about(bridge)
    if job is None or window.property(DECIDED):
        return True
    if window.findChild(ClosingDialog) is None:
        ClosingDialog(window, job, lambda answer: _answered(window, bridge, job, answer)).open()
    return False


def _close(window: QWidget, bridge: JobBridge) -> None:
    """What was done beside the job that has ended is asked about in its turn."""
    window.setProperty(DECIDED, job_to_ask_about(bridge) is None)
    window.close()


def _answered(window: QWidget, bridge: JobBridge, job: Job, answer: Answer) -> None:
    if answer is Answer.KEEP:
        return
    window.setProperty(DECIDED, True)
    if answer is Answer.STOP and not job.over:
        job.stop()
        # Later, because the job's own listeners still have to hear of its end.
        job.ended.connect(lambda: later(window, lambda: _close(window, bridge)))
    else:
        window.close()


def job_to_ask_about(bridge: JobBridge) -> Job | None:
    """The job whose end matters most, or None when the window may simply close."""
    running = [job for job in bridge.jobs() if job.task in ASKED_FOR]
    return max(running, key=lambda job: ASKED_FOR.index(job.task), default=None)
