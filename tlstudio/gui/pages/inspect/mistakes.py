"""The Mistakes tab: the wrong answers, those the model was surest of first, and a way to correct a wrong label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.domain.results import Evaluation, ImagePrediction
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_style import KEYS, ClassStyles
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.inspect import findings
from tlstudio.gui.pages.inspect.heat import HeatPanel
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.class_chip import ClassChip
from tlstudio.gui.widgets.confidence_bars import ConfidenceBars
from tlstudio.gui.widgets.heat_canvas import HeatCanvas
from tlstudio.gui.widgets.state_panel import StatePanel
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

_LIST = 348


class Text:
    """Words of the Mistakes tab."""

    none = "No mistakes"
    none_more = "The model is right on all {images}."
    grid = "Mistakes, the surest first. Number keys change the label."
    labeled, predicted = "Labeled", "Predicted"
    relabeled = "now {label}"
    hint = "Is the label wrong? Press the number of the right class: {keys}."


class MistakesTab(QWidget):
    """relabel: (image id, class). look: an image in large, with all mistakes. shown: an image came into the detail."""

    relabel = Signal(int, str)
    look = Signal(object, list)
    shown = Signal(object)

    def __init__(self, session: Session, store: ThumbnailStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._found: dict[int, ImagePrediction] = {}
        self._rows: dict[int, ImageRow] = {}
        self._classes: tuple[str, ...] = ()
        self._run = ""
        self._styles = ClassStyles()
        self.grid = named(ThumbnailGrid(store, self), "inspect.mistakes", Text.grid)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.setDragEnabled(False)
        self.grid.setSelectionMode(ThumbnailGrid.SelectionMode.SingleSelection)
        self.grid.selectionModel().currentChanged.connect(lambda *_: self._show_current())
        self.grid.digit.connect(self._digit)
        self.grid.look.connect(lambda row: self.look.emit(row, self.grid.images.rows()))
        self.canvas = named(HeatCanvas(self), "inspect.mistake_image", "The image")
        self.heat = HeatPanel(session, self.canvas, self)
        self.name_label = QLabel(self)
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
        self._list_card.setFixedWidth(_LIST)
        self._detail = _card()
        column = QVBoxLayout(self._detail)
        column.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column.setSpacing(theme.S)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.heat)
        below = QHBoxLayout()
        below.setSpacing(theme.L)
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        for part in (self.name_label, self.labeled, self.predicted, self.hint):
            words.addWidget(part)
        words.addStretch(1)
        below.addLayout(words, 1)
        below.addWidget(self.bars, 1, Qt.AlignmentFlag.AlignTop)
        column.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, theme.M, 0, 0)
        row.setSpacing(theme.M)
        row.addWidget(self._list_card)
        row.addWidget(self._detail, 1)
        row.addWidget(self.nothing, 1)

    # --- showing ------------------------------------------------------------------------

    def show_evaluation(self, evaluation: Evaluation, rows: Mapping[int, ImageRow], styles: ClassStyles) -> int:
        """Returns how many mistakes there are."""
        found = [p for p in findings.mistakes(evaluation) if p.image in rows]
        self._found = {p.image: p for p in found}
        self._rows = {p.image: rows[p.image] for p in found}
        self._classes, self._styles, self._run = evaluation.classes, styles, evaluation.run
        self.grid.set_styles(styles)
        self.grid.notes = {p.image: findings.mistake_words(p) for p in found}
        keys = ", ".join(f"{style.shortcut} {name}" for name in styles.names if (style := styles[name]).shortcut)
        self.hint.setText(Text.hint.format(keys=keys))
        self.hint.setAccessibleName(self.hint.text())
        images = messages.count(evaluation.n, f"{evaluation.split.caption.lower()} image")
        self.nothing.show_state("good", "good", Text.none, Text.none_more.format(images=images))
        for part in (self._list_card, self._detail):
            part.setVisible(bool(found))
        self.nothing.setVisible(not found)
        self.update_labels(rows)
        return len(found)

    def update_labels(self, rows: Mapping[int, ImageRow]) -> None:
        """Labels may have changed: the list stays, and says of each image that has another label now which one."""
        self._rows = {image: rows.get(image, row) for image, row in self._rows.items()}
        for image, row in self._rows.items():
            changed = row.label is not None and row.label != self._found[image].label
            words = findings.mistake_words(self._found[image])
            self.grid.notes[image] = Text.relabeled.format(label=row.label) if changed else words
        self.grid.set_rows(list(self._rows.values()), None)
        if not self.grid.currentIndex().isValid():
            self.grid.go_to_row(0)
        self._show_current()

    def set_label(self, image: int, label: str | None) -> None:
        """Shows a change that was made here, and goes on to the next image."""
        if image not in self._rows:
            return
        place = self.grid.images.index_of(image).row()
        self.update_labels({image: replace(self._rows[image], label=label)})
        self.grid.go_to_row(place + 1)

    def set_copy(self, row: ImageRow, pixmap: QPixmap) -> None:
        current = self.grid.current_image()
        if current is not None and current.id == row.id:
            self.canvas.set_picture(pixmap, same_image=True)

    def _show_current(self) -> None:
        row = self.grid.current_image()
        if row is None or row.id not in self._found:
            self.canvas.set_picture(None)
            self.heat.show_image(self._run, None)
            return
        prediction = self._found[row.id]
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


def _card() -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    return card
