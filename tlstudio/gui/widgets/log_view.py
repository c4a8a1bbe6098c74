"""A log with the time of each line, and a button that copies it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.runs import LogLine
from tlstudio.gui import messages, theme
from tlstudio.gui.pages.base import named

MOST = 5000  # lines that are shown; the file keeps all


class Text:
    """Words of the log."""

    log = "Log"
    copy, copied = "Copy", "Copied"
    none = "No log was kept of this training."
    waiting = "What happens is written here, line by line."


class LogView(QWidget):
    """`add` a line, or `show_lines` at once. A day is named where it begins."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = named(QPlainTextEdit(), f"{name}_text", Text.log)
        self.text.setReadOnly(True)
        self.text.setMaximumBlockCount(MOST)
        self.text.setFont(theme.font(theme.TEXT_SECONDARY, tabular=True))
        self.text.setTabChangesFocus(True)
        self.copy_button = named(QPushButton(Text.copy), f"{name}_copy", f"{Text.copy}: {Text.log}")
        self.copy_button.clicked.connect(self._copy)
        self.done = named(QLabel(), f"{name}_copied", Text.copied)
        self.done.setProperty("role", "secondary")
        row = QHBoxLayout()
        row.addWidget(self.copy_button)
        row.addWidget(self.done)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.S, 0, theme.S)
        column.setSpacing(theme.S)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.clear()

    def clear(self, placeholder: str = Text.waiting) -> None:
        self.text.clear()
        self.text.setPlaceholderText(placeholder)
        self._day = ""
        self._changed()

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        """A log that was kept, from its beginning."""
        self.clear(Text.none)
        self.text.setPlainText("\n".join(words for line in lines for words in self._words(line)))
        self._changed()

    def add(self, line: LogLine) -> None:
        """Appends; the view follows unless the user has scrolled up."""
        for words in self._words(line):
            self.text.appendPlainText(words)
        self._changed()

    def _words(self, line: LogLine) -> list[str]:
        """`14:03:12  Finding the first result.`, with the day before it where that is another one."""
        day = messages.day(line.moment)
        before = [day] if day != self._day else []
        self._day = day
        return [*before, f"{datetime.fromtimestamp(line.moment):%H:%M:%S}  {line.text}"]

    def _changed(self) -> None:
        self.copy_button.setEnabled(bool(self.text.toPlainText()))
        self.done.setText("")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.done.setText(Text.copied)
