"""What the user does to images, by key, drag, menu or button: on what is selected, or on the image that is looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QObject, QPoint, Qt

from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.pages.labels.looking import Looking
from tlstudio.gui.pages.labels.marks import NOTE, Marking
from tlstudio.gui.pages.labels.menu import ImageDeeds, image_menu
from tlstudio.gui.pages.labels.note_editor import NoteEditor
from tlstudio.gui.pages.relabel import Relabeler
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid


class Labeler(QObject):
    """Turns wishes into changes, and goes on to the next image, so that keys can label a whole row."""

    def __init__(
        self, gallery: Gallery, grid: ThumbnailGrid, looking: Looking, relabeler: Relabeler, note_editor: NoteEditor
    ) -> None:
        super().__init__(grid)
        self._gallery, self._grid, self._looking, self._relabeler = gallery, grid, looking, relabeler
        self._note_editor = note_editor
        self._marking = Marking(relabeler)
        grid.dropped.connect(self.drop)
        grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        grid.customContextMenuRequested.connect(self._menu)
        for keys in (grid, looking.viewer):
            keys.digit.connect(self._digit)
            keys.mark.connect(self.mark)
            keys.accept.connect(self.accept)
        note_editor.written.connect(self._marking.note)
        note_editor.closed.connect(grid.setFocus)
        looking.details.marked.connect(self.mark)
        looking.details.accepted.connect(self.accept)
        looking.details.noted.connect(lambda image, words: self._marking.note([image], words))
        relabeler.changed.connect(lambda ids, _: self._go_on(ids))
        relabeler.edited.connect(lambda _: self._edited())
        relabeler.reloaded.connect(self._reloaded)
        relabeler.turned.connect(self._show_again)

    def targets(self) -> list[int]:
        """The image that is looked at, or else those that are selected."""
        shown = self._looking.viewer.image
        return [shown.id] if shown is not None else self._grid.selected_ids()

    def current(self) -> Entry | None:
        shown = self._looking.viewer.image
        if shown is None:
            return self._grid.current_entry()
        return self._gallery.entry(shown.id)

    # --- deeds ------------------------------------------------------------------------

    def assign(self, ids: Sequence[int], label: str | None) -> None:
        """Gives images a class; None takes it away."""
        self._relabeler.assign(ids, label)

    def drop(self, ids: Sequence[int], label: str | None) -> None:
        """`assign`, but the grid stays where it is: the mouse is at work."""
        scroll = self._grid.verticalScrollBar().value()
        self.assign(ids, label)
        self._grid.verticalScrollBar().setValue(scroll)

    def accept(self) -> None:
        """Takes over what is suggested for the images; those without a suggestion are left as they are."""
        ids = self.targets()
        following = self._after(ids)
        if self._marking.accept(ids):
            self._gallery.show()
            self._continue(following)

    def mark(self, key: str) -> None:
        """Marks or notes the images; the current one says whether a mark is set or taken away."""
        current = self.current()
        if current is None:
            return
        if key == NOTE:
            self._write_note(current)
            return
        ids = self.targets()
        following = self._grid.image_after(ids)
        changed = self._marking.toggle(key, ids, current.row)
        gone = not self._grid.images.index_of(current.row.id).isValid()
        if changed and gone and self._looking.viewer.image is None:
            self._continue(following)  # the filter does not show it any more

    def _write_note(self, current: Entry) -> None:
        if self._looking.viewer.image is not None:
            self._looking.details.write_note()
            return
        self._grid.scrollTo(self._grid.currentIndex())
        ids = self._grid.selected_ids() or [current.row.id]
        self._note_editor.open(ids, current.row.note, self._grid.visualRect(self._grid.currentIndex()))

    def _digit(self, digit: str) -> None:
        label = self._gallery.styles.by_digit(digit)
        if label is not None:
            self.assign(self.targets(), label)

    def _menu(self, point: QPoint) -> None:
        ids, current = self._grid.selected_ids(), self._grid.current_entry()
        if not ids or current is None:
            return
        deeds = ImageDeeds(
            look=lambda: self._looking.look(current.row),
            assign=lambda label: self.assign(ids, label),
            mark=self.mark,
            accept=self.accept if current.suggestion is not None else None,
            unsure=current.row.unsure,
            left_out=current.row.excluded,
        )
        menu = image_menu(self._grid, self._gallery.names, deeds, self._relabeler.read_only.grey)
        menu.popup(self._grid.viewport().mapToGlobal(point))

    # --- showing what was done ------------------------------------------------------------

    def _after(self, ids: Collection[int]) -> int | None:
        """The image to go on with once these have changed; None where no other is left."""
        shown = self._looking.viewer.image
        return self._looking.after(shown.id) if shown is not None else self._grid.image_after(ids)

    def _go_on(self, ids: Collection[int]) -> None:
        following = self._after(ids)
        if following is not None:
            self._grid.clearSelection()  # it will be that one alone: images in a thousand places need not be found again
        self._gallery.show()
        self._continue(following)

    def _continue(self, following: int | None) -> None:
        if following is not None:
            self._looking.go_to(following)

    def _edited(self) -> None:
        self._gallery.refresh()
        self._looking.again()

    def _reloaded(self) -> None:
        self._gallery.load()
        self._looking.again()

    def _show_again(self, image: int) -> None:
        """An image that an undo or redo has changed comes into sight."""
        self._looking.go_to(image)
