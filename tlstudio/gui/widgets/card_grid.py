"""Cards in as many columns as fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from tlstudio.gui import theme


class CardGrid(QWidget):
    """Flows its cards over columns of at least `least` pixels, all of the same width."""

    def __init__(self, least: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least = least
        self._cards: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.M)
        # Without it the present columns would be the least width, and a narrower window could never have fewer.
        self.setMinimumWidth(least // 2)

    @property
    def columns(self) -> int:
        return self._columns

    def set_cards(self, cards: Sequence[QWidget]) -> None:
        """Shows these cards in this order; those that were shown before are hidden, not deleted."""
        for card in self._cards:
            if card not in cards:
                card.hide()
        self._cards = list(cards)
        self._columns = 0
        self._flow()
        for card in self._cards:
            card.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._flow()

    def _flow(self) -> None:
        columns = max(1, (self.width() + theme.M) // (self._least + theme.M))
        if columns == self._columns:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 0)
        for row in range(self._grid.rowCount()):
            self._grid.setRowStretch(row, 0)
        while self._grid.count():
            self._grid.takeAt(0)
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)
        self._grid.setRowStretch(len(self._cards) // columns + 1, 1)
