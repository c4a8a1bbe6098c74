"""The frame that every page shares: title, one sentence, content, and a footer with what blocks and what comes next."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from tlstudio.gui import icons, theme
from tlstudio.gui.dropping import Dropped
from tlstudio.gui.session import Session

W = TypeVar("W", bound=QWidget)


class Text:
    COMMANDS = "All commands (Ctrl+K)"
    HELP = "Help for this page (F1)"


class Page(QWidget):
    """One step of the wizard.

    A subclass sets `key`, `title` and `sentence`, builds its widgets into `self.content` (a QVBoxLayout that takes all the
    room), and overrides `enter`, `blocked` and `continue_clicked` as needed. Text for the user is declared by name in a nested
    class `Text`. Object names are `<key>.<control>`, given by `named`. `help` is shown by F1.
    """

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setObjectName(self.key)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(theme.XL, theme.L, theme.XL, theme.L)
        outer.setSpacing(theme.XS)
        self.title_label = named(QLabel(self.title), f"{self.key}.title", self.title)
        self.title_label.setProperty("role", "title")
        self.sentence_label = named(QLabel(self.sentence), f"{self.key}.sentence", self.sentence)
        self.sentence_label.setProperty("role", "muted")
        self.sentence_label.setWordWrap(True)
        self.content = QVBoxLayout()
        self.content.setSpacing(theme.L)
        outer.addLayout(self._head())
        outer.addWidget(self.sentence_label)
        outer.addSpacing(theme.M)
        outer.addLayout(self.content, 1)
        outer.addSpacing(theme.M)
        outer.addLayout(self._footer())

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.XS)
        row.addWidget(self.title_label, 1)
        commands = named(QToolButton(), f"{self.key}.commands", Text.COMMANDS)
        self.help_button = named(QToolButton(), f"{self.key}.help", Text.HELP)
        for button, name in ((commands, "commands"), (self.help_button, "help")):
            button.setFixedSize(theme.HIT, theme.HIT)
            button.setToolTip(button.accessibleName())
            icons.set_icon(button, name, "muted")
            row.addWidget(button)
        commands.clicked.connect(self.session.commands_wanted)
        self.help_button.clicked.connect(self.session.help_wanted)
        return row

    def _footer(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.S)
        self.hint_label = named(QLabel(), f"{self.key}.hint", "What to do here")
        self.hint_label.setProperty("role", "muted")
        self.hint_label.setWordWrap(True)
        self.primary = named(QPushButton(), f"{self.key}.primary", "Next step")
        self.primary.setProperty("role", "primary")
        self.primary.clicked.connect(self.continue_clicked)
        self.extra = QHBoxLayout()
        self.extra.setSpacing(theme.S)
        row.addWidget(self.hint_label, 1)
        row.addLayout(self.extra)
        row.addWidget(self.primary)
        return row

    def set_sentence(self, text: str) -> None:
        self.sentence_label.setText(text)
        self.sentence_label.setAccessibleName(text)

    def set_primary(self, text: str, *, enabled: bool = True, hint: str = "") -> None:
        """The one primary button: its deed, whether it can be done, and beside it what blocks it or what comes next."""
        self.primary.setText(text)
        self.primary.setAccessibleName(text or self.primary.accessibleName())
        self.primary.setVisible(bool(text))
        self.primary.setEnabled(enabled)
        self.hint_label.setText(hint)

    def blocked(self) -> str:
        """Why this page makes no sense yet, as a sentence for the rail's tooltip; empty when it can be opened."""
        return ""

    def done(self) -> bool:
        """True when the rail may tick this step."""
        return False

    def waiting(self) -> int:
        """How many things wait for the user on this page; shown in the rail, 0 for none."""
        return 0

    def enter(self) -> None:
        """Called each time the page is shown and when the data behind it changed while it is shown."""

    def leave(self) -> None:
        """Called when another page takes its place."""

    def commands(self) -> list[QAction]:
        """What this page adds to the command list (Ctrl+K) while it is shown."""
        return []

    def wants(self, dropped: Dropped) -> bool:
        """True when something dropped anywhere on the window belongs to this page while it is shown."""
        return False

    def receive(self, dropped: Dropped) -> None:
        """Something was dropped, or opened from another page, that this page takes."""

    def continue_clicked(self) -> None:
        """The primary button was pressed."""


def set_role(widget: QWidget, role: str) -> None:
    """Changes how the style sheet draws a widget (`primary`, `flat` …) after it was shown."""
    _restyle(widget, "role", role)


def set_tone(widget: QWidget, tone: str) -> None:
    """Changes the colour of a widget's words (`good`, `caution` …) after it was shown."""
    _restyle(widget, "tone", tone)


def _restyle(widget: QWidget, key: str, value: str) -> None:
    if widget.property(key) != value:
        widget.setProperty(key, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def named(widget: W, name: str, accessible: str) -> W:
    """Gives a control its object name (`page.control`) and its accessible name, and returns it."""
    widget.setObjectName(name)
    widget.setAccessibleName(accessible)
    return widget
