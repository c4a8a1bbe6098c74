"""One finding: what, how many, what it does to the result, a few examples, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.findings import FIND, Finding, Repair, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.domain.wording import directed
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.check.examples import Examples
from tlstudio.gui.pages.check.reason import ReasonLine
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

WORDS = 360  # the least width that a card's words take


class Text:
    """Words of a finding."""

    show = "Show all"
    show_count = "Show {images}"
    ignore = "Ignore …"
    no_class = "No class yet"
    doubt = "{note}?"
    severity: ClassVar[dict[Severity, tuple[str, str, str]]] = {
        Severity.HIGH: ("Look at this first", "bad", "bad"),
        Severity.MEDIUM: ("Worth a look", "caution", "caution"),
        Severity.LOW: ("Good to know", "info", "muted"),
    }
    repair: ClassVar[dict[Repair, str]] = {
        Repair.LEAVE_COPIES_OUT: "Leave copies out",
        Repair.LEAVE_OUT: "Leave out",
        Repair.KEEP_TOGETHER: "Keep together",
        Repair.REGROUP: "Keep each group together",
        Repair.MERGE_CLASSES: "Merge them",
        Repair.LOOK_AGAIN: "Mark to look again",
        Repair.TAKE_NEW: "Take the new images",
    }
    pages: ClassVar[dict[str, str]] = {
        "images": "Go to Images",
        "labels": "Go to Labels",
        "model": "Go to Model",
        FIND: "Find the images …",
    }


def caption(finding: Finding) -> Callable[[ImageRow], str] | None:
    """What stands below an example: that in which the images of a set differ, or what is doubted."""
    if finding.notes:
        notes = dict(zip(finding.files, finding.notes, strict=True))
        words = Text.doubt if finding.kind == "label_suspect" else "{note}"
        return lambda row: words.format(note=directed(notes.get(str(row.path), "")))
    if finding.kind == "conflicting_labels":
        return lambda row: row.label or Text.no_class
    return (lambda row: row.split.caption) if finding.sets else None


class FindingCard(QFrame):
    """repair_wanted, show_wanted: (Finding) its buttons. ignore_wanted: (Finding, reason). page_wanted: (key of a page).
    look: (ImageRow) one of the examples was opened.

    sets: examples that belong together, or single images in sets of one. watch: told the controls that change the project.
    """

    repair_wanted = Signal(object)
    show_wanted = Signal(object)
    ignore_wanted = Signal(object, str)
    page_wanted = Signal(str)
    look = Signal(object)

    def __init__(
        self,
        finding: Finding,
        sets: Sequence[Sequence[ImageRow]],
        store: ThumbnailStore,
        styles: ClassStyles,
        watch: Callable[..., None] = lambda *controls: None,
    ) -> None:
        super().__init__()
        self.finding = finding
        named(self, f"check.finding_{finding.kind}", f"{finding.title}. {finding.harm}")
        self.setProperty("role", "card")
        self.examples = Examples(store, sets, styles, f"check.examples_{finding.kind}", caption(finding))
        self.examples.look.connect(self.look)
        self.examples.setVisible(bool(sets))
        self.reason = ReasonLine(finding.kind)
        left = self._words()
        left.addSpacing(theme.M)
        left.addWidget(self._deeds(watch))
        row = QHBoxLayout()
        row.setSpacing(theme.XL)
        row.addLayout(left, 1)
        row.addWidget(self.examples, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.L, theme.L, theme.L)
        column.setSpacing(theme.M)
        column.addLayout(row)
        column.addWidget(self.reason)
        self.reason.given.connect(lambda text: self.ignore_wanted.emit(self.finding, text))
        self.reason.closed.connect(self._end_reason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Of pairs as many are shown as leave room for the words."""
        super().resizeEvent(event)
        self.examples.fit(self.width() - WORDS - 2 * theme.L - theme.XL)

    # --- parts -------------------------------------------------------------------

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
        column.addLayout(head)
        for text, role in (
            (self.finding.title, "card-title"),
            (self.finding.harm, "muted"),
            (self.finding.advice, ""),
        ):
            if text:
                label = QLabel(directed(text))
                label.setProperty("role", role)
                label.setWordWrap(True)
                label.setTextFormat(Qt.TextFormat.PlainText)
                column.addWidget(label)
        column.addStretch(1)
        return column

    def _deeds(self, watch: Callable[..., None]) -> QWidget:
        kind, title = self.finding.kind, self.finding.title
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.S)
        if self.finding.repair is not None:
            words = Text.repair[self.finding.repair]
            repair = self._button(words, f"check.repair_{kind}", f"{words}: {title}")
            repair.clicked.connect(lambda: self.repair_wanted.emit(self.finding))
            watch(repair)
            row.addWidget(repair)
        if self.finding.page in Text.pages:
            words = Text.pages[self.finding.page]
            page = self._button(words, f"check.page_{kind}", f"{words}: {title}", flat=self.finding.repair is not None)
            page.clicked.connect(lambda: self.page_wanted.emit(self.finding.page))
            if self.finding.page == FIND:
                watch(page)
            row.addWidget(page)
        if self.examples.sets():
            files = messages.count(len(set(self.finding.files)), "image")
            words = Text.show_count.format(images=files)
            show = self._button(words, f"check.show_{kind}", f"{Text.show}: {title}", flat=True)
            show.clicked.connect(lambda: self.show_wanted.emit(self.finding))
            row.addWidget(show)
        self.ignore = self._button(Text.ignore, f"check.ignore_{kind}", f"{Text.ignore} {title}", flat=True)
        self.ignore.clicked.connect(self._ask_reason)
        watch(self.ignore)
        row.addWidget(self.ignore)
        row.addStretch(1)
        return inner

    def _button(self, words: str, name: str, accessible: str, *, flat: bool = False) -> QPushButton:
        button = named(QPushButton(words), name, accessible)
        if flat:
            button.setProperty("role", "flat")
        return button

    # --- the reason ----------------------------------------------------------------

    def _ask_reason(self) -> None:
        self.ignore.hide()
        self.reason.open()

    def _end_reason(self) -> None:
        self.ignore.show()
        self.ignore.setFocus()
