"""The Labels page: every image under its class, and every way to give it another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ImageClass, ImageRow
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.job_bridge import error_text
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.pages.base import Page, named
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.labels.menu import image_menu
from tlstudio.gui.pages.labels.panel import ClassPanel
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.pages.wishes import take_images_wish
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.filter_bar import FilterBar
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing, labeling


class Text:
    """Words of the Labels page."""

    title = "Look at your labels"
    sentence = "Drag images onto another class, or select them and press the number of the class."
    waiting = "{images} have no class yet."
    grid = "Images by class. Space shows one in large, number keys give a class."
    primary = "Continue to check"
    hint = "Space shows the image in large."
    selected = "{count} selected. Press a class number, or drag them onto a class."
    no_match = "No image matches. Try another word, or show all images."
    undo, redo = "Undo", "Redo"
    not_empty = "“{name}” still has images. Move them to another class first."


class LabelsPage(Page):
    """Images in a grid by class, class buckets at the side, and an undo for every move."""

    key, title, sentence, icon = "labels", Text.title, Text.sentence, "labels"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows: dict[int, ImageRow] = {}
        self._classes: list[ImageClass] = []
        self._shown_project: Path | None = None
        self.store = ThumbnailStore(lambda content: Path(), self)
        self.filter_bar = FilterBar(self.key, self)
        self.grid = named(ThumbnailGrid(self.store, self), "labels.grid", Text.grid)
        self.grid.accepts_labels = True
        self.panel = ClassPanel(self)
        self.viewer = ImageViewer(self, "labels.viewer")
        self.relabeler = Relabeler(session, self)
        self.copies = ImageCopies(session, self)
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        frame = QFrame(self)
        frame.setProperty("role", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(theme.XS, theme.XS, theme.XS, theme.XS)
        self.grid.setFrameShape(QFrame.Shape.NoFrame)
        inside.addWidget(self.grid)
        row = QHBoxLayout()
        row.setSpacing(theme.L)
        row.addWidget(frame, 1)
        row.addWidget(self.panel)
        self.content.setSpacing(theme.M)
        self.content.addWidget(self.filter_bar)
        self.content.addLayout(row, 1)
        self.undo_button = self._footer_button("undo", Text.undo)
        self.redo_button = self._footer_button("redo", Text.redo)

    def _footer_button(self, name: str, words: str) -> QPushButton:
        button = named(QPushButton(words, self), f"labels.{name}", words)
        button.setProperty("role", "flat")
        icons.set_icon(button, name, "accent", 16)
        self.extra.addWidget(button)
        return button

    def _connect(self) -> None:
        self.filter_bar.changed.connect(self._show)
        self.filter_bar.edge_changed.connect(self.grid.set_edge)
        self.grid.dropped.connect(self._dropped)
        self.grid.digit.connect(self._digit)
        self.grid.look.connect(self._look)
        self.grid.chosen_changed.connect(self._update_footer)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu)
        self.panel.buckets.dropped.connect(self._dropped)
        self.panel.buckets.chosen.connect(self.grid.show_section)
        self.panel.buckets.apply_wanted.connect(lambda label: self.assign(self.grid.selected_ids(), label))
        self.panel.buckets.classes.rename_wanted.connect(self._rename)
        self.panel.add_wanted.connect(self._add_class)
        self.panel.remove_wanted.connect(self._remove_class)
        self.viewer.step.connect(self._step)
        self.viewer.digit.connect(self._digit)
        self.viewer.closed.connect(self.grid.setFocus)
        self.viewer.needs_copy.connect(self.copies.want)
        self.copies.arrived.connect(self.viewer.set_copy)
        self.relabeler.changed.connect(self._moved)
        self.relabeler.reloaded.connect(self._reloaded)
        self.undo_button.clicked.connect(self.relabeler.undo)
        self.redo_button.clicked.connect(self.relabeler.redo)
        for keys, deed in (
            (QKeySequence.StandardKey.Undo, self.relabeler.undo),
            (QKeySequence.StandardKey.Redo, self.relabeler.redo),
            (QKeySequence.StandardKey.Find, self.filter_bar.search.setFocus),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)
        self.session.project_changed.connect(self._forget)
        self.session.read_only.watch(self.undo_button, self.redo_button, *self.panel.deeds())

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

    def enter(self) -> None:
        if self.relabeler.telling:
            self._update_footer()
            return
        if self.session.project != self._shown_project:
            self._forget()
        self._load()
        wish = take_images_wish(self.session)
        if wish is not None:
            self.filter_bar.show_only(wish.title, wish.paths)
        if not self.grid.currentIndex().isValid() and self.grid.images.rowCount():
            self.grid.setFocus()

    def leave(self) -> None:
        self.viewer.close_viewer()

    def continue_clicked(self) -> None:
        self.session.go_to.emit("check")

    # --- showing ---------------------------------------------------------------

    def _forget(self) -> None:
        self.viewer.close_viewer()
        self._rows, self._classes = {}, []
        self.grid.set_rows([], None)
        self.filter_bar.clear()
        project = self._shown_project = self.session.project
        if project is not None:
            self.store.set_locate(lambda content: browsing.thumbnail(project, content))

    def _load(self) -> None:
        project = self.session.project
        if project is None:
            return
        try:
            self._rows = {row.id: row for row in browsing.images(project)}
            self._classes = browsing.classes(project)
        except StudioError as error:
            self.session.say.emit(error_text(error), "bad")
            return
        self.store.retry_missing()
        self._show_classes()
        self._show()

    def _show_classes(self) -> None:
        names = [c.name for c in self._classes]
        styles = ClassStyles(names)
        self.grid.set_styles(styles)
        self.panel.buckets.set_styles(styles)
        self.filter_bar.set_classes(names)

    def _show(self) -> None:
        wanted = self.filter_bar.filter()
        rows = [row for row in self._rows.values() if wanted.takes(row)]
        names: list[str] | None = [c.name for c in self._classes]
        if wanted.active:
            present = {row.label for row in rows}
            names = [c.name for c in self._classes if c.name in present] if rows else None
        self.grid.placeholder = Text.no_match if wanted.active else ""
        self.grid.set_rows(rows, names)
        self.filter_bar.set_shown(len(rows), len(self._rows))
        self._show_counts()

    def _show_counts(self) -> None:
        counts = Counter(row.label for row in self._rows.values())
        self._classes = [replace(c, count=counts.get(c.name, 0)) for c in self._classes]
        self.panel.buckets.classes.set_counts(self._classes, counts.get(None, 0))
        waiting = counts.get(None, 0)
        more = Text.waiting.format(images=messages.count(waiting, "image")) if waiting else ""
        self.set_sentence(f"{Text.sentence} {more}".strip())
        self._update_footer()

    def _update_footer(self) -> None:
        count = self.grid.selected_count()
        hint = Text.selected.format(count=messages.count(count, "image")) if count else Text.hint
        self.set_primary(Text.primary, hint=hint)
        self.undo_button.setEnabled(self.relabeler.can_undo())
        self.redo_button.setEnabled(self.relabeler.can_redo())

    # --- changing labels ---------------------------------------------------------

    def assign(self, ids: Sequence[int], label: str | None) -> None:
        """Gives images a class; None takes it away."""
        changed = [number for number in ids if number in self._rows and self._rows[number].label != label]
        self.relabeler.assign(changed, label)

    def _moved(self, ids: list[int], label: str | None) -> None:
        """Shows a change that was made here, then goes on to the next image, so that keys can label a whole row."""
        following = self.grid.image_after(set(ids))
        for number in ids:
            self._rows[number] = replace(self._rows[number], label=label)
        self._show()
        if following is None:
            self.viewer.close_viewer()
            return
        if self.viewer.image is not None:
            self._look(self._rows[following])
        self.grid.go_to_row(self.grid.images.index_of(following).row())

    def _reloaded(self) -> None:
        self._load()
        shown = self.viewer.image
        if shown is not None and shown.id in self._rows:
            self._look(self._rows[shown.id])

    def _digit(self, digit: str) -> None:
        label = ClassStyles([c.name for c in self._classes]).by_digit(digit)
        if label is None:
            return
        shown = self.viewer.image
        self.assign([shown.id] if shown is not None else self.grid.selected_ids(), label)

    def _dropped(self, ids: list[int], label: str | None) -> None:
        scroll = self.grid.verticalScrollBar().value()
        self.assign(ids, label)
        self.grid.verticalScrollBar().setValue(scroll)

    # --- classes ------------------------------------------------------------------

    def _add_class(self, name: str) -> None:
        if self.relabeler.change_classes(lambda project: labeling.add_class(project, name)):
            self.panel.name_edit.clear()
            self.panel.buckets.select_label(name)

    def _rename(self, old: str, new: str) -> None:
        if self.relabeler.change_classes(lambda project: labeling.rename_class(project, old, new)):
            self.panel.buckets.select_label(new)

    def _remove_class(self, name: str) -> None:
        if any(c.name == name and c.count for c in self._classes):
            self.session.toast.emit(Text.not_empty.format(name=name), "", None)
        else:
            self.relabeler.change_classes(lambda project: labeling.remove_class(project, name))

    # --- looking --------------------------------------------------------------------

    def _look(self, row: ImageRow) -> None:
        rows = self.grid.images.rowCount()
        place = self.grid.images.index_of(row.id).row()
        words = f"{messages.number(place + 1)} of {messages.number(rows)}" if place >= 0 else ""
        style = None if row.label is None else ClassStyles([c.name for c in self._classes])[row.label]
        preview = self.store.load_now(row.content, theme.THUMBNAILS[-1])
        self.viewer.show_image(row, style, preview, words)

    def _step(self, by: int) -> None:
        if self.viewer.image is None:
            return
        place = self.grid.images.index_of(self.viewer.image.id).row() + by
        if 0 <= place < self.grid.images.rowCount():
            self.grid.go_to_row(place)
            self._look(self.grid.images.image(place))

    def _menu(self, point: QPoint) -> None:
        ids, current = self.grid.selected_ids(), self.grid.current_image()
        if ids and current is not None:
            names = [c.name for c in self._classes]
            menu = image_menu(self, names, lambda: self._look(current), lambda label: self.assign(ids, label))
            menu.popup(self.grid.viewport().mapToGlobal(point))
