"""What a page shows instead of its content: nothing there yet, working, or trouble; always with a way on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.gui import icons, messages, theme

_WIDTH = 460
_MARK = 40
_BAR = 1000


class StatePanel(QWidget):
    """A mark, a title, a sentence, and where it helps a bar or a button. pressed: the button."""

    pressed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.mark = QLabel(self)
        self.title = QLabel(self)
        self.title.setProperty("role", "card-title")
        self.words = QLabel(self)
        self.words.setProperty("role", "muted")
        self.bar = QProgressBar(self)
        self.bar.setObjectName(f"{name}_progress")
        self.bar.setTextVisible(False)
        self.button = QPushButton(self)
        self.button.setObjectName(f"{name}_button")
        self.button.setAccessibleName(name)
        self.button.clicked.connect(self.pressed)
        middle = Qt.AlignmentFlag.AlignHCenter
        for label in (self.title, self.words, self.mark):
            label.setAlignment(middle)
        self.title.setWordWrap(True)
        self.words.setWordWrap(True)
        # The words stand in a column of fixed width, because a centred label would not get the height its lines need.
        self.mark.setMinimumHeight(_MARK)
        column = QWidget(self)
        column.setFixedWidth(_WIDTH)
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.M)
        for part in (self.mark, self.title, self.words, self.bar):
            inside.addWidget(part)
        inside.addWidget(self.button, 0, middle)
        outer = QVBoxLayout(self)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(column)
        row.addStretch(1)
        outer.addStretch(2)
        outer.addLayout(row)
        outer.addStretch(3)

    def show_state(self, icon: str, tone: str, title: str, words: str = "", button: str = "") -> None:
        """`tone`: the colour token of the mark (`good`, `bad`, `muted` …)."""
        icons.set_icon(self.mark, icon, tone, _MARK)
        self.title.setText(title)
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.bar.setVisible(False)
        self.button.setText(button)
        self.button.setAccessibleName(button or self.objectName())
        self.button.setVisible(bool(button))
        self.setAccessibleName(f"{title} {words}".strip())

    def show_working(self, title: str, words: str = "", button: str = "") -> None:
        self.show_state("clock", "muted", title, words, button)
        self.bar.setAccessibleName(title)
        self.bar.setRange(0, 0)
        self.bar.setVisible(True)

    def show_progress(self, event: Progress) -> None:
        """Moves the bar; the sentence below says how far and how long."""
        self.bar.setRange(0, _BAR if event.total else 0)
        if event.total:
            self.bar.setValue(round(_BAR * event.done / event.total))
        counted = f"{messages.number(event.done)} of {messages.number(event.total)}" if event.total else ""
        parts = [event.stage, counted, messages.time_left(event.seconds_left)]
        self.words.setText(" · ".join(part for part in parts if part))
        self.words.setVisible(True)

    def show_trouble(self, error: StudioError, button: str) -> None:
        self.show_state("bad", "bad", error.what, error.remedy, button)
