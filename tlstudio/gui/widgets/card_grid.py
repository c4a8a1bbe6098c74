"""Cards in as many columns as fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from tlstudio.gui import theme

_GAP = theme.M


class CardGrid(QWidget):
    """Flows its cards over columns of at least `least` pixels, all of the same width, rows as high as their highest card.

    It places the cards itself: Qt's grid layout keeps heights of wrapped text that it measured in the middle of a change from
    light to dark.
    """

    def __init__(self, least: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least = least
        self._cards: list[QWidget] = []
        self.columns = 1
        self.setMinimumWidth(least // 2)

    def set_cards(self, cards: Sequence[QWidget]) -> None:
        """Shows these cards in this order; those that were shown before are hidden, not deleted."""
        for card in self._cards:
            if card not in cards:
                card.hide()
        self._cards = list(cards)
        for card in self._cards:
            if card.parentWidget() is not self:
                card.setParent(self)
            card.show()
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        # LayoutRequest: a card needs another height. ContentsRectChange: a scroll bar came or went.
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.ContentsRectChange):
            self._place()
        return done

    def _place(self) -> None:
        area = self.contentsRect()
        self.columns = max(1, (area.width() + _GAP) // (self._least + _GAP))
        width = (area.width() - _GAP * (self.columns - 1)) // self.columns
        top = area.top()
        for start in range(0, len(self._cards), self.columns):
            row = self._cards[start : start + self.columns]
            height = max(_height(card, width) for card in row)
            for number, card in enumerate(row):
                card.setGeometry(QRect(area.left() + number * (width + _GAP), top, width, height))
            top += height + _GAP
        self.setMinimumHeight(max(0, top - _GAP))


def _height(card: QWidget, width: int) -> int:
    """What a card needs at a width; its text is polished first, because fonts of the style sheet come late."""
    card.ensurePolished()
    return max(card.heightForWidth(width), card.minimumSizeHint().height())
