"""The line above the grid that offers suggestions for images without a class, makes them, and says how many wait."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.events import Progress
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.stop_button import StopButton

_BAR = 160
_STEPS = 1000


class Text:
    """Words of the line."""

    button, again, stop, retry = "Suggest classes", "Suggest again", "Stop", "Try again"
    offer = "{images} have no class yet. A quick model can suggest one for each."
    too_few = "{images} have no class yet. Label at least two images of two classes, then a model can suggest the rest."
    waiting = "{suggestions} wait, those first that teach the model most."
    waiting_more = "Return accepts one, a number gives another class."
    fresh = "{labels} since: suggest again to use them."
    held_back = "{images} get none: labels of test images have to be yours alone."
    training = "Training a quick model"
    looking = "Looking at the images without a class"


class SuggestBar(QFrame):
    """suggest_wanted, stop_wanted: its buttons. The line is hidden while there is nothing to suggest."""

    suggest_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "labels.suggesting", "Suggested classes")
        self.setProperty("role", "card")
        self._mark = QLabel(self)
        self.words = named(QLabel(self), "labels.suggest_words", "")
        self.more = named(QLabel(self), "labels.suggest_more", "")
        self.more.setProperty("role", "secondary")
        for label in (self.words, self.more):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = named(QProgressBar(self), "labels.suggest_progress", Text.looking)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR)
        self.button = named(QPushButton(self), "labels.suggest", Text.button)
        self.button.clicked.connect(self.suggest_wanted)
        self.stop = StopButton(Text.stop, "labels.suggest_stop", self)
        self.stop.clicked.connect(self._stop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.words)
        words.addWidget(self.more)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.M, theme.XS, theme.S, theme.XS)
        row.setSpacing(theme.M)
        row.addWidget(self._mark)
        row.addLayout(words, 1)
        row.addWidget(self.bar)
        row.addWidget(self.button)
        row.addWidget(self.stop)
        self.hide()

    def offer(self, unlabeled: int, *, possible: bool) -> None:
        """No suggestions yet. possible: there are labels enough to learn from."""
        images = messages.count(unlabeled, "image")
        words = (Text.offer if possible else Text.too_few).format(images=images)
        self._show("model", "accent", words, "", Text.button if possible else "")

    def show_waiting(self, waiting: int, labeled_since: int, held_back: int) -> None:
        """Suggestions wait for the user. labeled_since: labels that they do not know of yet."""
        words = Text.waiting.format(suggestions=messages.count(waiting, "suggestion"))
        more = [Text.waiting_more]
        if labeled_since:
            more.append(Text.fresh.format(labels=messages.count(labeled_since, "label is new", "labels are new")))
        elif held_back:
            more.append(Text.held_back.format(images=messages.count(held_back, "image")))
        self._show("model", "accent", words, " ".join(more), Text.again)

    def show_working(self, stage: str) -> None:
        self._show("clock", "muted", stage, "", "")
        self.bar.setRange(0, 0)
        for part in (self.bar, self.stop):
            part.setVisible(True)
        self.stop.setEnabled(True)

    def _stop(self) -> None:
        self.stop.setEnabled(False)
        self.stop_wanted.emit()

    def show_progress(self, event: Progress) -> None:
        self.bar.setRange(0, _STEPS if event.total else 0)
        if event.total:
            self.bar.setValue(round(_STEPS * event.done / event.total))
            self.more.setText(messages.progress(event))
            self.more.setVisible(True)

    def show_trouble(self, what: str, remedy: str) -> None:
        self._show("bad", "bad", what, remedy, Text.retry)

    def _show(self, icon: str, tone: str, words: str, more: str, button: str) -> None:
        icons.set_icon(self._mark, icon, tone)
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self.more.setText(more)
        self.more.setVisible(bool(more))
        for part in (self.bar, self.stop):
            part.setVisible(False)
        self.button.setText(button)
        self.button.setAccessibleName(button or Text.button)
        self.button.setVisible(bool(button))
        self.show()
