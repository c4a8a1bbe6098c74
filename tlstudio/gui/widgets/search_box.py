"""A line to search with, that can be emptied with one click."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget


class Text:
    """Words of the search box."""

    clear = "Empty the search"


_LEAST = 120


class SearchBox(QLineEdit):
    """Says what it searches in its placeholder; Qt's own clear button gets a name for screen readers and tests."""

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setPlaceholderText(words)
        self.setToolTip(words)
        self.setMinimumWidth(_LEAST)
        self.setClearButtonEnabled(True)
        button = self.findChild(QToolButton)
        if button is not None:
            button.setObjectName(f"{name}_clear")
            button.setAccessibleName(Text.clear)
