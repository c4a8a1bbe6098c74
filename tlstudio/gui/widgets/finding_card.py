"""One finding of the data check: what, how many, what it does to the result, a few examples, and a way to the images."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.widgets.example_strip import ExampleStrip
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore


class Text:
    """Words of a finding."""

    show = "Show these images"
    show_count = "Show {images}"
    severity: ClassVar[dict[Severity, tuple[str, str, str]]] = {
        Severity.HIGH: ("Look at this first", "bad", "bad"),
        Severity.MEDIUM: ("Worth a look", "caution", "caution"),
        Severity.LOW: ("Good to know", "info", "muted"),
    }


class FindingCard(QFrame):
    """show_wanted: the button. look: one of the examples was opened."""

    show_wanted = Signal(object)
    look = Signal(object)

    def __init__(self, finding: Finding, examples: list[ImageRow], store: ThumbnailStore, styles: ClassStyles) -> None:
        super().__init__()
        self.finding = finding
        self.setObjectName(f"check.finding_{finding.kind}")
        self.setAccessibleName(f"{finding.title}. {finding.harm}")
        self.setProperty("role", "card")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        row.setSpacing(theme.L)
        row.addLayout(self._words(), 1)
        self.strip = ExampleStrip(store, examples, styles, f"check.examples_{finding.kind}")
        self.strip.look.connect(self.look)
        self.strip.setVisible(bool(examples))
        row.addWidget(self.strip, 0, Qt.AlignmentFlag.AlignTop)

    def _words(self) -> QVBoxLayout:
        words, icon, tone = Text.severity[self.finding.severity]
        column = QVBoxLayout()
        column.setSpacing(theme.XS)
        head = QHBoxLayout()
        head.setSpacing(theme.S)
        mark = QLabel()
        icons.set_icon(mark, icon, tone, 16)
        severity = QLabel(words)
        severity.setProperty("tone", tone if tone != "muted" else "")
        severity.setProperty("role", "secondary" if tone == "muted" else "")
        head.addWidget(mark)
        head.addWidget(severity, 1)
        title = QLabel(self.finding.title)
        title.setProperty("role", "card-title")
        harm = QLabel(self.finding.harm)
        harm.setProperty("role", "muted")
        for label in (title, harm):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        column.addLayout(head)
        column.addWidget(title)
        column.addWidget(harm)
        column.addStretch(1)
        if self.finding.files:
            column.addSpacing(theme.S)
            column.addWidget(self._button(), 0, Qt.AlignmentFlag.AlignLeft)
        return column

    def _button(self) -> QPushButton:
        files = messages.count(len(set(self.finding.files)), "image")
        self.show_button = QPushButton(Text.show_count.format(images=files))
        self.show_button.setObjectName(f"check.show_{self.finding.kind}")
        self.show_button.setAccessibleName(f"{Text.show}: {self.finding.title}")
        self.show_button.clicked.connect(lambda: self.show_wanted.emit(self.finding))
        return self.show_button
