"""What a page shows instead of its content: nothing there yet, working, or trouble; always with a way on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.widgets.stop_button import STOP, StopButton

_WIDTH = 460
_FIRST = 1000  # stretch: the column has its width before the room beside it grows
_MARK = 40
_BAR = 1000


class StatePanel(QWidget):
    """A mark, a title, a sentence, and where it helps a bar or a button. pressed: the button.

    A job whose progress it shows can be ended here as well.
    """

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
        self._job: Job | None = None
        self.stop = StopButton(STOP, f"{name}_stop", self)
        self.stop.clicked.connect(self._end)
        middle = Qt.AlignmentFlag.AlignHCenter
        for label in (self.title, self.words, self.mark):
            label.setAlignment(middle)
        self.title.setWordWrap(True)
        self.words.setWordWrap(True)
        # The words stand in a column of their own, because a centred label would not get the height its lines need.
        self.mark.setMinimumHeight(_MARK)
        column = QWidget(self)
        column.setMaximumWidth(_WIDTH)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.M)
        for part in (self.mark, self.title, self.words, self.bar):
            inside.addWidget(part)
        inside.addWidget(self.button, 0, middle)
        inside.addWidget(self.stop, 0, middle)
        outer = QVBoxLayout(self)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(column, _FIRST)
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
        self._job = None
        self.stop.setVisible(False)
        self.button.setText(button)
        self.button.setAccessibleName(button or self.objectName())
        self.button.setVisible(bool(button))
        self.setAccessibleName(f"{title} {words}".strip())

    def show_working(self, title: str, words: str = "", *, job: Job | None = None) -> None:
        """job: what is under way, where it can be ended here."""
        self.show_state("clock", "muted", title, words)
        self.bar.setAccessibleName(title)
        self.bar.setRange(0, 0)
        self.bar.setVisible(True)
        self._job = job
        self.stop.setVisible(job is not None)
        self.stop.setEnabled(job is not None and not job.cancelling)
        if job is not None:
            job.show_in(self.stop)

    def _end(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()

    def show_progress(self, event: Progress) -> None:
        """Moves the bar; the sentence below says how far and how long."""
        self.bar.setRange(0, _BAR if event.total else 0)
        if event.total:
            self.bar.setValue(round(_BAR * event.done / event.total))
        self.words.setText(messages.progress(event))
        self.words.setVisible(True)

    def show_trouble(self, error: StudioError, button: str) -> None:
        self.show_state("bad", "bad", error.what, error.remedy, button)
