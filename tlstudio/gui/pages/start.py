"""The first page: open images, use a model, try the sample, or go on with a recent project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from tlstudio.gui import dropping, icons, theme
from tlstudio.gui.dropping import Kind
from tlstudio.gui.later import later
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.cards import ActionCard
from tlstudio.gui.widgets.drop_area import DropArea
from tlstudio.storage import places

if TYPE_CHECKING:
    from tlstudio.domain.values import ProjectSummary
    from tlstudio.gui.widgets.project_card import ProjectCard

RECENT_WIDTH = 380
BLINK = 0.02  # seconds in which recent projects are read before the window has its turn again


class StartPage(Page):
    """Shows nothing that takes time before the window is painted: recent projects are read right after."""

    class Text:
        DROP = "Drop a folder of images here"
        DROP_MORE = "One sub-folder per class, for example “good” and “scratched”. Your files are never changed."
        OPEN = "Open a folder of images"
        USE = "Use a model"
        USE_MORE = "Let a finished model look at new images. No project is needed."
        SAMPLE = "Try the sample"
        SAMPLE_MORE = "Metal surfaces with five kinds of defects, drawn by the program. Ready to train."
        SAMPLE_MAKING = "Making the sample"
        SAMPLE_WAIT = "This takes a few seconds. It opens by itself."
        RECENT = "Recent projects"
        NONE_YET = "No projects yet"
        NONE_YET_MORE = "What you open appears here with its pictures and its best result."

    key = "start"
    title = "Teach your computer to sort your images"
    sentence = "Nothing leaves this computer. Begin with a folder of images, or go on where you stopped."
    icon = "start"
    help = (
        "A project holds your labels and results; the images stay where they are.\n\n"
        "Open a folder that has one sub-folder per class. The program shows what it found before anything is imported. "
        "You can also drop a folder, a project or a model file anywhere on this window."
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._painted = False
        self.set_primary("")
        row = QHBoxLayout()
        row.setSpacing(theme.XL)
        row.addLayout(self._deeds(), 1)
        row.addLayout(self._recent())
        self.content.addLayout(row, 1)
        self._cards: list[ProjectCard] = []
        self._found: Iterator[ProjectSummary] = iter(())

    def _deeds(self) -> QVBoxLayout:
        text = self.Text
        self.drop = DropArea(
            "start.drop",
            "folder-open",
            (text.DROP, text.DROP_MORE),
            (Kind.FOLDER, Kind.SOURCE, Kind.PROJECT, Kind.BUNDLE),
        )
        self.drop.dropped.connect(self._dropped)
        self.open_button = self.drop.add_button(named(QPushButton(text.OPEN), "start.open", text.OPEN))
        self.open_button.setProperty("role", "primary")
        self.open_button.clicked.connect(self.session.choose_wanted)
        self.use_card = ActionCard("start.use", "use", text.USE, text.USE_MORE)
        self.use_card.clicked.connect(lambda: self.session.go_to.emit("use"))
        self.sample_card = ActionCard("start.sample", "sample", text.SAMPLE, text.SAMPLE_MORE)
        self.sample_card.clicked.connect(self._make_sample)
        column = QVBoxLayout()
        column.setSpacing(theme.L)
        column.addWidget(self.drop, 1)
        cards = QHBoxLayout()
        cards.setSpacing(theme.L)
        cards.addWidget(self.use_card, 1)
        cards.addWidget(self.sample_card, 1)
        column.addLayout(cards)
        return column

    def _recent(self) -> QVBoxLayout:
        heading = named(QLabel(self.Text.RECENT), "start.recent_heading", self.Text.RECENT)
        heading.setProperty("role", "card-title")
        self._list = QWidget()
        self._list.setProperty("role", "scrolled")
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(theme.M)
        self._rows.addStretch(1)
        self._scroll = named(QScrollArea(), "start.recent", self.Text.RECENT)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setFixedWidth(RECENT_WIDTH)
        self._scroll.setWidget(self._list)
        self._scroll.hide()
        self._empty = self._no_projects()
        column = QVBoxLayout()
        column.setSpacing(theme.M)
        column.addWidget(heading)
        column.addWidget(self._scroll, 1)
        column.addWidget(self._empty, 1)
        return column

    def _no_projects(self) -> QFrame:
        frame = named(QFrame(), "start.no_projects", self.Text.NONE_YET)
        frame.setProperty("role", "card")
        frame.setFixedWidth(RECENT_WIDTH)
        mark = QLabel()
        icons.set_icon(mark, "project", "border", 32)
        title, more = QLabel(self.Text.NONE_YET), QLabel(self.Text.NONE_YET_MORE)
        title.setProperty("role", "strong")
        more.setProperty("role", "muted")
        more.setWordWrap(True)
        more.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(frame)
        column.setContentsMargins(theme.XXL, theme.XL, theme.XXL, theme.XL)
        column.setSpacing(theme.S)
        column.addStretch(1)
        column.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(more)
        column.addStretch(1)
        return frame

    def enter(self) -> None:
        if self._painted:
            self.load_recent()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            later(self, self.load_recent)

    def load_recent(self) -> None:
        """Reads the recent projects and shows them as cards, newest first."""
        # Imported here, like everything that the first picture of the window does not need.
        from tlstudio.workflow import projects

        for card in self._cards:
            self._rows.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = []
        self._load_more(projects.recent_projects())

    def _load_more(self, found: Iterator[ProjectSummary]) -> None:
        """Shows what can be read in a blink, and goes on in the window's next turn."""
        self._found = found
        until = time.monotonic() + BLINK
        while time.monotonic() < until:
            summary = next(found, None)
            if summary is None:
                break
            self._cards.append(self._card(summary))
            self._rows.insertWidget(len(self._cards) - 1, self._cards[-1])
        else:
            later(self, lambda: self._load_more(found) if self._found is found else None)
        self._scroll.setVisible(bool(self._cards))
        self._empty.setVisible(not self._cards)

    def _card(self, summary: ProjectSummary) -> ProjectCard:
        from tlstudio.gui.widgets.project_card import ProjectCard

        card = ProjectCard(summary)
        card.opened.connect(self.session.open_project)
        card.forgotten.connect(self._forget)
        card.backups_wanted.connect(self.session.backups_wanted)
        return card

    def _forget(self, folder: Path) -> None:
        from tlstudio.domain.errors import StudioError
        from tlstudio.workflow import projects

        try:
            projects.forget_project(folder)
        except StudioError as error:
            self.session.tell(error)
        later(self, self.load_recent)

    def _dropped(self, dropped: dropping.Dropped) -> None:
        # After the drop: the other program's drag must not wait for our work.
        later(self, lambda: self.session.open_wanted.emit(dropped.path))

    def _make_sample(self) -> None:
        folder = places.documents_dir() / "Metal surfaces (sample)"
        if (folder / dropping.PROJECT_FILE).is_file():
            self.session.open_project(folder)
            return
        self._sample_busy(True)
        job = self.session.bridge.submit("make_sample", self.Text.SAMPLE_MAKING, folder=folder)
        job.finished.connect(self._sample_ready)
        job.failed.connect(self.session.tell)
        job.ended.connect(lambda: self._sample_busy(False))

    def _sample_busy(self, busy: bool) -> None:
        self.sample_card.setEnabled(not busy)
        if busy:
            self.sample_card.say(self.Text.SAMPLE_MAKING, self.Text.SAMPLE_WAIT)
        else:
            self.sample_card.say(self.Text.SAMPLE, self.Text.SAMPLE_MORE)

    def _sample_ready(self, folder: Path) -> None:
        self.session.open_project(folder)
