"""The line that asks why a finding may be ignored, in its card."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from tlstudio.gui import theme
from tlstudio.gui.pages.base import named


class Text:
    """Words of the line."""

    ask = "Why may this be ignored? Such as “checked with Dr. Lee, all of them are right”"
    ignore = "Ignore"
    cancel = "Cancel"


class ReasonLine(QWidget):
    """Hidden until `open`. given: (reason) never empty. closed: without a reason."""

    given = Signal(str)
    closed = Signal()

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.line = named(QLineEdit(), f"check.reason_{kind}", Text.ask)
        self.line.setPlaceholderText(Text.ask)
        self.accept = named(QPushButton(Text.ignore), f"check.reason_ok_{kind}", Text.ignore)
        cancel = named(QPushButton(Text.cancel), f"check.reason_cancel_{kind}", Text.cancel)
        cancel.setProperty("role", "flat")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        row.addWidget(self.line, 1)
        row.addWidget(self.accept)
        row.addWidget(cancel)
        self.line.textChanged.connect(lambda _: self.accept.setEnabled(bool(self._reason())))
        self.line.returnPressed.connect(self._give)
        self.accept.clicked.connect(self._give)
        cancel.clicked.connect(self._close)
        self.accept.setEnabled(False)
        self.hide()

    def open(self) -> None:
        self.show()
        self.line.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        else:
            super().keyPressEvent(event)

    def _reason(self) -> str:
        return self.line.text().strip()

    def _give(self) -> None:
        if self._reason():
            self.given.emit(self._reason())

    def _close(self) -> None:
        self.hide()
        self.line.clear()
        self.closed.emit()
