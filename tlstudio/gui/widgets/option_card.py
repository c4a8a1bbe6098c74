"""A card of choices: a heading, help where it is needed, and a column for the controls."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tlstudio.gui import theme
from tlstudio.gui.widgets.help_bubble import HelpButton


def option_card(title: str, help_text: str = "", help_name: str = "") -> tuple[QFrame, QVBoxLayout]:
    """The card and the column to put controls into. help_name: the object name of the help button."""
    frame = QFrame()
    frame.setProperty("role", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(theme.L, theme.M, theme.L, theme.L)
    column.setSpacing(theme.S)
    head = QHBoxLayout()
    heading = QLabel(title)
    heading.setProperty("role", "card-title")
    heading.setMinimumHeight(theme.HIT)
    head.addWidget(heading)
    if help_text:
        head.addWidget(HelpButton(help_text, help_name, title, title))
    head.addStretch(1)
    column.addLayout(head)
    return frame, column


def caption(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label
