"""The Labels page: every image under its class, and every way to give it another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton, QStackedWidget

from tlstudio.domain.findings import CheckResult
from tlstudio.gui import icons, messages
from tlstudio.gui.job_bridge import Job
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.labels.class_deeds import ClassDeeds
from tlstudio.gui.pages.labels.compare import CompareView
from tlstudio.gui.pages.labels.comparing import Comparing
from tlstudio.gui.pages.labels.file_drops import FileDrops
from tlstudio.gui.pages.labels.file_drops import Text as DropText
from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.pages.labels.images_part import ImagesPart
from tlstudio.gui.pages.labels.labeler import Labeler
from tlstudio.gui.pages.labels.looking import Looking
from tlstudio.gui.pages.labels.panel import Text as PanelText
from tlstudio.gui.pages.labels.suggest_bar import Text as SuggestText
from tlstudio.gui.pages.labels.suggesting import Suggesting
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.pages.wishes import take_images_wish
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

CHECK, SUSPECT = "check", "label_suspect"  # the task, and the kind of its finding that doubts labels


class Text:
    """Words of the Labels page."""

    title = "Look at your labels"
    sentence = "Drag images onto another class, or select them and press the number of the class."
    waiting = "{images} have no class yet."
    grid = (
        "Images by class. Space shows one in large, number keys give a class, U marks as unsure, X leaves out, N notes."
    )
    primary = "Continue to check"
    hint = "Space shows the image in large."
    selected = "{count} selected. Press a class number, or drag them onto a class."
    undo, redo = "Undo", "Redo"
    comparing = "Two people, the same images: see where you differ, and settle it image by image."
    comparing_hint = "M keeps your label, T takes theirs, U marks the image as unsure."
    help = (
        "Arrow keys move, Shift selects, Ctrl+A takes all. A number gives the class of that number and goes on. Return accepts a"
        " suggestion. U marks an image as unsure, X leaves it out or takes it back, N writes a note, Space shows it in large with"
        " its history. Ctrl+Z takes anything back, also after a restart."
    )


class LabelsPage(Page):
    """Images in a grid by class, class buckets at the side, and an undo for every move. Its parts are in files of their own."""

    key, title, sentence, icon, help = "labels", Text.title, Text.sentence, "labels", Text.help

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._opening = 0
        self.store = ThumbnailStore(lambda content: Path(), self)
        part = self.images_part = ImagesPart(self.store, self)
        self.filter_bar, self.grid, self.panel = part.filter_bar, part.grid, part.panel
        self.suggest_bar, self.message, self.note_editor = part.suggest_bar, part.message, part.note_editor
        self.comparison = CompareView(self.store, self)
        self.viewer = ImageViewer(self, "labels.viewer")
        self.copies = ImageCopies(session, self)
        self.relabeler = Relabeler(session, self)
        self.gallery = Gallery(session, self.filter_bar, self.grid, self.store)
        self.suggesting = Suggesting(session, self.suggest_bar, self.gallery)
        self.looking = Looking(session, self.gallery, self.grid, self.viewer, store=self.store, copies=self.copies)
        self.labeler = Labeler(self.gallery, self.grid, self.looking, self.relabeler, self.note_editor)
        self.comparing = Comparing(session, self.comparison, self.relabeler, copies=self.copies, store=self.store)
        self.file_drops = FileDrops(session, self.message)
        self.class_deeds = ClassDeeds(session, self.panel, self.gallery, self.relabeler)
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.images_part)
        self.stack.addWidget(self.comparison)
        self.content.addWidget(self.stack, 1)
        self.undo_button = self._footer_button("undo", Text.undo)
        self.redo_button = self._footer_button("redo", Text.redo)
        self.images_part.keys_from(self.undo_button, self.redo_button, self.primary)

    def _footer_button(self, name: str, words: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", words)
        button.setProperty("role", "flat")
        icons.set_icon(button, name, "accent", 16)
        self.extra.addWidget(button)
        return button

    def _connect(self) -> None:
        buckets = self.panel.buckets
        self.gallery.shown.connect(self._show_counts)
        self.grid.chosen_changed.connect(self._update_footer)
        buckets.dropped.connect(self.labeler.drop)
        buckets.files_dropped.connect(self._files_dropped)
        buckets.chosen.connect(self.grid.show_section)
        buckets.apply_wanted.connect(lambda label: self.assign(self.grid.selected_ids(), label))
        self.panel.compare_wanted.connect(self.comparing.open)
        self.comparing.opened.connect(lambda: self._show_part(1))
        self.comparing.closed.connect(lambda: self._show_part(0))
        self.file_drops.assign_wanted.connect(self.assign)
        self.images_part.dropped_beside.connect(lambda: self.session.toast.emit(DropText.where, "", None))
        self.file_drops.imported.connect(self.session.refresh)
        self.suggesting.done.connect(self._to_suggestions)
        self.relabeler.edited.connect(lambda _: self.suggesting.update())
        self.relabeler.query = self.filter_bar.filter
        self.relabeler.arrived.connect(self.gallery.expect)
        self.session.project_changed.connect(self._forget_if_new)
        self.session.bridge.job_started.connect(self._watch_check)
        self.undo_button.clicked.connect(self.relabeler.undo)
        self.redo_button.clicked.connect(self.relabeler.redo)
        for sequence, deed in (
            (QKeySequence.StandardKey.Undo, self.relabeler.undo),
            (QKeySequence.StandardKey.Redo, self.relabeler.redo),
            (QKeySequence.StandardKey.Find, self.filter_bar.search.setFocus),
        ):
            shortcut = QShortcut(sequence, self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)
        self.panel.changing = self.session.read_only.grey
        self.session.read_only.watch(
            self.undo_button,
            self.redo_button,
            self.suggest_bar.button,
            *self.panel.deeds(),
            *self.looking.details.deeds(),
            *self.comparison.detail.deeds(),
        )

    # --- the frame's questions ------------------------------------------------

    def blocked(self) -> str:
        summary = self.session.summary
        if summary is None:
            return messages.Text.NO_PROJECT
        return "" if summary.images else messages.Text.NO_IMAGES

    def done(self) -> bool:
        summary = self.session.summary
        if summary is None:
            return False
        return summary.unlabeled == 0 and sum(c.count > 0 for c in summary.classes) >= 2

    def waiting(self) -> int:
        return 0 if self.session.summary is None else self.session.summary.unlabeled

    def commands(self) -> list[QAction]:
        found = []
        for words, deed in ((SuggestText.button, self.suggesting.start), (PanelText.compare, self.comparing.open)):
            action = QAction(words, self)
            action.triggered.connect(lambda _=False, do=deed: do())
            found.append(action)
        self.session.read_only.grey(found[0])
        return found

    def enter(self) -> None:
        if self.relabeler.telling:
            self._update_footer()
            return
        self._forget_if_new()
        self.gallery.load()
        wish = take_images_wish(self.session)
        if wish is not None:
            self._show_part(0)
            self.gallery.show_only(wish.title, wish.paths)
        if not self.grid.currentIndex().isValid() and self.grid.images.rowCount():
            self.grid.setFocus()

    def leave(self) -> None:
        self.viewer.close_viewer()

    def continue_clicked(self) -> None:
        self.session.go_to.emit("check")

    # --- showing ---------------------------------------------------------------

    def _forget_if_new(self) -> None:
        """Another project was opened, or the same one anew; whether the page is entered first or hears of it."""
        if self.session.openings == self._opening:
            return
        self._opening = self.session.openings
        self.viewer.close_viewer()
        self.message.hide()
        self.panel.question.hide()
        self._show_part(0)
        self.comparing.forget()
        self.suggesting.forget()
        self.gallery.forget()

    def _show_part(self, number: int) -> None:
        """The images, or the comparison with another person."""
        changed = self.stack.currentIndex() != number
        self.stack.setCurrentIndex(number)
        if changed and number == 0 and self.session.project is not None:
            self.gallery.show()
            self.grid.setFocus()
        elif number == 1:
            self.set_sentence(Text.comparing)
            self._update_footer()

    def _show_counts(self) -> None:
        self.panel.buckets.set_styles(self.gallery.styles)
        self.panel.buckets.classes.set_counts(self.gallery.classes, self.gallery.unlabeled)
        if self.stack.currentIndex() == 1:
            return
        waiting = self.gallery.unlabeled
        more = Text.waiting.format(images=messages.count(waiting, "image")) if waiting else ""
        self.set_sentence(f"{Text.sentence} {more}".strip())
        self._update_footer()

    def _update_footer(self) -> None:
        count = self.grid.selected_count()
        hint = Text.selected.format(count=messages.count(count, "image")) if count else Text.hint
        if self.stack.currentIndex() == 1:
            hint = Text.comparing_hint
        self.set_primary(Text.primary, hint=hint)
        self.undo_button.setEnabled(self.relabeler.can_undo())
        self.redo_button.setEnabled(self.relabeler.can_redo())

    def _to_suggestions(self) -> None:
        self.grid.show_section(None)
        self.grid.go_to_row(0)
        if self.stack.currentIndex() == 0 and self.viewer.image is None and self.session.project is not None:
            self.grid.setFocus()

    def _watch_check(self, job: Job) -> None:
        """The labels that the data check doubts can be chosen in the filter."""
        if job.task == CHECK:
            job.finished.connect(lambda result: self._checked(job, result))

    def _checked(self, job: Job, result: CheckResult) -> None:
        if job.arguments.get("project") == self.session.project:
            self.gallery.suspect([file for f in result.findings if f.kind == SUSPECT for file in f.files])

    # --- deeds that come from several places -------------------------------------------

    def assign(self, ids: Sequence[int], label: str | None) -> None:
        """Gives images a class; None takes it away."""
        self.labeler.assign(ids, label)

    def _files_dropped(self, paths: list[Path], label: str | None) -> None:
        self.panel.drop_hint.hide()
        self.file_drops.drop(paths, label)
