"""The top of the Model page: which model suits these images, found by trying those that are on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.domain.results import Recommendation
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.model.comparison_notes import ComparisonNotes
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.ranking import Ranking
from tlstudio.gui.widgets.stop_button import StopButton

_BAR = 1000
_NARROW = 560


class Text:
    """Words of the comparison."""

    ask = "Not sure which one? Each model on this machine can be tried on your own images."
    one = "Download a second model, and the two can be compared on your own images."
    compare = "Compare the models on this machine"
    again = "Compare again"
    cancel = "Cancel"
    working = "Trying each model on your images"
    best = "For your images: {title}. Best of {count} on this machine."
    none = "None of the models on this machine could be tried on your images."
    only = "Only {title} could be tried. Download another model to compare."
    close = "For your images: {title}, but the intervals overlap: {others} may be as good."
    chosen, chosen_instead = "It is chosen.", "It is chosen now, in place of {title}."
    more = (
        "Accuracy of a first, quick result on images the model did not learn from, with its 95 % interval; the time that trying "
        "it took; the size of the model."
    )
    job = "Comparing models"


class Advice(QFrame):
    """chosen: a line of the ranking. compared: the comparison is there (best model first)."""

    chosen = Signal(str)
    compared = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._session = session
        self._job: Job | None = None
        self._titles: Mapping[str, str] = {}
        self._first = ""
        mark = QLabel(self)
        icons.set_icon(mark, "model", "accent", 24)
        self.words = named(QLabel(self), "model.advice", "Recommendation")
        self.words.setWordWrap(True)
        self.more = QLabel(Text.more, self)
        self.more.setProperty("role", "secondary")
        self.more.setWordWrap(True)
        self.button = named(QPushButton(Text.compare, self), "model.compare", Text.compare)
        self.button.clicked.connect(self._compare)
        self.stop = StopButton(Text.cancel, "model.compare_stop", self)
        self.stop.clicked.connect(self._cancel)
        self.bar = named(QProgressBar(self), "model.compare_progress", Text.working)
        self.bar.setTextVisible(False)
        self.ranking = Ranking("model.ranking", self)
        self.ranking.chosen.connect(self.chosen)
        self.notes = ComparisonNotes(self)
        sentence = QHBoxLayout()
        sentence.setSpacing(theme.M)
        sentence.addWidget(mark)
        sentence.addWidget(self.words, 1)
        head = self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(theme.M)
        head.addLayout(sentence, 1)
        head.addWidget(self.button)
        head.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.M, theme.M, theme.M)
        column.setSpacing(theme.S)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.ranking)
        column.addWidget(self.more)
        column.addWidget(self.notes)
        self.forget()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the button stands below its sentence."""
        directions = QBoxLayout.Direction
        self._head.setDirection(directions.TopToBottom if self.width() < _NARROW else directions.LeftToRight)
        super().resizeEvent(event)

    def set_titles(self, titles: Mapping[str, str], here: int) -> None:
        """The names people know of all models, and how many of them can be compared."""
        self._titles = titles
        if self.ranking.isHidden() and self._job is None:
            self._say(" ".join(filter(None, (self._first, Text.ask if here > 1 else Text.one))))
            self.button.setEnabled(here > 1)

    def tell_first(self, reason: str) -> None:
        """Why the model is chosen with which a project begins; empty once the user has chosen another one."""
        before, self._first = self._first, reason
        words = self.words.text().removeprefix(before).strip()
        if self.ranking.isHidden() and self._job is None and before != reason:
            self._say(f"{reason} {words}".strip())

    def tell_choice(self, best: str, before: str) -> None:
        """After a comparison its first is chosen, and no choice changes in silence. before: the model that was chosen."""
        title = self._titles.get(before, before)
        words = Text.chosen if best == before or not before else Text.chosen_instead.format(title=title)
        self._say(f"{self.words.text()} {words}")

    def set_selected(self, model: str) -> None:
        self.ranking.set_selected(model)

    def forget(self) -> None:
        """Another project: nothing is known."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._say(Text.ask)
        self._clear()
        self._show_working(False)
        self._set_button(Text.compare)

    def _cancel(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()

    def _compare(self) -> None:
        project = self._session.project
        if project is None:
            return
        self._say(Text.working)
        self._clear()
        self.bar.setRange(0, 0)
        job = self._job = self._session.bridge.submit("recommend", Text.job, project=project).show_in(self.bar)
        self._show_working(True)
        job.event.connect(lambda event: self._progress(job, event))
        job.finished.connect(lambda result: self._done(job, result))
        job.failed.connect(lambda error: self._failed(job, error))
        job.cancelled.connect(lambda: self._ended(job, Text.ask))

    def _progress(self, job: Job, event: object) -> None:
        if job is not self._job or not isinstance(event, Progress):
            return
        self.bar.setRange(0, _BAR if event.total else 0)
        if event.total:
            self.bar.setValue(round(_BAR * event.done / event.total))
        self._say(messages.progress(event))

    def _failed(self, job: Job, error: StudioError) -> None:
        self._ended(job, error_text(error))

    def _ended(self, job: Job, words: str) -> None:
        if job is self._job:
            self._job = None
            self._show_working(False)
            self._say(words)
            self._set_button(Text.compare)

    def _done(self, job: Job, result: Recommendation) -> None:
        if job is not self._job:
            return
        lines = [(self._titles.get(ranked.model, ranked.model), ranked) for ranked in result.ranking]
        self._ended(job, self._sentence(result))
        self._set_button(Text.again)
        self.ranking.show_ranking(lines, result.ranking[0].model if result.ranking else "")
        self.ranking.setVisible(bool(lines))
        self.more.setVisible(bool(lines))
        self.notes.show_notes(result, self._titles)
        if result.ranking:
            self.compared.emit(result)

    def _sentence(self, result: Recommendation) -> str:
        """Honest about ties: where the intervals overlap, the order may be luck."""
        if not result.ranking:
            return Text.none if result.not_tried else Text.one
        best, *others = result.ranking
        title = self._titles.get(best.model, best.model)
        if not others:
            return Text.only.format(title=title)
        near = [
            self._titles.get(r.model, r.model)
            for r in others
            if not r.behind and r.interval.high >= best.interval.value
        ]
        if near:
            return Text.close.format(title=title, others=messages.listing(near))
        return Text.best.format(title=title, count=len(result.ranking))

    def _clear(self) -> None:
        self.ranking.hide()
        self.more.hide()
        self.notes.forget()

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setAccessibleName(words)

    def _show_working(self, working: bool) -> None:
        for part in (self.bar, self.stop):
            part.setVisible(working)
        self.stop.setEnabled(working)
        self.button.setVisible(not working)

    def _set_button(self, words: str) -> None:
        self.button.setText(words)
        self.button.setAccessibleName(words)
        self.button.setEnabled(True)
