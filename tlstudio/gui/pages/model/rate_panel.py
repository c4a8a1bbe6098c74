"""The search for a learning rate on the user's own images: a button, its progress, the curve, and the way to take the rate."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.rates import RateCurve, plain
from tlstudio.domain.runs import TrainSettings
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.message_bar import announce
from tlstudio.gui.widgets.rate_chart import RateChart
from tlstudio.gui.widgets.stop_button import StopButton

_BAR = 1000


class Text:
    """Words of the search."""

    find, again, cancel = "Find a learning rate", "Find again", "Cancel"
    use, use_this = "Use this rate", "Use this rate, {rate}"
    what = "Tries rates from far too small to far too large on your images. Nothing of it is kept but the curve."
    working = "Trying learning rates"
    other = "The settings are others now than they were for the curve."
    job = "Finding a learning rate"


class RatePanel(QWidget):
    """rate_wanted: the suggested rate shall be used."""

    rate_wanted = Signal(float)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self._settings: TrainSettings | None = None
        self._why_not = ""
        self._asked: TrainSettings | None = None  # what the curve, or the search under way, is for
        self.curve: RateCurve | None = None
        self.button = named(QPushButton(Text.find, self), "model.find_rate", Text.find)
        self.button.clicked.connect(self._find)
        self.stop = StopButton(Text.cancel, "model.find_rate_stop", self)
        self.stop.clicked.connect(self.cancel)
        self.bar = named(QProgressBar(self), "model.find_rate_progress", Text.working)
        self.bar.setTextVisible(False)
        self.words = named(QLabel(self), "model.find_rate_words", "")
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        self.chart = RateChart("model.rate_curve", self)
        self.use_button = named(QPushButton(Text.use, self), "model.use_rate", Text.use)
        self.use_button.clicked.connect(self._use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.XS, 0, theme.M)
        column.setSpacing(theme.S)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.bar)
        column.addWidget(self.chart)
        column.addWidget(self.words)
        column.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.forget()

    def forget(self) -> None:
        """Another project: no curve is known, and none is looked for."""
        self.cancel()
        self._job = self.curve = self._asked = None
        self._show(Text.what)

    def cancel(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()

    def show_settings(self, settings: TrainSettings, why_not: str) -> None:
        """What the next training is to be. why_not: why no rate can be looked for now, empty where one can."""
        self._settings, self._why_not = settings, why_not
        if self._job is None:
            self._show(self._standing())

    def _standing(self) -> str:
        """What is said while no search is under way."""
        if self.curve is not None and self._fits():
            return self.curve.sentence
        return self._why_not or (Text.other if self.curve is not None else Text.what)

    def _fits(self) -> bool:
        """Whether the curve is that of the settings as they are."""
        return self._settings is not None and self._asked == _deciding(self._settings)

    def _show(self, words: str) -> None:
        working, fits = self._job is not None, self.curve is not None and self._fits()
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self.bar.setVisible(working)
        self.chart.setVisible(fits and not working)
        self.stop.setVisible(working)
        self.stop.setEnabled(working and self._job is not None and not self._job.cancelling)
        self.button.setVisible(not working)
        caption = Text.again if self.curve is not None else Text.find
        self.button.setText(caption)
        self.button.setAccessibleName(caption)
        self.button.setEnabled(self._settings is not None and not self._why_not)
        rate = self.curve.suggested if self.curve is not None else None
        self.use_button.setVisible(fits and not working and rate is not None)
        if rate is not None:
            self.use_button.setAccessibleName(Text.use_this.format(rate=plain(rate)))

    # --- the search -------------------------------------------------------------------

    def _find(self) -> None:
        if self._session.project is None or self._settings is None:
            return
        self.curve, self._asked = None, _deciding(self._settings)
        self.bar.setRange(0, 0)
        job = self._job = self._session.bridge.submit(
            "find_rate", Text.job, project=self._session.project, settings=self._settings
        ).show_in(self.bar)
        job.event.connect(lambda event: self._progress(job, event))
        job.finished.connect(lambda curve: self._done(job, curve))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._ended(job, ""))
        self._show(Text.working)

    def _progress(self, job: Job, event: object) -> None:
        if job is not self._job:
            return
        if isinstance(event, Note):
            self._show(event.text)
        elif isinstance(event, Progress):
            self.bar.setRange(0, _BAR if event.total else 0)
            if event.total:
                self.bar.setValue(round(_BAR * event.done / event.total))
            self._show(messages.progress(event))

    def _done(self, job: Job, curve: RateCurve) -> None:
        if job is self._job:
            self.curve = curve
            self.chart.show_curve(curve)
            self._ended(job, "")
            announce(self, self.words.text())

    def _failed(self, job: Job, error: StudioError) -> None:
        self._ended(job, error_text(error))

    def _ended(self, job: Job, words: str) -> None:
        if job is self._job:
            self._job = None
            self._show(words or self._standing())

    def _use(self) -> None:
        if self.curve is not None and self.curve.suggested is not None:
            self.rate_wanted.emit(float(plain(self.curve.suggested)))


def _deciding(settings: TrainSettings) -> TrainSettings:
    """The settings without what has no say in the curve, so that those may change and the curve still holds."""
    return replace(settings, learning_rate=0.0, epochs=0, minutes=0.0, patience=0, device="auto", events=False)
