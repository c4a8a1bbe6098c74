"""Looking at one image after another in large, with what is known of each at its side."""

from __future__ import annotations

from PySide6.QtCore import QObject

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.copies import ImageCopies
from tlstudio.gui.pages.labels.details import ImageDetails
from tlstudio.gui.pages.labels.gallery import Gallery
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.image_viewer import ImageViewer
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import labeling


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
        place = self._grid.images.index_of(row.id)
        entry = self._grid.images.entry(place.row()) if place.isValid() else Entry(row)
        entry = entry or Entry(row)
        style = None if entry.row.label is None else self._gallery.styles[entry.row.label]
        preview = self._store.load_now(row.content, theme.THUMBNAILS[-1])
        self.viewer.show_image(entry.row, style, preview, self._gallery.place_of(row.id))
        self._fill(entry)

    def again(self) -> None:
        """The image that is shown may have changed."""
        shown = self.viewer.image
        if shown is None:
            return
        place = self._grid.images.index_of(shown.id)
        entry = self._grid.images.entry(place.row()) if place.isValid() else None
        if entry is None:
            self.viewer.close_viewer()
        else:
            self.look(entry.row)

    def step(self, by: int) -> None:
        """To the next image or the one before, as far as the grid goes."""
        if self.viewer.image is None:
            return
        place = self._grid.images.index_of(self.viewer.image.id).row() + by
        self.go_to(place)

    def go_to(self, place: int) -> None:
        if 0 <= place < self._grid.images.rowCount():
            self._grid.go_to_row(place)
            entry = self._grid.images.entry(place)
            if entry is not None and self.viewer.image is not None:
                self.look(entry.row)

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
