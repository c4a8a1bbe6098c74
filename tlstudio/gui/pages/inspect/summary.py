"""The Summary tab: how good, for which classes, and what is taken for what."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.results import Evaluation
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.models.class_figures import ClassFiguresModel
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.inspect import findings
from tlstudio.gui.widgets.big_number import BigNumber
from tlstudio.gui.widgets.confusion_matrix import ConfusionMatrix
from tlstudio.gui.widgets.facts import Facts
from tlstudio.gui.widgets.help_bubble import HelpButton
from tlstudio.gui.widgets.scrolling import scroll_around
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.gui.widgets.transfer_card import TransferCard

_SIDE = 300
_GALLERY_LEAST = 264
_ROW_OF_IMAGES = 168  # height of the gallery in which a whole row of images with its figures is seen
_WIDEST = 16_777_215  # Qt's own word for no limit


class Text:
    """Words of the Summary tab."""

    accuracy = "Accuracy on {images}"
    images = "Images"
    balanced, balanced_help = (
        "Balanced accuracy",
        (
            "The average over the classes of how many of their images are recognised. Unlike plain accuracy it does not hide a "
            "rare class that is missed."
        ),
    )
    auroc, auroc_help = (
        "AUROC",
        (
            "How well the model ranks: 1.00 means that every image of a class gets a higher value for it than any other image; "
            "0.50 is guessing."
        ),
    )
    calibration, calibration_help = (
        "Calibration error",
        (
            "How far the stated confidence is from the share of right answers, on average. It is never 0 by chance alone: beside "
            "it stands what a model whose confidence is exactly right would show on as many images."
        ),
    )
    matrix = "What is taken for what"
    choose = "Choose a cell to see its images."
    no_images = "No image in this cell."
    by_class = "Class by class"
    table = "Figures by class"
    gallery = "Images of the chosen cell"


class SummaryTab(QWidget):
    """look: an image of the gallery was asked for in large, with the list of all of them.

    rows: gives the images of these ids as they are now; asked for those that are seen.
    """

    look = Signal(object, object)

    def __init__(
        self,
        store: ThumbnailStore,
        rows: Callable[[Sequence[int]], list[ImageRow]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._rows = rows
        self.number = BigNumber("inspect.accuracy", "", self)
        self.words = named(QLabel(), "inspect.in_words", "What the accuracy means")
        self.cautions = named(QLabel(), "inspect.cautions", "What to keep in mind")
        self.facts = Facts("inspect")
        self.transfer = TransferCard("inspect", self)
        self.matrix = ConfusionMatrix("inspect.matrix")
        self.matrix.chosen.connect(self._cell_chosen)
        self.cell_words = named(QLabel(Text.choose), "inspect.cell", "The chosen cell")
        self.grid = named(ThumbnailGrid(store), "inspect.cell_images", Text.gallery)
        self.table_model = ClassFiguresModel(self)
        self.table = self._table()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.M)
        # Side by side where there is room: the figures, the matrix, the images of a cell. Else one below the other.
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.addWidget(self._matrix_card(), 3)
        self._pair.addWidget(self._gallery(), 2)
        self._top = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._top.addWidget(self._side())
        self._top.addLayout(self._pair, 1)
        for parts in (self._pair, self._top):
            parts.setSpacing(theme.M)
        column.addLayout(self._top)
        column.addWidget(self.transfer)
        column.addWidget(self._table_card())
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, theme.M, 0, 0)
        self._area = scroll_around(inner)
        outer.addWidget(self._area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _turn(self) -> None:
        """All parts lie side by side where every column of the matrix is seen so. Else the figures stand above, so that the
        images of a cell are beside it as long as that goes.
        """
        side, low = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        matrix = self.matrix.minimumSizeHint().width() + 2 * theme.L + 2
        room, pair = self.width() - theme.S, matrix + theme.M + _GALLERY_LEAST
        beside = room >= _SIDE + theme.M + pair
        self._top.setDirection(side if beside else low)
        self._figures.setMaximumWidth(_SIDE if beside else _WIDEST)
        self._pair.setDirection(side if room >= pair else low)

    # --- building -----------------------------------------------------------------------

    def _side(self) -> QFrame:
        card, column = _card()
        self._figures = card
        card.setMinimumWidth(_SIDE)
        for key, caption, words in (
            ("balanced", Text.balanced, Text.balanced_help),
            ("auroc", Text.auroc, Text.auroc_help),
            ("calibration", Text.calibration, Text.calibration_help),
        ):
            self.facts.add(key, caption, HelpButton(words, f"inspect.{key}_help", f"What is {caption}?", caption))
        self.words.setWordWrap(True)
        self.words.setProperty("role", "strong")
        self.cautions.setWordWrap(True)
        self.cautions.setProperty("role", "secondary")
        column.addWidget(self.number)
        column.addSpacing(theme.XS)
        column.addWidget(self.words)
        column.addWidget(self.facts)
        column.addWidget(self.cautions)
        column.addStretch(1)
        return card

    def _matrix_card(self) -> QFrame:
        card, column = _card()
        title = QLabel(Text.matrix)
        title.setProperty("role", "card-title")
        area = scroll_around(self.matrix)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.matrix.fitted.connect(lambda size: _fit(card, area, size))
        column.addWidget(title)
        column.addWidget(area)
        column.addStretch(1)
        return card

    def _gallery(self) -> QFrame:
        card, column = _card()
        card.setMinimumWidth(_GALLERY_LEAST)
        self.grid.set_captions(True)
        self.grid.setMinimumHeight(_ROW_OF_IMAGES)
        self.cell_words.setWordWrap(True)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        self.grid.set_edge(theme.THUMBNAILS[0])
        self.grid.setDragEnabled(False)
        self.grid.look.connect(lambda row: self.look.emit(row, self.grid.images))
        column.addWidget(self.cell_words)
        column.addWidget(self.grid, 1)
        return card

    def _table(self) -> QTableView:
        table = named(QTableView(), "inspect.classes", Text.table)
        table.setModel(self.table_model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setProperty("role", "plain")
        table.setStyleSheet("QTableView::item { padding-left: 5px; }")  # under the words of the headings
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(theme.HIT)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setHighlightSections(False)
        return table

    def _table_card(self) -> QFrame:
        card, column = _card()
        title = QLabel(Text.by_class)
        title.setProperty("role", "card-title")
        column.addWidget(title)
        column.addWidget(self.table)
        return card

    # --- showing ---------------------------------------------------------------------------

    def show_evaluation(self, evaluation: Evaluation, styles: ClassStyles) -> None:
        self._evaluation = evaluation
        held_out = messages.count(evaluation.n, f"{evaluation.split.caption.lower()} image")
        self.number.show_interval(evaluation.accuracy, Text.accuracy.format(images=held_out))
        self.words.setText(findings.in_words(evaluation))
        self.words.setAccessibleName(self.words.text())
        cautions = "\n".join(findings.cautions(evaluation))
        self.cautions.setText(cautions)
        self.cautions.setAccessibleName(cautions)
        self.cautions.setVisible(bool(cautions))
        self.facts.set("balanced", findings.figure(evaluation.balanced_accuracy))
        self.facts.set("auroc", findings.figure(evaluation.auroc, share=False))
        self.facts.set("calibration", findings.calibration(evaluation))
        self.transfer.show_transfer(evaluation.transfer)
        self.grid.set_styles(styles)
        self.matrix.show_matrix(evaluation.confusion, evaluation.classes, styles)
        self._turn()
        self.table_model.show_figures(evaluation)
        heads = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(heads + theme.HIT * self.table_model.rowCount() + 4)
        self._say(Text.choose)
        self.grid.set_rows([], None)

    def _cell_chosen(self, row: int, column: int) -> None:
        self.show_cell(row, column)
        if self._pair.direction() == QBoxLayout.Direction.TopToBottom:
            self._area.ensureWidgetVisible(self.grid)  # it lies below the matrix

    def show_cell(self, row: int, column: int) -> None:
        """The images of one cell, those the model was surest of first."""
        evaluation = self._evaluation
        if evaluation is None:
            return
        label, predicted = evaluation.classes[row], evaluation.classes[column]
        said = evaluation.predictions
        places = {said.images[place]: place for place in said.taken_for(label, predicted)}

        def fetch(ids: Sequence[int]) -> list[Entry]:
            rows = self._rows(ids)
            self.grid.notes.update({row.id: messages.percent(said[places[row.id]].confidence) for row in rows})
            return [Entry(row) for row in rows]

        self.matrix.select(row, column)
        self._say(self.matrix.describe(row, column))
        self.grid.placeholder = "" if places else Text.no_images
        self.grid.notes = {}
        self.grid.set_ids([(None, array("q", places))], fetch, grouped=False)
        self.grid.verticalScrollBar().setValue(0)

    def _say(self, words: str) -> None:
        self.cell_words.setText(words)
        self.cell_words.setAccessibleName(words)


def _fit(card: QFrame, area: QScrollArea, size: QSize) -> None:
    """The card is as wide as the matrix needs and as high as it is; what is left belongs to the gallery."""
    bar = area.horizontalScrollBar().sizeHint().height()
    area.setFixedHeight(size.height() + bar)
    card.setMaximumWidth(size.width() + 2 * theme.L + 2)


def _card() -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setProperty("role", "card")
    column = QVBoxLayout(card)
    column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
    column.setSpacing(theme.S)
    return card, column
