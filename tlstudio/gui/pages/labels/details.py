"""What is known of the image that is looked at: the suggestion, its marks, the note, and who did what to it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from tlstudio.domain.labels import Deed, Suggestion
from tlstudio.domain.values import ImageRow
from tlstudio.domain.wording import directed, isolated
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models.class_style import ClassStyle
from tlstudio.gui.pages.base import named
from tlstudio.gui.pages.labels import history_words
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.scrolling import clear, scroll_around
from tlstudio.gui.widgets.thumbnail_painter import suggested_chip

WIDTH = 264


class Text:
    """Words of the side panel."""

    panel = "About this image"
    suggested = "Suggested class"
    accept = "Accept (Return)"
    unsure, left_out = "Unsure (U)", "Left out (X)"
    unsure_tip = "Mark this image to look at it again"
    left_out_tip = "Leave this image out of training and figures; its file and label stay"
    note = "Note (N)"
    note_of = "Note about this image"
    history = "History"
    none = "Nothing was changed yet."


class ImageDetails(QFrame):
    """marked: the key of a mark whose button was pressed. noted: (image id, note). accepted: the suggestion is taken over.

    left: the note was written or given up; the keyboard belongs to the viewer again.
    """

    marked = Signal(str)
    noted = Signal(int, str)
    accepted = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "labels.details", Text.panel)
        self.setFixedWidth(WIDTH)
        self._image, self._note = 0, ""
        self.suggestion = _Suggested(self)
        self.accept_button = named(QPushButton(Text.accept, self), "labels.accept", Text.accept)
        self.accept_button.clicked.connect(self.accepted)
        self.unsure_button = self._mark_button("unsure", Text.unsure, Text.unsure_tip, "eye", "u")
        self.left_out_button = self._mark_button("left_out", Text.left_out, Text.left_out_tip, "left-out", "x")
        self.note_edit = named(_NoteLine(self), "labels.note_line", Text.note_of)
        self.note_edit.setPlaceholderText(Text.note)
        self.note_edit.returnPressed.connect(self._leave)
        self.note_edit.editingFinished.connect(self.write_down)
        self.note_edit.given_up.connect(self._give_up)
        title = QLabel(Text.history, self)
        title.setProperty("role", "card-title")
        inner = QWidget()
        self._lines = QVBoxLayout(inner)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(theme.S)
        marks = QHBoxLayout()
        marks.setSpacing(theme.S)
        marks.addWidget(self.unsure_button)
        marks.addWidget(self.left_out_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, theme.S, 0)
        column.setSpacing(theme.S)
        column.addWidget(self.suggestion)
        column.addWidget(self.accept_button)
        column.addLayout(marks)
        column.addWidget(self.note_edit)
        column.addSpacing(theme.S)
        column.addWidget(title)
        column.addWidget(scroll_around(inner), 1)

    def deeds(self) -> tuple[QWidget, ...]:
        """The controls that change something."""
        return self.accept_button, self.unsure_button, self.left_out_button, self.note_edit

    def show_image(
        self, row: ImageRow, suggestion: Suggestion | None, style: ClassStyle | None, history: Sequence[Deed]
    ) -> None:
        """`style`: the looks of the suggested class. A note that is being written about another image is kept first."""
        if row.id != self._image:
            self.write_down()
        self.suggestion.show_suggestion(suggestion, style)
        for widget in (self.suggestion, self.accept_button):
            widget.setVisible(suggestion is not None)
        for button, there in ((self.unsure_button, row.unsure), (self.left_out_button, row.excluded)):
            button.setChecked(there)
        self._image, self._note = row.id, row.note
        self.note_edit.setText(row.note)
        clear(self._lines)
        for deed in history:
            self._lines.addWidget(_line(history_words.what(deed), history_words.who_and_when(deed)))
        if not history:
            self._lines.addWidget(_line(Text.none, ""))
        self._lines.addStretch(1)

    def write_note(self) -> None:
        """Puts the cursor into the note."""
        self.note_edit.setFocus()
        self.note_edit.selectAll()

    def _mark_button(self, name: str, words: str, tip: str, icon: str, key: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", tip)
        button.setToolTip(tip)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys with the viewer
        icons.set_icon(button, icon, "text", 16)
        button.clicked.connect(lambda: self.marked.emit(key))
        return button

    def write_down(self) -> None:
        """Keeps the note as it stands in the line."""
        text = self.note_edit.text().strip()
        if text != self._note:
            self._note = text
            self.noted.emit(self._image, text)

    def _leave(self) -> None:
        self.write_down()
        self.left.emit()

    def _give_up(self) -> None:
        self.note_edit.setText(self._note)
        self.left.emit()


class _NoteLine(QLineEdit):
    """Escape gives up, instead of closing the viewer."""

    given_up = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
            event.accept()
            return
        super().keyPressEvent(event)
        event.accept()  # no key that was meant for the note may give a class


class _Suggested(QWidget):
    """The suggested class: hollow mark, name, confidence."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("labels.suggestion")
        self._suggestion: Suggestion | None = None
        self._style: ClassStyle | None = None
        self.setFixedHeight(theme.HIT + theme.L)

    def show_suggestion(self, suggestion: Suggestion | None, style: ClassStyle | None) -> None:
        self._suggestion, self._style = suggestion, style
        if suggestion is not None:
            words = f"{Text.suggested}: {isolated(suggestion.label)}, {messages.percent(suggestion.confidence)}"
            self.setAccessibleName(words)
            self.setToolTip(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, theme.HIT + theme.L)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._suggestion is None or self._style is None:
            return
        painter = QPainter(self)
        heading = QRect(0, 0, self.width(), theme.XL)
        paint.text(painter, heading, Text.suggested, theme.colour("muted"), size=theme.TEXT_SECONDARY)
        place = QRect(0, theme.XL, paint.CHIP, paint.CHIP)
        whole = suggested_chip(painter, place, self._style, messages.percent(self._suggestion.confidence))
        name = QRect(whole.right() + theme.S, theme.XL, self.width() - whole.right() - theme.S, paint.CHIP)
        paint.text(painter, name, self._suggestion.label, semibold=True)
        painter.end()


def _line(what: str, who: str) -> QWidget:
    line = QWidget()
    column = QVBoxLayout(line)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for words, role in ((what, ""), (who, "secondary")):
        if words:
            label = QLabel(directed(words))
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("role", role)
            column.addWidget(label)
    return line
