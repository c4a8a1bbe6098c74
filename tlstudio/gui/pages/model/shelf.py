"""All pretrained models as cards, with a search, a filter, downloads and speeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.cards import ModelStatus, Where
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.gui import icons, theme
from tlstudio.gui.job_bridge import Job, error_text
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.card_grid import CardGrid
from tlstudio.gui.widgets.model_card import ModelCardView
from tlstudio.gui.widgets.scrolling import scroll_around
from tlstudio.gui.widgets.search_box import SearchBox
from tlstudio.workflow import models

_LEAST_CARD = 300
_AT_ONCE = 4  # cards made per turn of the event loop: a page of 30 must not hold the window up
_QUICK_GMACS = 0.7
_GOOD_TOP1 = 80.0


class Text:
    """Words above the cards."""

    search = "Find a model"
    add = "Add from a file"
    choose_file = "Choose the weights of a model"
    files = "Weights (*.safetensors);;All files (*)"
    added = "{title} is on this machine now, and chosen for the next training."
    none = "No model matches. Try another word, or show all models."
    downloading = "Downloading {title}"
    adding = "Adding a model"


def _everything(status: ModelStatus) -> bool:
    return True


def _is_here(status: ModelStatus) -> bool:
    return status.where is not Where.DOWNLOAD


def _is_quick(status: ModelStatus) -> bool:
    return status.card.gmacs <= _QUICK_GMACS


def _is_good(status: ModelStatus) -> bool:
    """By the published accuracy; models trained without labels have none, and are here because they transfer well."""
    card = status.card
    return not card.bundled and (card.family.startswith("DINO") or (card.imagenet_top1 or 0) >= _GOOD_TOP1)


FILTERS: tuple[tuple[str, str, Callable[[ModelStatus], bool]], ...] = (
    ("all", "All models", _everything),
    ("here", "On this machine", _is_here),
    ("quick", "Small and fast", _is_quick),
    ("good", "Best quality", _is_good),
)


class ModelShelf(QWidget):
    """chosen: a card was chosen. changed: a model arrived or was measured."""

    chosen = Signal(str)
    changed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.statuses: dict[str, ModelStatus] = {}
        self.cards: dict[str, ModelCardView] = {}
        self._selected = ""
        self.measuring = ""  # the model whose speed is being measured
        self._immeasurable: set[str] = set()
        self._downloads: dict[str, Job] = {}
        self._waiting: list[ModelStatus] = []
        self.search = SearchBox("model.search", Text.search, self)
        self.filter_box = named(QComboBox(self), "model.filter", "Which models to show")
        for key, words, _ in FILTERS:
            self.filter_box.addItem(words, key)
        self.add_button = named(QPushButton(Text.add, self), "model.add", Text.add)
        icons.set_icon(self.add_button, "plus")
        self.add_button.clicked.connect(self._choose_file)
        self.none_label = QLabel(Text.none, self)
        self.none_label.setProperty("role", "muted")
        self.none_label.hide()
        self.grid = CardGrid(_LEAST_CARD)
        bar = QHBoxLayout()
        bar.setSpacing(theme.S)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.filter_box)
        bar.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        column.addLayout(bar)
        column.addWidget(self.none_label)
        column.addWidget(scroll_around(self.grid), 1)
        self.search.textChanged.connect(lambda _: self._arrange())
        self.filter_box.currentIndexChanged.connect(lambda _: self._arrange())
        self._maker = QTimer(self, interval=0)
        self._maker.timeout.connect(self._make_some)

    # --- showing -------------------------------------------------------------------

    def load(self) -> None:
        """Reads the catalogue and the weights folders; cards that are there already are brought up to date."""
        try:
            found = models.model_statuses(at_once=True)
        except StudioError as error:
            self._session.say.emit(error_text(error), "bad")
            return
        self.statuses = {status.card.id: status for status in found}
        for model, card in self.cards.items():
            if model in self.statuses:
                card.show_status(self.statuses[model])
        self._waiting = [status for status in _in_order(found) if status.card.id not in self.cards]
        if self._waiting:
            self._maker.start()
        self._arrange()

    def title(self, model: str) -> str:
        """The name people know, or the id of a model without a card."""
        return self.statuses[model].card.title if model in self.statuses else model

    def is_here(self, model: str) -> bool:
        return model in self.statuses and _is_here(self.statuses[model])

    def select(self, model: str) -> None:
        """Marks a card as the chosen one; a model without a card leaves none marked."""
        self._selected = model
        for name, card in self.cards.items():
            card.set_selected(name == model)

    def _make_some(self) -> None:
        for status in self._waiting[:_AT_ONCE]:
            self._make(status)
        del self._waiting[:_AT_ONCE]
        if not self._waiting:
            self._maker.stop()
        self._arrange()

    def _make(self, status: ModelStatus) -> None:
        card = ModelCardView(status)
        card.chosen.connect(self.chosen)
        card.measure_wanted.connect(self.measure)
        card.download_wanted.connect(self.download)
        card.download_stopped.connect(self._stop_download)
        card.set_selected(status.card.id == self._selected)
        self.cards[status.card.id] = card

    def _arrange(self) -> None:
        words = self.search.text().strip().lower()
        takes = FILTERS[self.filter_box.currentIndex()][2]
        shown = [
            self.cards[status.card.id]
            for status in _in_order(list(self.statuses.values()))
            if status.card.id in self.cards and takes(status) and _matches(status, words)
        ]
        self.grid.set_cards(shown)
        self._order_keys(shown)
        self.none_label.setVisible(not shown and not self._waiting)

    def _order_keys(self, shown: list[ModelCardView]) -> None:
        """Tab goes through the cards as they are shown, after the controls above them, although they were made later."""
        before: QWidget = self.add_button
        for card in shown:
            for control in card.focus_chain():
                QWidget.setTabOrder(before, control)
                before = control

    # --- speed ----------------------------------------------------------------------

    def measure(self, model: str) -> None:
        """Measures the speed of a model that is here, quietly."""
        if not self.is_here(model) or self._session.bridge.running("measure_speed") is not None:
            return
        self.measuring = model
        card = self.cards.get(model)
        if card is not None:
            card.show_measuring()
        job = self._session.bridge.submit("measure_speed", model=model)
        job.finished.connect(self._take_status)
        job.failed.connect(lambda error: self._not_measured(model, error))
        job.ended.connect(lambda: self._measured(model))

    def can_measure(self, model: str) -> bool:
        """It is here, its speed is not known, and trying to measure it has not failed."""
        status = self.statuses.get(model)
        unknown = status is not None and status.images_per_second is None
        return unknown and self.is_here(model) and model not in self._immeasurable

    def _not_measured(self, model: str, error: StudioError) -> None:
        self._immeasurable.add(model)
        self._session.say.emit(error_text(error), "caution")

    def _measured(self, model: str) -> None:
        self.measuring = ""
        self._show_status(model)

    def _take_status(self, status: ModelStatus) -> None:
        self.statuses[status.card.id] = status
        self.changed.emit()

    def _show_status(self, model: str) -> None:
        if model in self.cards and model in self.statuses:
            self.cards[model].show_status(self.statuses[model])

    # --- getting models ---------------------------------------------------------------

    def download(self, model: str) -> None:
        """Fetches the weights; the licence has been shown."""
        if model in self._downloads:
            return
        card = self.cards[model]
        words = Text.downloading.format(title=self.title(model))
        job = self._downloads[model] = self._session.bridge.submit("download_model", words, model=model)
        job.show_in(card.panel.bar)
        job.event.connect(lambda event: card.panel.show_running(event) if isinstance(event, Progress) else None)
        job.failed.connect(card.panel.show_trouble)
        job.cancelled.connect(card.panel.show_stopped)
        job.finished.connect(lambda _: self._arrived(model))
        job.ended.connect(lambda: self._downloads.pop(model, None))

    def download_by_name(self, name: str) -> None:
        """Fetches a model that has no card; the page has pointed at its licence."""
        if name in self._downloads:
            return
        job = self._downloads[name] = self._session.bridge.submit(
            "download_model", Text.downloading.format(title=name), model=name
        )
        job.failed.connect(lambda error: self._session.say.emit(error_text(error), "bad"))
        job.finished.connect(lambda _: self._arrived(name))
        job.ended.connect(lambda: self._downloads.pop(name, None))

    def _stop_download(self, model: str) -> None:
        if model in self._downloads:
            self._downloads[model].cancel()

    def _arrived(self, model: str) -> None:
        """It becomes the one that is trained next, and that is said: it may have taken its time."""
        self.load()
        self.chosen.emit(model)
        self.changed.emit()
        self._session.say.emit(Text.added.format(title=self.title(model)), "good")

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, Text.choose_file, "", Text.files)
        dialog.setObjectName("model.add_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.add(Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add(self, path: Path) -> None:
        """Copies weights from a file or folder, such as on a USB stick."""
        self.add_button.setEnabled(False)
        job = self._session.bridge.submit("add_model", Text.adding, path=path)
        job.finished.connect(self._added)
        job.failed.connect(lambda error: self._session.say.emit(error_text(error), "bad"))
        job.ended.connect(lambda: self.add_button.setEnabled(True))

    def _added(self, model: str) -> None:
        self._arrived(model)


def _in_order(statuses: list[ModelStatus]) -> list[ModelStatus]:
    """Models that are here first, those that the user has brought before the bundled ones; the rest as the catalogue has them."""
    return sorted(statuses, key=lambda s: (not _is_here(s), s.card.bundled))


def _matches(status: ModelStatus, words: str) -> bool:
    card = status.card
    text = f"{card.title} {card.family} {card.id} {card.good_for}".lower()
    return all(word in text for word in words.split())
