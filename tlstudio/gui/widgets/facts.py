"""A short list of captions and values, such as time left and speed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.gui import theme


class Facts(QWidget):
    """One row a fact: caption at the left, value at the right; a fact without a value is not shown."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.S)
        self._rows: dict[str, tuple[list[QWidget], QLabel, str]] = {}

    def add(self, key: str, caption: str, beside: QWidget | None = None) -> None:
        """`beside`: something after the caption, such as a help button."""
        label = QLabel(caption, self)
        label.setProperty("role", "muted")
        value = QLabel(self)
        value.setObjectName(f"{self._page}.{key}")
        value.setWordWrap(True)
        value.setTextFormat(Qt.TextFormat.PlainText)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setFont(theme.font(tabular=True))
        parts: list[QWidget] = [label, value]
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(label)
        if beside is not None:
            row.addWidget(beside)
            parts.append(beside)
        row.addSpacing(theme.S)
        row.addWidget(value, 1)
        self._column.addLayout(row)
        self._rows[key] = (parts, value, caption)
        self.set(key, "")

    def set(self, key: str, words: str) -> None:
        parts, value, caption = self._rows[key]
        value.setText(words)
        value.setAccessibleName(f"{caption}: {words}" if words else "")
        for part in parts:
            part.setVisible(bool(words))

    def value(self, key: str) -> str:
        return self._rows[key][1].text()

    def clear(self) -> None:
        for key in self._rows:
            self.set(key, "")
