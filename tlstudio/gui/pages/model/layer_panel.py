"""Which parts of the model are trained, as a picture that can be clicked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.layers import ModelLayers, rate_shares
from tlstudio.domain.runs import Adapter, Mode, TrainSettings
from tlstudio.gui import messages, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.network_picture import NetworkPicture


class Text:
    """Words beside the picture."""

    waiting = "Looking at what the model is made of."
    some = "The last {trained} of {count} parts are trained."
    last = "The last of {count} parts is trained."
    every = "All {count} parts are trained."
    none = "None of the {count} parts is trained, only the classes are learned."
    quick = "Quick training leaves all {count} parts as they are; only the classes are learned."
    adapters = "{trained} of {count} parts get small additions; the model itself stays as it is."
    statistics = "The running averages of its batch normalisation stay as they are."
    how = "Click a part: it and all that follow are trained. Or use the arrow keys."
    by_mode = "As the mode says"


class LayerPanel(QWidget):
    """layers_wanted: so many parts shall be trained, -1 for as many as the mode says."""

    layers_wanted = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._known: dict[str, ModelLayers] = {}  # by model, for the session
        self._troubles: dict[str, str] = {}
        self._jobs: dict[str, Job] = {}
        self._settings: TrainSettings | None = None
        self.picture = NetworkPicture("model.network", self)
        self.picture.layers_chosen.connect(self.layers_wanted)
        self.picture.setAccessibleDescription(Text.how)
        self.words = named(QLabel(self), "model.network_words", "")
        self.words.setProperty("role", "secondary")
        self.words.setWordWrap(True)
        self.mode_button = named(QPushButton(Text.by_mode, self), "model.layers_by_mode", Text.by_mode)
        self.mode_button.setProperty("role", "flat")
        self.mode_button.setStyleSheet("text-align: left; padding-left: 0px;")
        self.mode_button.clicked.connect(lambda: self.layers_wanted.emit(-1))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, theme.M)
        column.setSpacing(theme.XS)
        column.addWidget(self.picture)
        column.addWidget(self.words)
        column.addWidget(self.mode_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_settings(self, settings: TrainSettings, *, ask: bool) -> None:
        """What a training with these settings would change. ask: a model that is not known yet is looked at."""
        before, self._settings = self._settings, settings
        if before is None or before.model != settings.model:
            self._troubles.pop(settings.model, None)  # chosen again, it is asked for again
        if ask and settings.model:
            self._ask(settings.model)
        self._show()

    def take(self, layers: ModelLayers) -> None:
        """Keeps what a model is made of."""
        self._known[layers.model] = layers
        self._show()

    def _ask(self, model: str) -> None:
        if model in self._known or model in self._jobs or model in self._troubles:
            return
        job = self._jobs[model] = self._session.bridge.submit("model_layers", model=model)
        job.finished.connect(self.take)
        job.failed.connect(lambda error: self._failed(model, error))
        job.ended.connect(lambda: self._jobs.pop(model, None))

    def _failed(self, model: str, error: StudioError) -> None:
        self._troubles[model] = error_text(error)
        self._show()

    def _show(self) -> None:
        settings = self._settings
        layers = self._known.get(settings.model) if settings is not None else None
        self.picture.setVisible(layers is not None)
        self.mode_button.setVisible(layers is not None and settings is not None and settings.layers >= 0)
        if settings is None or layers is None:
            self._say(self._why_not(settings.model if settings is not None else ""))
            return
        adapters = settings.adapter is Adapter.LORA and settings.mode is not Mode.QUICK
        editable = settings.mode is not Mode.QUICK and not adapters
        rates = rate_shares(layers, settings)
        words = self.sentence(layers, settings)
        self.picture.show_network(layers, rates, adapters=adapters, editable=editable, words=words)
        notes = [words]
        if layers.fixed_statistics and any(rates):
            notes.append(Text.statistics)
        if editable:
            notes.append(Text.how)
        self._say(" ".join(notes))

    def _why_not(self, model: str) -> str:
        return self._troubles.get(model, Text.waiting)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setAccessibleName(words)

    @staticmethod
    def sentence(layers: ModelLayers, settings: TrainSettings) -> str:
        """How much of the model is trained, in words."""
        count, trained = len(layers.groups), sum(rate > 0 for rate in rate_shares(layers, settings))
        if settings.mode is Mode.QUICK:
            return Text.quick.format(count=count)
        if settings.adapter is Adapter.LORA:
            return Text.adapters.format(count=count, trained=messages.number(trained))
        words = {0: Text.none, count: Text.every, 1: Text.last}.get(trained, Text.some)
        return words.format(count=count, trained=messages.number(trained))
