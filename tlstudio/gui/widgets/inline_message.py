"""A message beside the thing it speaks of: what happened, what to do, and the buttons that do it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from tlstudio.domain.errors import StudioError
from tlstudio.domain.wording import directed
from tlstudio.gui import icons, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.message_bar import announce


class InlineMessage(QFrame):
    """Hidden until it has something to say."""

    def __init__(self, name: str) -> None:
        super().__init__()
        named(self, name, "")
        self.setProperty("role", "message")
        self._mark = QLabel()
        self.what = named(QLabel(), f"{name}_what", "")
        self.what.setProperty("role", "strong")
        self.remedy = named(QLabel(), f"{name}_remedy", "")
        for label in (self.what, self.remedy):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        words.addWidget(self.what)
        words.addWidget(self.remedy)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(theme.S)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.M, theme.M, theme.M, theme.M)
        row.setSpacing(theme.M)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(self.buttons)
        self.hide()

    def add_button(self, button: QPushButton) -> QPushButton:
        self.buttons.addWidget(button)
        return button

    def say(self, what: str, remedy: str = "", tone: str = "bad") -> None:
        """tone: `good`, `caution` or `bad`."""
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)
        icons.set_icon(self._mark, tone, tone)
        self.what.setText(directed(what))
        self.remedy.setText(directed(remedy))
        self.remedy.setVisible(bool(remedy))
        self.setAccessibleName(f"{what} {remedy}".strip())
        self.show()
        announce(self, f"{what} {remedy}".strip())

    def tell(self, error: StudioError) -> None:
        """A named failure; the file is named in the tooltip, where a long path does no harm."""
        self.say(error.what, error.remedy)
        self.setToolTip(error.path or "")
