"""What the grid of the Labels page shows: finds the images that the filter asks for, and fetches those that are seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QSignalBlocker, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ImageClass
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.models.image_list import Entry
from tlstudio.gui.pages.relabel import MANY
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.filter_bar import FilterBar
from tlstudio.gui.widgets.thumbnail_grid import ThumbnailGrid
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore
from tlstudio.workflow import browsing
from tlstudio.workflow.labeling_many import ManyChanged


class Text:
    """Words of the gallery."""

    no_match = "No image matches. Try another word, or show all images."
    finding = "Looking the images up"


class Gallery(QObject):
    """Keeps the grid, the filter bar and the project's classes in step. shown: the grid shows other images or other numbers."""

    shown = Signal()

    def __init__(self, session: Session, filter_bar: FilterBar, grid: ThumbnailGrid, store: ThumbnailStore) -> None:
        super().__init__(grid)
        self._session, self._filter_bar, self._grid, self._store = session, filter_bar, grid, store
        self.project: Path | None = None
        self.classes: list[ImageClass] = []
        self.styles = ClassStyles()
        self.unlabeled = 0
        self._expected: ManyChanged | None = None
        filter_bar.changed.connect(self.show)
        filter_bar.edge_changed.connect(grid.set_edge)
        grid.images.trouble.connect(session.tell)

    @property
    def total(self) -> int:
        return self.unlabeled + sum(c.count for c in self.classes)

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.classes]

    def forget(self) -> None:
        """Another project is open, or none."""
        self.classes, self.unlabeled = [], 0
        self._grid.set_rows([], None)
        project = self.project = self._session.project
        with QSignalBlocker(self._filter_bar):  # what is there is shown when the page is entered
            self._filter_bar.set_suspects(())
            self._filter_bar.clear()
        if project is not None:
            self._store.set_locate(lambda content: browsing.thumbnail(project, content))

    def load(self) -> None:
        """Reads the classes and shows the images anew; thumbnails that were missing get another chance."""
        self._store.retry_missing()
        self.show()

    def show(self) -> None:
        """Asks the project again what the filter wants; what is selected stays so."""
        project = self._session.project
        if project is None:
            return
        wanted, expected = self._filter_bar.filter(), self._expected
        try:
            if expected is not None and expected.found is not None and expected.query == wanted:
                self._set_classes(expected.summary.classes, expected.summary.unlabeled)
                found = list(expected.found)
            else:
                self._set_classes(browsing.classes(project), browsing.unlabeled(project))
                found = browsing.find(project, wanted)
        except StudioError as error:
            self._session.tell(error)
            return
        count = sum(len(part.ids) for part in found)
        if wanted.active:
            found = [part for part in found if part.ids]
        self._grid.placeholder = Text.no_match if wanted.active else ""
        self._grid.set_ids(
            [(part.label, part.ids) for part in found],
            lambda ids: _fetch(project, ids),
            grouped=bool(count) or not wanted.active,
        )
        self._filter_bar.set_shown(count, self.total)
        self.shown.emit()

    def expect(self, changed: ManyChanged | None) -> None:
        """What the worker has found after a change: there is no need to ask again until this is None."""
        self._expected = changed

    def refresh(self) -> None:
        """Marks or notes of images have changed: their rows are read again, and the filter asked where it depends on them."""
        if self._filter_bar.filter().active:
            self.show()
        else:
            self._grid.images.refetch()
            self._grid.viewport().update()

    def show_only(self, title: str, paths: frozenset[str]) -> None:
        """Shows the images that another page points at."""
        self._look_up(paths, lambda ids: self._filter_bar.show_only(title, ids))

    def suspect(self, paths: Sequence[str]) -> None:
        """The labels that the check doubts."""
        self._look_up(paths, self._filter_bar.set_suspects)

    def _look_up(self, paths: Collection[str], use: Callable[[tuple[int, ...]], None]) -> None:
        """The ids of the images at these paths, for thousands of them from the worker and so a little later."""
        project = self._session.project
        if project is None:
            return
        if len(paths) > MANY:
            job = self._session.bridge.submit("look_up_files", Text.finding, project=project, paths=tuple(paths))
            job.finished.connect(lambda ids: use(ids) if project == self._session.project else None)
            job.failed.connect(self._session.tell)
            return
        try:
            ids = browsing.ids_of(project, paths)
        except StudioError as error:
            self._session.tell(error)
            return
        use(ids)

    def entry(self, image: int) -> Entry | None:
        """An image of the project, whether or not the grid shows it now; None where it is gone or can't be read."""
        place = self._grid.images.index_of(image)
        if place.isValid():
            return self._grid.images.entry(place.row())
        project = self._session.project
        try:
            return None if project is None else next(iter(_fetch(project, [image])), None)
        except StudioError as error:
            self._session.tell(error)
            return None

    def _set_classes(self, classes: Sequence[ImageClass], unlabeled: int) -> None:
        self.classes, self.unlabeled = list(classes), unlabeled
        names = self.names
        if names != list(self.styles.names):
            self.styles = ClassStyles(names)
            self._grid.set_styles(self.styles)
        self._filter_bar.set_classes(names)


def _fetch(project: Path, ids: Sequence[int]) -> list[Entry]:
    suggested = browsing.suggested(project, ids)
    return [Entry(row, suggested.get(row.id)) for row in browsing.rows(project, ids)]
