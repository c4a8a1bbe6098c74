"""The place on a page where files are dropped: says what it takes and lights up while something fitting is above it."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.gui import dropping, icons, theme
from tlstudio.gui.dropping import Dropped, Kind
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.fitting import MIDDLE, ElidedLabel

BIG_ICON = 48


class DropArea(QWidget):
    """A dashed area with an icon, a headline and a sentence. `dropped` carries what was let go above it.

    words: the headline and the sentence. takes: the kinds it lights up for; others are left to the window.
    compact: one row instead of a column.
    """

    dropped = Signal(object)

    def __init__(
        self, name: str, icon: str, words: tuple[str, str], takes: Collection[Kind], *, compact: bool = False
    ) -> None:
        super().__init__()
        headline, sentence = words
        named(self, name, f"{headline}. {sentence}")
        self.setAcceptDrops(True)
        self._takes = frozenset(takes)
        self.lit = False
        self._icon_name = icon
        self._mark = QLabel()
        self._icon_size = theme.ICON if compact else BIG_ICON
        icons.set_icon(self._mark, icon, "muted", self._icon_size)
        self.headline = named(ElidedLabel(headline, mode=MIDDLE), f"{name}_headline", headline)
        self.headline.setProperty("role", "strong" if compact else "card-title")
        self.sentence = named(QLabel(sentence), f"{name}_sentence", sentence)
        self.sentence.setProperty("role", "muted")
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(theme.S)
        if compact:
            self._in_a_row()
        else:
            self._in_a_column()

    def _in_a_row(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.M, theme.M, theme.M)
        row.setSpacing(theme.M)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.sentence.setWordWrap(True)
        words.addWidget(self.headline)
        words.addWidget(self.sentence)
        row.addWidget(self._mark)
        row.addLayout(words, 1)
        row.addLayout(self.buttons)

    def _in_a_column(self) -> None:
        middle = Qt.AlignmentFlag.AlignHCenter
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(middle)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.XL, theme.XL, theme.XL, theme.XL)
        column.setSpacing(theme.S)
        column.addStretch(1)
        column.addWidget(self._mark, 0, middle)
        column.addSpacing(theme.S)
        self.headline.setAlignment(middle)
        column.addWidget(self.headline)
        column.addWidget(self.sentence)
        column.addSpacing(theme.L)
        column.addLayout(self.buttons)
        column.setAlignment(self.buttons, middle)
        column.addStretch(1)

    def add_button(self, button: QPushButton) -> QPushButton:
        self.buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button

    def _light(self, lit: bool) -> None:
        self.lit = lit
        icons.set_icon(self._mark, self._icon_name, "accent" if lit else "muted", self._icon_size)
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        dropped = dropping.read(event.mimeData())
        if dropped is not None and dropped.kind in self._takes:
            self._light(True)
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._light(False)
        dropped: Dropped | None = dropping.read(event.mimeData())
        if dropped is not None:
            event.acceptProposedAction()
            self.dropped.emit(dropped)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.colour("accent" if self.lit else "border"), 2 if self.lit else 1.5)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(theme.colour("accent_soft" if self.lit else "surface"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.CARD_RADIUS, theme.CARD_RADIUS)
