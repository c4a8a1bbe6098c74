"""A line to write a note in, right under the picture it is about."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from tlstudio.gui import theme

_WIDTH = 240


class Text:
    """Words of the note."""

    one = "Note about this image"
    many = "Note about {count} images"


class NoteEditor(QLineEdit):
    """Lies over the grid while a note is written. written: (image ids, text) on Return or when the focus goes elsewhere.

    closed: the note was written or given up.
    """

    written = Signal(object, str)
    closed = Signal()

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self._host = host
        self.setObjectName("labels.note")
        self.setAccessibleName(Text.one)
        self._ids: list[int] = []
        self._before = ""
        self.returnPressed.connect(self._write)
        self.hide()

    def open(self, ids: list[int], text: str, under: QRect) -> None:
        """Asks for a note on these images; `under`: the picture, in the host's coordinates."""
        self._ids, self._before = ids, text
        words = Text.one if len(ids) == 1 else Text.many.format(count=f"{len(ids):,}")
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setText(text)
        self.selectAll()
        room = self._host.size()
        width = min(max(_WIDTH, under.width()), room.width() - 2 * theme.S)
        left = min(max(theme.S, under.center().x() - width // 2), room.width() - width - theme.S)
        top = min(max(0, under.bottom() - theme.HIT), room.height() - theme.HIT - theme.S)
        self.setGeometry(left, top, width, theme.HIT)
        self.show()
        self.raise_()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._ids = []
            self._close()
            event.accept()
        else:
            super().keyPressEvent(event)
            event.accept()  # Return ends the note here; the grid below must not take it for its own

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self.isVisible() and event.reason() != Qt.FocusReason.PopupFocusReason:
            self._write()

    def _write(self) -> None:
        ids, self._ids = self._ids, []
        text = self.text().strip()
        self._close()
        if ids and text != self._before:
            self.written.emit(ids, text)

    def _close(self) -> None:
        if self.isVisible():
            self.hide()
            self.closed.emit()
