"""The views of a run: its curves, what its best model takes for what, how it does against simpler ways, and its log."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from tlstudio.domain.events import Confusion
from tlstudio.domain.runs import RunRecords
from tlstudio.domain.transfer import Transfer
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.confusion_matrix import ConfusionMatrix
from tlstudio.gui.widgets.help_bubble import HelpButton
from tlstudio.gui.widgets.live_chart import LiveChart
from tlstudio.gui.widgets.log_view import LogView
from tlstudio.gui.widgets.scrolling import scroll_around
from tlstudio.gui.widgets.transfer_card import TransferCard


class Text:
    """Words of the views."""

    tabs = "Views of the training"
    curves, confusion, transfer, log = "Curves", "Mix-ups", "Does it help?", "Log"
    chart = "Course of the training"
    help_title = "What the curves mean"
    help_button = "What do the curves mean?"
    help = (
        "Accuracy: the share of images that are recognised. The strong line is about images kept from it, which the model never "
        "learns from; that is the one that counts. The thin line is about the training images, counted while the model learns "
        "from them: each is turned, cropped or otherwise changed at random, with many images sometimes blended with another, and "
        "the model is still changing. So it can lie below the strong line. When it goes on rising while the strong one falls, "
        "the model has begun to learn your images by heart.\n\n"
        "Loss: how wrong and how sure of it the model is; lower is better.\n\n"
        "Learning rate: how large its corrections are. It rises at first and then falls to nothing, so the last epochs are often "
        "the best."
    )
    best = "What the best model so far takes for what, among images kept from it. Choose a cell to read it."
    no_confusion = "Which classes are mixed up is shown when the first result is there."
    later = "Whether the pretrained model helps is shown when the training is done."
    not_compared = "Nothing was compared when this training ended. “See the results” compares it on other images."
    none_kept = "This training has kept no table of mix-ups. “See the results” shows one once it is done."


class ConfusionView(QWidget):
    """The table, and the chosen cell as a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = named(QLabel(), "train.mixed_up", Text.best)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "muted")
        self.matrix = ConfusionMatrix("train.matrix")
        self.matrix.chosen.connect(lambda row, column: self._say(self.matrix.describe(row, column)))
        self.area: QScrollArea = scroll_around(self.matrix)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, theme.S)
        column.setSpacing(theme.M)
        column.addWidget(self.words)
        column.addWidget(self.area, 1)
        column.addStretch(0)
        self.clear(Text.no_confusion)

    def clear(self, words: str) -> None:
        self.matrix.show_matrix((), (), ClassStyles())
        self.area.hide()
        self._say(words)

    def show_counts(self, counts: Confusion, classes: Sequence[str], styles: ClassStyles) -> None:
        """counts[i][j]: validation images of class i taken for j. A cell that was chosen stays so."""
        if not counts or len(counts) != len(classes):
            return
        chosen = self.matrix.selected if self.area.isVisibleTo(self) else None
        self.matrix.show_matrix(counts, classes, styles)
        self.area.show()
        if chosen is not None:
            self.matrix.select(*chosen)
        self._say(self.matrix.describe(*chosen) if chosen is not None else Text.best)

    def _say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setAccessibleName(words)


class TransferView(QWidget):
    """Whether the pretrained model helps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = named(QLabel(), "train.not_compared", Text.later)
        self.words.setWordWrap(True)
        self.words.setProperty("role", "muted")
        self.card = TransferCard("train", framed=False)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, theme.M, 0, theme.S)
        column.addWidget(self.words)
        column.addWidget(self.card)
        column.addStretch(1)
        frame = QVBoxLayout(self)
        frame.setContentsMargins(0, 0, 0, 0)
        frame.addWidget(scroll_around(inner))
        self.show_transfer(None, Text.later)

    def show_transfer(self, found: Transfer | None, words: str = "") -> None:
        """words: why there is nothing to be seen."""
        self.card.show_transfer(found)
        self.words.setText(words)
        self.words.setAccessibleName(words)
        self.words.setVisible(found is None)


class RunViews(QTabWidget):
    """`name_classes` before the first counts arrive."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "train.tabs", Text.tabs)
        self.chart = named(LiveChart(self), "train.chart", Text.chart)
        self.confusion = ConfusionView(self)
        self.transfer = TransferView(self)
        self.log = LogView("train.log", self)
        for view, words in (
            (self.chart, Text.curves),
            (self.confusion, Text.confusion),
            (self.transfer, Text.transfer),
            (self.log, Text.log),
        ):
            self.addTab(view, words)
        self.help_button = HelpButton(Text.help, "train.curves_help", Text.help_button, Text.help_title)
        self.setCornerWidget(_corner(self.help_button))
        self.currentChanged.connect(lambda _: self.help_button.setVisible(self.currentWidget() is self.chart))
        self._classes: tuple[str, ...] = ()
        self._styles = ClassStyles()
        self._counts: Confusion = ()

    def clear(self) -> None:
        """A training begins: nothing is known of it."""
        self._classes, self._counts = (), ()
        self.confusion.clear(Text.no_confusion)
        self.transfer.show_transfer(None, Text.later)
        self.log.clear()

    def name_classes(self, classes: Sequence[str], styles: ClassStyles) -> None:
        """The classes in the run's own order, and how the project shows them."""
        self._classes, self._styles = tuple(classes), styles
        self.show_counts(self._counts)

    def show_counts(self, counts: Confusion) -> None:
        """Of the best model so far; nothing changes where they are empty."""
        self._counts = counts or self._counts
        self.confusion.show_counts(self._counts, self._classes, self._styles)

    def show_stored(self, records: RunRecords, styles: ClassStyles) -> None:
        """What is kept of a run that is not under way, as far as it is."""
        self._counts = records.confusion
        self.log.show_lines(records.log)
        self.transfer.show_transfer(records.transfer, Text.not_compared)
        self.confusion.clear(Text.none_kept)
        self.name_classes(records.classes, styles)


def _corner(button: HelpButton) -> QWidget:
    """The button with the room that it needs: alone, the tabs would give it less."""
    corner = QWidget()
    corner.setFixedSize(theme.HIT, theme.HIT)
    row = QVBoxLayout(corner)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(button)
    return corner
