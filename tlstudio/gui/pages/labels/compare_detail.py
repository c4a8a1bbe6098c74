"""One image that two people label differently: what each says, and the three ways to settle it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.safe_text import visible
from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyle
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.class_chip import ClassChip
from tlstudio.gui.widgets.image_canvas import ImageCanvas

MINE, THEIRS, UNSURE = "m", "t", "u"
KEYS = MINE + THEIRS + UNSURE


class Text:
    """Words of the choice."""

    you = "You"
    keep, take, unsure = "Keep mine (M)", "Take theirs (T)", "Unsure (U)"
    image = "The image"


class CompareDetail(QFrame):
    """chosen: MINE, THEIRS or UNSURE."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.canvas = named(ImageCanvas(self), "labels.compare_image", Text.image)
        self.name_label = named(QLabel(self), "labels.compare_name", "")
        self.name_label.setProperty("role", "card-title")
        self.place_label = named(QLabel(self), "labels.compare_place", "")
        self.place_label.setProperty("role", "muted")
        self.mine = ClassChip(Text.you, self)
        self.theirs = ClassChip("", self)
        self.keep_button = self._button("keep_mine", Text.keep, MINE)
        self.take_button = self._button("take_theirs", Text.take, THEIRS)
        self.unsure_button = self._button("compare_unsure", Text.unsure, UNSURE)
        self._arrange()

    def show_image(self, row: ImageRow, preview: QPixmap | None) -> None:
        self.name_label.setText(visible(row.name))
        self.name_label.setAccessibleName(visible(row.name))
        self.canvas.set_picture(preview)

    def show_place(self, words: str) -> None:
        """Which image of how many, and how many are still open."""
        self.place_label.setText(words)
        self.place_label.setAccessibleName(words)

    def show_choice(self, mine: ClassStyle | None, theirs: ClassStyle, name: str, settled: str) -> None:
        """What each says; `settled`: what the user chose, empty while it is open."""
        self.mine.set_class(mine)
        self.theirs.set_caption(name)
        self.theirs.set_class(theirs)
        for key, button in ((MINE, self.keep_button), (THEIRS, self.take_button), (UNSURE, self.unsure_button)):
            button.setChecked(settled == key)

    def deeds(self) -> tuple[QPushButton, ...]:
        return self.keep_button, self.take_button, self.unsure_button

    def press(self, key: str) -> None:
        """One of the keys MINE, THEIRS and UNSURE."""
        if self.isVisible() and self.keep_button.isEnabled():
            self.chosen.emit(key)

    def _button(self, name: str, words: str, key: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", words)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.chosen.emit(key))
        return button

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        head.addWidget(self.name_label)
        head.addStretch(1)
        head.addWidget(self.place_label)
        choice = QGridLayout()
        choice.setHorizontalSpacing(theme.L)
        choice.setVerticalSpacing(theme.S)
        choice.addWidget(self.mine, 0, 0)
        choice.addWidget(self.theirs, 0, 1)
        for column, button in enumerate(self.deeds()):
            choice.addWidget(button, 1, column)
            choice.setColumnStretch(column, 1)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        column_.setSpacing(theme.M)
        column_.addLayout(head)
        column_.addWidget(self.canvas, 1)
        column_.addLayout(choice)
