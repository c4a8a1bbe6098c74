"""A recent project on the start page: what it is about at a glance."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QContextMenuEvent, QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout

from tlstudio.domain.values import ProjectSummary
from tlstudio.gui import icons, theme
from tlstudio.gui.messages import accuracy, ago, count, place
from tlstudio.gui.pages.base import named
from tlstudio.gui.widgets.cards import CardButton
from tlstudio.gui.widgets.thumbnail_strip import ThumbnailStrip

THUMBNAIL = 56


class Text:
    CLASSES = "class", "classes"
    BEST = "Best result {}"
    NOT_TRAINED = "Not trained yet"
    OPENED = "opened {}"
    MORE = "More for {}"
    OPEN = "Open"
    SHOW_FOLDER = "Show the folder"
    BACKUPS = "Backups…"
    BACKUPS_HELP = "A backup can take its place"
    FORGET = "Remove from this list"


class ProjectCard(CardButton):
    """Name, four pictures, how many images and classes, best result, when it was opened."""

    opened = Signal(object)
    forgotten = Signal(object)
    backups_wanted = Signal(object)

    def __init__(self, summary: ProjectSummary) -> None:
        words = self._words(summary)
        super().__init__("start.project", f"{summary.name}. {words[0]}. {words[1]}")
        self.summary = summary
        self.setToolTip(f"{summary.name}\n{place(summary.folder)}")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.L, theme.S, theme.S, theme.L)
        column.setSpacing(theme.XS)
        head = QHBoxLayout()
        head.addWidget(self.label(summary.name, "card-title", elided=True), 1)
        head.addWidget(self._more_button())
        column.addLayout(head)
        if summary.thumbnails:
            strip = ThumbnailStrip(THUMBNAIL, 4)
            strip.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            strip.show_paths(summary.thumbnails)
            column.addWidget(strip)
            column.addSpacing(theme.XS)
        column.addWidget(self.label(words[0], "secondary", elided=True))
        column.addWidget(self.label(words[1], "secondary", elided=True))
        self.clicked.connect(lambda: self.opened.emit(self.summary.folder))

    @staticmethod
    def _words(summary: ProjectSummary) -> tuple[str, str]:
        opened = Text.OPENED.format(ago(summary.opened_at))
        if summary.trouble:
            return summary.trouble, f"{Text.BACKUPS_HELP} · {opened}"
        classes = sum(each.count > 0 for each in summary.classes)
        amounts = f"{count(classes, *Text.CLASSES)} · {count(summary.images, 'image')}"
        best = Text.BEST.format(accuracy(summary.best_accuracy)) if summary.best_accuracy else Text.NOT_TRAINED
        return amounts, f"{best} · {opened}"

    def _more_button(self) -> QToolButton:
        text = Text.MORE.format(self.summary.name)
        self.more = named(QToolButton(), "start.project_more", text)
        self.more.setToolTip(text)
        self.more.setFixedSize(theme.HIT, theme.HIT)
        icons.set_icon(self.more, "more", "muted")
        self.more.clicked.connect(lambda: self._menu(self.more.mapToGlobal(QPoint(0, self.more.height()))))
        return self.more

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() is QContextMenuEvent.Reason.Keyboard
        self._menu(self.mapToGlobal(self.rect().center()) if keyboard else event.globalPos())

    def _menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setObjectName("start.project_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(Text.OPEN, lambda: self.opened.emit(self.summary.folder))
        menu.addAction(Text.SHOW_FOLDER, self._show_folder)
        menu.addAction(Text.BACKUPS, lambda: self.backups_wanted.emit(self.summary.folder))
        menu.addSeparator()
        menu.addAction(Text.FORGET, lambda: self.forgotten.emit(self.summary.folder))
        menu.popup(where)

    def _show_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.summary.folder)))
