"""Getting a model: first the licence, then the progress with a way to stop, then what went wrong if it did."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.cards import ModelCard
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import Progress
from tlstudio.gui import messages, theme
from tlstudio.gui.models import licences
from tlstudio.gui.widgets.stop_button import StopButton

_BAR = 1000


class Text:
    """Words of the panel."""

    agree = "Download {size}"
    agree_plain = "Download"
    not_now = "Not now"
    cancel = "Cancel"
    again = "Try again"
    starting = "Connecting"
    kept = "What has arrived is kept; the next try goes on from there."


class DownloadPanel(QFrame):
    """agreed: download now. stopped: cancel what is running. left: not now."""

    agreed = Signal()
    stopped = Signal()
    left = Signal()

    def __init__(self, card: ModelCard, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card = card
        self._running = False
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setObjectName(f"model.licence_{card.id}")
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setObjectName(f"model.progress_{card.id}")
        self.bar.setAccessibleName(f"Download of {card.title}")
        self.go_button = QPushButton(self)
        self.go_button.setObjectName(f"model.download_{card.id}")
        self.go_button.setAccessibleName(f"{Text.agree_plain}: {card.title}")
        self.go_button.clicked.connect(self._go)
        self.back_button = StopButton("", "", self)
        self.back_button.setObjectName(f"model.cancel_{card.id}")
        self.back_button.setAccessibleName(f"{Text.not_now}: {card.title}")
        self.back_button.setProperty("role", "flat")
        self.back_button.clicked.connect(self._back)
        for button in (self.go_button, self.back_button):
            button.setCursor(Qt.CursorShape.ArrowCursor)
        deeds = QHBoxLayout()
        deeds.setSpacing(theme.S)
        deeds.addWidget(self.go_button)
        deeds.addWidget(self.back_button)
        deeds.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, 0)
        column.setSpacing(theme.S)
        column.addWidget(self.words)
        column.addWidget(self.bar)
        column.addLayout(deeds)
        self.hide()

    def ask(self) -> None:
        """Shows the licence and asks; the keyboard goes to the answer."""
        self._ask()
        self.go_button.setFocus()

    def _ask(self) -> None:
        size = messages.size(self._card.bytes) if self._card.bytes else ""
        self._show(licences.full(self._card), go=Text.agree.format(size=size) if size else Text.agree_plain)
        self._name_back(Text.not_now)

    def show_running(self, event: Progress | None) -> None:
        """The bar and how much has arrived."""
        self._running = True
        words = Text.starting
        if event is not None and event.total:
            words = messages.progress(event, stage="")
        self._show(words, bar=True)
        self._name_back(Text.cancel)
        self.bar.setRange(0, _BAR if event is not None and event.total else 0)
        if event is not None and event.total:
            self.bar.setValue(round(_BAR * event.done / event.total))

    def show_trouble(self, error: StudioError) -> None:
        self._running = False
        self._show(f"{error.what} {error.remedy}".strip(), go=Text.again, tone="bad")
        self._name_back(Text.not_now)

    def show_stopped(self) -> None:
        """After a cancel: what has arrived waits for the next try."""
        self._running = False
        self._ask()
        self.words.setText(f"{Text.kept} {licences.full(self._card)}")

    def _show(self, words: str, *, go: str = "", bar: bool = False, tone: str = "") -> None:
        self.words.setText(words)
        self.words.setProperty("tone", tone)
        self.words.style().unpolish(self.words)
        self.words.style().polish(self.words)
        self.bar.setVisible(bar)
        self.go_button.setVisible(bool(go))
        self.go_button.setText(go)
        self.go_button.setAccessibleName(f"{go}: {self._card.title}. {words}")
        self.show()

    def _name_back(self, words: str) -> None:
        self.back_button.setText(words)
        self.back_button.setAccessibleName(f"{words}: {self._card.title}")

    def _go(self) -> None:
        self.show_running(None)
        self.agreed.emit()

    def _back(self) -> None:
        if self._running:
            self.stopped.emit()
        else:
            self.left.emit()
