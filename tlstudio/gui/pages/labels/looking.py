"""Looking at one image after another in large, with what is known of each at its side.

The order is that of the grid when the first of them was opened, and stays while it is looked through: a class given on the way
moves an image to another place in the grid, but whoever goes through 150 images is at the second one after the first.
"""

from __future__ import annotations

from PySide6.QtCore import QObject

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ImageRow
from tlstudio.gui import messages, theme
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.labels.details import ImageDetails
from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import labeling


class Text:
    """Words of looking."""

    place = "{place} of {all}"


class Looking(QObject):
    """Moves the viewer over the images of the grid and fills its side."""

    def __init__(
        self,
        session: Session,
        gallery: Gallery,
        grid: ThumbnailGrid,
        viewer: ImageViewer,
        *,
        store: ThumbnailStore,
        copies: ImageCopies,
    ) -> None:
        super().__init__(viewer)
        self._session, self._gallery, self._grid, self._store = session, gallery, grid, store
        self.viewer = viewer
        self._order: list[int] = []  # image ids
        self.details = ImageDetails(viewer)
        viewer.add_side(self.details)
        viewer.step.connect(self.step)
        viewer.needs_copy.connect(copies.want)
        copies.serve_deep(viewer)
        viewer.closed.connect(self.details.write_down)
        viewer.closed.connect(grid.setFocus)
        copies.arrived.connect(viewer.set_copy)
        self.details.left.connect(viewer.setFocus)
        grid.look.connect(self.look)

    def look(self, row: ImageRow) -> None:
        """Shows an image, with the suggestion for it and its history."""
        if self.viewer.image is None:
            self._order = list(self._grid.images.ids())
        self._show(self._gallery.entry(row.id) or Entry(row))

    def again(self) -> None:
        """The image that is shown may have changed; one that is gone is not looked at any more."""
        shown = self.viewer.image
        if shown is None:
            return
        entry = self._gallery.entry(shown.id)
        if entry is None:
            self.viewer.close_viewer()
        else:
            self._show(entry)

    def step(self, by: int) -> None:
        """To the next image or the one before, as far as they go."""
        shown = self.viewer.image
        if shown is None or shown.id not in self._order:
            return
        place = self._order.index(shown.id) + by
        if 0 <= place < len(self._order):
            self.go_to(self._order[place])

    def after(self, image: int) -> int:
        """The image that comes next; the same where it is the last."""
        place = self._order.index(image) + 1 if image in self._order else len(self._order)
        return self._order[place] if place < len(self._order) else image

    def go_to(self, image: int) -> None:
        """Makes an image the current one of the grid where that shows it, and looks at it where one is looked at."""
        place = self._grid.images.index_of(image)
        if place.isValid():
            self._grid.go_to_row(place.row())
        entry = self._gallery.entry(image) if self.viewer.image is not None and image in self._order else None
        if entry is not None:
            self._show(entry)

    def _show(self, entry: Entry) -> None:
        row = entry.row
        style = None if row.label is None else self._gallery.styles[row.label]
        preview = self._store.load_now(row.content, theme.THUMBNAILS[-1])
        self.viewer.show_image(row, style, preview, self._place_of(row.id))
        self._fill(entry)

    def _place_of(self, image: int) -> str:
        if image not in self._order:
            return ""
        return Text.place.format(
            place=messages.number(self._order.index(image) + 1), all=messages.number(len(self._order))
        )

    def _fill(self, entry: Entry) -> None:
        project = self._session.project
        if project is None:
            return
        try:
            history = labeling.history(project, entry.row.id)
        except StudioError:
            history = []  # the page that could not read the project has said so
        style = None if entry.suggestion is None else self._gallery.styles[entry.suggestion.label]
        self.details.show_image(entry.row, entry.suggestion, style, history)
