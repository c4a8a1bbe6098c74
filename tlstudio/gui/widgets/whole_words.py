"""The whole of words that a painted widget had to shorten, as its tooltip at their place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QHelpEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

_WATCHED = "whole_words"  # a property of the widgets that have shortened something


class _WholeWords(QObject):
    """Watches widgets that have shortened words. Where these stand it finds out when somebody asks, by painting once more."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.noted: list[tuple[QRect, str]] | None = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(watched, QWidget) and isinstance(event, QHelpEvent):
            words = self._at(watched, event)
            if words:
                QToolTip.showText(event.globalPos(), words, watched)
                return True
        return False

    def _at(self, widget: QWidget, event: QHelpEvent) -> str:
        self.noted = []
        try:
            picture = QPixmap(widget.size())
            widget.render(picture)
            return next((words for rect, words in self.noted if rect.contains(event.pos())), "")
        finally:
            self.noted = None


def note(painter: QPainter, rect: QRect, words: str) -> None:
    """These words did not fit there."""
    widget = painter.device()
    application = QApplication.instance()
    if not isinstance(widget, QWidget) or application is None:
        return
    watcher = application.findChild(_WholeWords) or _WholeWords(application)
    if watcher.noted is not None:
        watcher.noted.append((painter.transform().mapRect(rect), words))
    elif not widget.property(_WATCHED):
        widget.setProperty(_WATCHED, True)
        widget.installEventFilter(watcher)
