"""The Model page: which pretrained model, and how thoroughly it is trained."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.results import Recommendation
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Split
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import error_text
from tlstudio.gui.models import estimates
from tlstudio.gui.pages.base import Page
from tlstudio.gui.pages.model.advanced import AdvancedSettings
from tlstudio.gui.pages.model.advice import Advice
from tlstudio.gui.pages.model.elsewhere import ElsewhereButton
from tlstudio.gui.pages.model.shelf import ModelShelf
from tlstudio.gui.pages.run_reader import RunReader
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.mode_tile import ModeTiles
from tlstudio.gui.widgets.mode_tile import Text as Tiles
from tlstudio.gui.widgets.scrolling import FittedScroll, scroll_around
from tlstudio.workflow import models

SIDE = 300
ADVICE_LEAST = 96  # height of the comparison in the lowest window, where it scrolls


class Text:
    """Words of the Model page."""

    title = "Choose a model"
    sentence = "A pretrained model has learned to see on millions of pictures. Choose one to build on, and how long it may take."
    primary = "Start training"
    how = "How thoroughly?"
    two_classes = "Give your images at least two classes first."
    get_first = "Download {title} first, or choose a model that is on this machine."
    running = "A training is running. Stop it on the Train page before you start another."
    ready = "{title} · {images}"
    training = "Training"


class ModelPage(Page):
    """Cards at the left, modes and advanced settings at the right, the comparison on top."""

    key, title, sentence, icon = "model", Text.title, Text.sentence, "model"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._model = ""
        self._first = ""  # the model with which a project begins, as long as nobody has chosen one
        self.runs = RunReader(session)
        self.advice = Advice(session, self)
        self.shelf = ModelShelf(session, self)
        self.modes = ModeTiles(self)
        self.advanced = AdvancedSettings(session, self)
        self.elsewhere = ElsewhereButton(session, self._packable, self)
        self.extra.addWidget(self.elsewhere)
        self._arrange()
        self.advice.chosen.connect(self._wanted)
        self.advice.compared.connect(self._compared)
        self.shelf.chosen.connect(self._wanted)
        self.shelf.changed.connect(self._measured)
        self.modes.changed.connect(self._update)
        self.advanced.changed.connect(self._update)
        self.advanced.other_wanted.connect(self._other)
        self.advanced.download_wanted.connect(self.shelf.download_by_name)
        session.project_changed.connect(self._forget)
        session.read_only.watch(self.primary)
        session.bridge.job_started.connect(lambda _: self._show_times())
        session.bridge.job_ended.connect(lambda _: self._after_work())

    def _arrange(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(theme.M)
        left.addWidget(FittedScroll(self.advice, ADVICE_LEAST))
        left.addWidget(self.shelf, 1)
        inner = QWidget()
        side = QVBoxLayout(inner)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(theme.S)
        how = QLabel(Text.how)
        how.setProperty("role", "card-title")
        side.addWidget(how)
        side.addWidget(self.modes)
        side.addWidget(self.advanced)
        side.addStretch(1)
        area = scroll_around(inner)
        area.setFixedWidth(SIDE)
        row = QHBoxLayout()
        row.setSpacing(theme.XL)
        row.addLayout(left, 1)
        row.addWidget(area)
        self.content.addLayout(row, 1)

    # --- the frame's questions ---------------------------------------------------

    def blocked(self) -> str:
        summary = self.session.summary
        if summary is None:
            return messages.Text.NO_PROJECT
        if not summary.images:
            return messages.Text.NO_IMAGES
        return "" if sum(c.count > 0 for c in summary.classes) >= 2 else Text.two_classes

    def done(self) -> bool:
        return bool(self.session.model_id) or self.runs.newest() is not None

    def commands(self) -> list[QAction]:
        return self.elsewhere.actions_now()

    def enter(self) -> None:
        self.shelf.load()
        here = sum(self.shelf.is_here(model) for model in self.shelf.statuses)
        self.advice.set_titles({model: self.shelf.title(model) for model in self.shelf.statuses}, here)
        if not self._model:
            self._choose_first()
        self._update()
        self._measure_chosen()

    # --- choosing ----------------------------------------------------------------

    def _forget(self) -> None:
        self._model = self._first = ""
        self.advice.forget()
        self.modes.set_mode(Mode.BALANCED)
        self.advanced.forget()

    def _choose_first(self) -> None:
        """The one that was trained last, or a sensible one for a beginning."""
        last = self.runs.newest()
        known = self.session.model_id or (last.model if last is not None else "")
        if known:
            self.choose(known)
        else:
            self._choose_by_speed()

    def _choose_by_speed(self) -> None:
        summary = self.session.summary
        try:
            choice = models.first_choice(summary.images if summary is not None else 0)
        except StudioError as error:
            self.session.say.emit(error_text(error), "bad")
            return
        self._first = choice.model
        self.choose(choice.model)
        self.advice.tell_first(choice.reason)

    def _measured(self) -> None:
        """A model arrived, or its speed is known: that may change with which a project begins."""
        if self._first and self._first == self._model:
            self._choose_by_speed()
        self._update()

    def _wanted(self, model: str) -> None:
        """The user's own choice."""
        self._first = ""
        self.advice.tell_first("")
        self.choose(model)

    def choose(self, model: str) -> None:
        """Makes a model the one that is trained next."""
        self._model = model
        self.shelf.select(model)
        self.advice.set_selected(model)
        self._update()
        if self.isVisible():
            self._measure_chosen()

    def _other(self, name: str) -> None:
        if name and name != self._model:
            self._wanted(name)

    def _compared(self, result: Recommendation) -> None:
        before, best = self._model, result.ranking[0].model
        self._first = ""
        self.choose(best)
        self.advice.tell_choice(best, before)

    def _measure_chosen(self) -> None:
        """The times on the tiles need the speed; it is measured when nothing else computes."""
        if self.shelf.can_measure(self._model) and not self.session.bridge.computing():
            self.shelf.measure(self._model)
            self._update()

    def _after_work(self) -> None:
        """Nothing may compute any more, so that what was not measured can be."""
        self._update()
        if self.isVisible():
            self._measure_chosen()

    # --- showing -------------------------------------------------------------------

    def _update(self) -> None:
        summary = self.session.summary
        if summary is None:
            return
        self._show_times()
        typed = self.advanced.other.text().strip()
        self.advanced.offer_download(typed if typed == self._model and not self.shelf.is_here(typed) else "")
        hint, enabled = "", bool(self._model)
        title = self.shelf.title(self._model)
        if self.session.bridge.running("train") is not None:
            hint, enabled = Text.running, False
        elif not self.shelf.is_here(self._model):
            hint, enabled = Text.get_first.format(title=title), False
        elif self._model:
            images = messages.count(summary.splits.get(Split.TRAIN.value, 0), "image")
            hint = Text.ready.format(title=title, images=f"{images} to learn from")
        self.set_primary(Text.primary, enabled=enabled, hint=hint)
        self.advanced.show_choice(self._model, self.modes.mode(), "" if enabled else hint)

    def _show_times(self) -> None:
        splits = self.session.summary.splits if self.session.summary is not None else {}
        status = self.shelf.statuses.get(self._model)
        speed = status.images_per_second if status is not None else None
        learn, held = splits.get(Split.TRAIN.value, 0), splits.get(Split.VAL.value, 0)
        why = self._why_no_time()
        for mode in Mode:
            settings = self.advanced.settings(self._model, mode)
            seconds = None if speed is None else estimates.training_seconds(settings, learn, held, speed)
            self.modes.tiles[mode].set_time("" if seconds is None else messages.about(seconds), why)

    def _why_no_time(self) -> str:
        """Why the speed of the chosen model is not known, as a sentence."""
        if not self.shelf.is_here(self._model):
            return Tiles.away
        if self.shelf.measuring == self._model:
            return Tiles.measuring
        return Tiles.later if self.session.bridge.computing() else Tiles.unknown

    def _packable(self) -> TrainSettings | None:
        """What would be trained now, on whatever machine."""
        ready = self._model and self.shelf.is_here(self._model) and not self.blocked()
        return self.advanced.settings(self._model, self.modes.mode()) if ready else None

    def continue_clicked(self) -> None:
        """Starts the training; the Train page shows it."""
        project = self.session.project
        if project is None or not self._model:
            return
        self.session.model_id = self._model
        self.advanced.rate.cancel()  # the training does not wait for it
        settings = self.advanced.settings(self._model, self.modes.mode())
        self.session.bridge.submit("train", Text.training, project=project, settings=settings, resume=None)
        self.session.go_to.emit("train")
