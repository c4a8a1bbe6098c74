"""The Mistakes tab: the wrong answers, those the model was surest of first, and a way to correct a wrong label."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.domain.predictions import Predictions
from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import ImageRow
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import KEYS, ClassStyles
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.inspect import findings
from tlstudio.gui.pages.inspect.heat import HeatPanel
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.class_chip import ClassChip
from tlstudio.gui.widgets.confidence_bars import ConfidenceBars
from tlstudio.gui.widgets.fitting import MIDDLE, ElidedLabel
from tlstudio.gui.widgets.heat_canvas import HeatCanvas
from tlstudio.gui.widgets.scrolling import FittedScroll
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

_LIST, _LIST_LEAST = 348, 196
_SAID_LEAST = 88  # height of what is said below the picture in the lowest window, where it scrolls
_KEY_NAME = 18  # signs of a name beside its key


class Text:
    """Words of the Mistakes tab."""

    none = "No mistakes"
    none_more = "The model is right on all {images}."
    grid = "Mistakes, the surest first. Number keys change the label."
    labeled, predicted = "Labeled", "Predicted"
    relabeled = "now {label}"
    hint = "Is the label wrong? Press the number of the right class: {keys}."


class MistakesTab(QWidget):
    """relabel: (image id, class). look: an image in large, with the list of all mistakes. shown: an image came into the detail.

    rows: gives the images of these ids as they are now; asked for those that are seen.
    """

    relabel = Signal(int, str)
    look = Signal(object, object)
    shown = Signal(object)

    def __init__(
        self,
        session: Session,
        store: ThumbnailStore,
        rows: Callable[[Sequence[int]], list[ImageRow]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._rows = rows
        self._said = Predictions()
        self._places: dict[int, int] = {}  # image id: its place in what the model said
        self._classes: tuple[str, ...] = ()
        self._run = ""
        self._styles = ClassStyles()
        self.grid = named(ThumbnailGrid(store, self), "inspect.mistakes", Text.grid)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.setDragEnabled(False)
        self.grid.setSelectionMode(ThumbnailGrid.SelectionMode.SingleSelection)
        self.grid.selectionModel().currentChanged.connect(lambda *_: self._show_current())
        self.grid.digit.connect(self._digit)
        self.grid.look.connect(lambda row: self.look.emit(row, self.grid.images))
        self.grid.images.trouble.connect(session.tell)
        self.canvas = named(HeatCanvas(self), "inspect.mistake_image", "The image")
        self.heat = HeatPanel(session, self.canvas, self)
        self.name_label = ElidedLabel(parent=self, mode=MIDDLE)
        self.name_label.setProperty("role", "card-title")
        self.labeled = ClassChip(Text.labeled, self)
        self.predicted = ClassChip(Text.predicted, self)
        self.bars = ConfidenceBars("inspect.confidence", parent=self)
        self.hint = named(QLabel(self), "inspect.relabel_hint", "How to change the label")
        self.hint.setProperty("role", "secondary")
        self.hint.setWordWrap(True)
        self.nothing = StatePanel("inspect.no_mistakes", self)
        self._arrange()

    def _arrange(self) -> None:
        self._list_card = _card()
        inside = QVBoxLayout(self._list_card)
        inside.setContentsMargins(theme.XS, theme.XS, theme.XS, theme.XS)
        inside.addWidget(self.grid)
        self._list_card.setMaximumWidth(_LIST)
        self._list_card.setMinimumWidth(_LIST_LEAST)
        self._detail = _card()
        column = QVBoxLayout(self._detail)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.heat)
        said = QWidget()
        below = QHBoxLayout(said)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(theme.L)
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        for part in (self.name_label, self.labeled, self.predicted, self.hint):
            words.addWidget(part)
        words.addStretch(1)
        below.addLayout(words, 1)
        below.addWidget(self.bars, 1, Qt.AlignmentFlag.AlignTop)
        column.addWidget(FittedScroll(said, _SAID_LEAST))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, theme.M, 0, 0)
        row.setSpacing(theme.M)
        row.addWidget(self._list_card, 1)
        row.addWidget(self._detail, 2)
        row.addWidget(self.nothing, 1)

    # --- showing ------------------------------------------------------------------------

    def show_evaluation(self, evaluation: Evaluation, styles: ClassStyles) -> int:
        """Returns how many mistakes there are."""
        found = evaluation.predictions.wrong()
        self._said = evaluation.predictions
        self._places = {self._said.images[place]: place for place in found}
        self._classes, self._styles, self._run = evaluation.classes, styles, evaluation.run
        self.grid.set_styles(styles)
        self.grid.notes = {}
        keyed = [(styles[name].shortcut, name) for name in styles.names if styles[name].shortcut]
        whole = Text.hint.format(keys=", ".join(f"{key} {isolated(name)}" for key, name in keyed))
        short = (f"{key} {isolated(_short(name))}" for key, name in keyed)
        self.hint.setText(Text.hint.format(keys=", ".join(short)))
        self.hint.setToolTip(whole if whole != self.hint.text() else "")
        self.hint.setAccessibleName(whole)
        images = messages.count(evaluation.n, f"{evaluation.split.caption.lower()} image")
        self.nothing.show_state("good", "good", Text.none, Text.none_more.format(images=images))
        for part in (self._list_card, self._detail):
            part.setVisible(bool(found))
        self.nothing.setVisible(not found)
        self.grid.set_ids([(None, array("q", self._places))], self._fetch, grouped=False)
        self._show_some()
        return len(found)

    def _fetch(self, ids: Sequence[int]) -> list[Entry]:
        """The images, and below each what it was taken for, or which label it has now."""
        rows = self._rows(ids)
        for row in rows:
            said = self._said[self._places[row.id]]
            changed = row.label is not None and row.label != said.label
            words = Text.relabeled.format(label=isolated(row.label or "")) if changed else findings.mistake_words(said)
            self.grid.notes[row.id] = words
        return [Entry(row) for row in rows]

    def update_labels(self) -> None:
        """Labels may have changed: the list stays, and says of each image that has another label now which one."""
        self.grid.images.refetch()
        self.grid.viewport().update()
        self._show_some()

    def _show_some(self) -> None:
        if not self.grid.currentIndex().isValid():
            self.grid.go_to_row(0)
        self._show_current()

    def go_on(self, image: int) -> None:
        """A label was changed here: shows it, and goes on to the next image."""
        if image in self._places:
            place = self.grid.images.index_of(image).row()
            self.update_labels()
            self.grid.go_to_row(place + 1)

    def set_copy(self, row: ImageRow, pixmap: QPixmap) -> None:
        current = self.grid.current_image()
        if current is not None and current.id == row.id:
            self.canvas.set_picture(pixmap, same_image=True)

    def _show_current(self) -> None:
        row = self.grid.current_image()
        if row is None or row.id not in self._places:
            self.canvas.set_picture(None)
            self.heat.show_image(self._run, None)
            return
        prediction = self._said[self._places[row.id]]
        self.name_label.setText(row.name)
        self.labeled.set_class(None if row.label is None else self._styles[row.label])
        self.predicted.set_class(self._styles[prediction.predicted])
        self.bars.show_classes(self._classes, prediction.probabilities, prediction.label, self._styles)
        self.canvas.set_picture(self._store.load_now(row.content, theme.THUMBNAILS[-1]))
        self.heat.show_image(self._run, row)
        self.shown.emit(row)

    # --- relabeling -----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text() in KEYS:
            self._digit(event.text())
        else:
            super().keyPressEvent(event)

    def _digit(self, digit: str) -> None:
        label = self._styles.by_digit(digit)
        row = self.grid.current_image()
        if label is not None and row is not None and row.label != label:
            self.relabel.emit(row.id, label)


def _short(name: str) -> str:
    return name if len(name) <= _KEY_NAME else f"{name[: _KEY_NAME - 1].rstrip()}…"


def _card() -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    return card
