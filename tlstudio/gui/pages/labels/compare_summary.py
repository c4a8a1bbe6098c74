"""How far two people agree: in words, class by class, and the rows of their table that could not be used."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tlstudio.domain.labels import Agreement
from tlstudio.domain.wording import isolated
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models.agreement_table import AgreementTable
from tlstudio.gui.pages.base import named

_ROW = 28
_MOST_ROWS = 5


class Text:
    """Words of the summary."""

    agree = "You and {name} agree on {share} of {images}."
    kappa = "Beyond chance (Cohen's kappa): {value:.2f} ({low:.2f} to {high:.2f})."
    no_kappa = "Both of you know one class only, so agreement beyond chance can't be told."
    unused = "{rows} of the table could not be used. {where}: {reason}"
    table = "Agreement by class"
    by_class = "By class"


class CompareSummary(QFrame):
    """Words on top, the classes below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.words = named(QLabel(self), "labels.agreement", "")
        self.words.setProperty("role", "strong")
        self.kappa = named(QLabel(self), "labels.kappa", "")
        self.unused = named(QLabel(self), "labels.unused", "")
        self.unused.setProperty("role", "secondary")
        for label in (self.words, self.kappa, self.unused):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.model = AgreementTable(self)
        self.table = self._table()
        self.toggle = named(QToolButton(self), "labels.by_class", Text.table)
        self.toggle.setText(Text.by_class)
        self.toggle.setCheckable(True)
        self.toggle.setProperty("fold", True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setMinimumHeight(theme.HIT)
        self.toggle.toggled.connect(self._open)
        self._open(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        column.setSpacing(theme.S)
        for widget in (self.words, self.kappa, self.toggle, self.table, self.unused):
            column.addWidget(widget)

    def show_agreement(self, agreement: Agreement) -> None:
        """The list of unused rows is kept while the same table is looked at: only its first reading tells them."""
        images = messages.count(agreement.n, "image")
        share = agreement.agreement.percent().replace(" ", "\N{NO-BREAK SPACE}")
        self._say(self.words, Text.agree.format(name=isolated(agreement.annotator), share=share, images=images))
        k = agreement.kappa
        self._say(self.kappa, Text.no_kappa if k is None else Text.kappa.format(value=k.value, low=k.low, high=k.high))
        self.model.show_agreement(agreement)
        shown = min(len(agreement.per_class), _MOST_ROWS) + 1
        self.table.setFixedHeight(shown * _ROW + theme.XS)
        for column in range(1, self.model.columnCount()):
            self.table.resizeColumnToContents(column)

    def show_unused(self, agreement: Agreement) -> None:
        """Which rows could not be used: the first in words, all of them in the tooltip."""
        self.unused.setVisible(bool(agreement.unused))
        if agreement.unused:
            first = agreement.unused[0]
            rows = messages.count(len(agreement.unused), "row")
            self._say(self.unused, Text.unused.format(rows=rows, where=first.where, reason=first.reason))
            self.unused.setToolTip("\n".join(f"{u.where}, {u.file}: {u.reason}" for u in agreement.unused[:40]))

    def _open(self, opened: bool) -> None:
        icons.set_icon(self.toggle, "chevron-down" if opened else "chevron-right", "muted", 16)
        self.table.setVisible(opened)

    @staticmethod
    def _say(label: QLabel, words: str) -> None:
        label.setText(words)
        label.setAccessibleName(words)

    def _table(self) -> QTableView:
        table = named(QTableView(self), "labels.agreement_table", Text.table)
        table.setModel(self.model)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setProperty("role", "plain")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        heads = table.horizontalHeader()
        heads.setFixedHeight(_ROW)
        heads.setHighlightSections(False)
        heads.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        heads.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        return table
