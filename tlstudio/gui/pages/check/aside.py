"""Findings that were set aside: one folded line at the end, each with its reason and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from tlstudio.domain.findings import Finding
from tlstudio.domain.wording import directed
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.check.discarding import Column
from tlstudio.gui.read_only import ReadOnly


class Text:
    """Words of the list."""

    aside = "{findings} set aside"
    again = "Count it again"
    reason = "Set aside: {reason}"


class AsideList(QWidget):
    """again_wanted: (Finding) it is to count again."""

    again_wanted = Signal(object)

    def __init__(self, read_only: ReadOnly) -> None:
        super().__init__()
        self._read_only = read_only
        self.toggle = named(QToolButton(), "check.aside", "")
        self.toggle.setCheckable(True)
        self.toggle.setProperty("fold", True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setMinimumHeight(theme.HIT)
        self.toggle.toggled.connect(self._open)
        self.list = QWidget()
        rows = QVBoxLayout(self.list)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(theme.S)
        self._rows: Column[QFrame] = Column(rows, read_only)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.S)
        column.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.list)
        self.show_findings(())

    def show_findings(self, findings: Sequence[Finding]) -> None:
        words = Text.aside.format(findings=messages.count(len(findings), "finding"))
        self.toggle.setText(words)
        self.toggle.setAccessibleName(words)
        self._rows.clear()
        for place, finding in enumerate(findings):
            self._rows.put(place, self._row(finding))
        self.setVisible(bool(findings))
        self._open(self.toggle.isChecked())

    def _row(self, finding: Finding) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "card")
        title, reason = QLabel(directed(finding.title)), QLabel(directed(Text.reason.format(reason=finding.reason)))
        reason.setProperty("role", "muted")
        words = QVBoxLayout()
        words.setSpacing(theme.XS)
        for label in (title, reason):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            words.addWidget(label)
        again = named(QPushButton(Text.again), f"check.again_{finding.kind}", f"{Text.again}: {finding.title}")
        again.clicked.connect(lambda: self.again_wanted.emit(finding))
        self._read_only.watch(again)
        row = QHBoxLayout(frame)
        row.setContentsMargins(theme.L, theme.M, theme.L, theme.M)
        row.setSpacing(theme.L)
        row.addLayout(words, 1)
        row.addWidget(again)
        return frame

    def _open(self, opened: bool) -> None:
        icons.set_icon(self.toggle, "chevron-down" if opened else "chevron-right", "muted", 16)
        self.list.setVisible(opened)
