"""The grid of images: a hundred thousand of them under class headings, fetched and painted only where they are seen."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import KEYS, ClassStyles
from tlstudio.gui.models.image_list import Entry, Fetch
from tlstudio.gui.widgets.grid_view import GridView
from tlstudio.gui.widgets.section_layout import SectionLayout
from tlstudio.gui.widgets.thumbnail_painter import HEADER, CellState, ThumbnailPainter
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

_EMPTY = 44
MARK_KEYS = "unx"
_NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class ThumbnailGrid(GridView):
    """A virtual grid over an `ImageListModel`.

    dropped: (image ids, class name or None) when images are dropped on a section. digit: a number key was pressed.
    mark: one of `mark_keys` was pressed. look: an image was asked for in large (Space, double click, or Return where nothing is
    suggested). accept: Return while the current image has a suggestion. chosen_changed: the selection changed.
    """

    digit = Signal(str)
    mark = Signal(str)
    look = Signal(object)
    accept = Signal()
    chosen_changed = Signal()

    def __init__(self, store: ThumbnailStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.painter_of_cells = ThumbnailPainter(store)
        self.notes: dict[int, str] = {}  # image id: words under the picture instead of the file name
        self.mark_keys = MARK_KEYS
        self.placeholder = ""  # said in the middle while there is nothing to show
        self.viewport().setMouseTracking(True)
        self._images.modelReset.connect(self.relayout)
        store.ready.connect(self.viewport().update)

    # --- what pages use -----------------------------------------------------

    def first_pictures(self, ids: list[int]) -> list[QPixmap | None]:
        edge = theme.THUMBNAILS[0]
        found = [self._images.entry(place) for place in self._images.places_of(ids)]
        return [self.painter_of_cells.store.load_now(e.row.content, edge) for e in found if e is not None]

    def set_rows(self, rows: list[ImageRow], classes: list[str] | None = None) -> None:
        """Other images, or the same after a change; keeps what is selected and the place where the user was."""
        with self._same_place():
            self._images.set_rows(rows, classes)

    def set_ids(self, listed: Sequence[tuple[str | None, array[int]]], fetch: Fetch, *, grouped: bool = True) -> None:
        """`set_rows` for any number of images: see `ImageListModel.set_ids`."""
        with self._same_place():
            self._images.set_ids(listed, fetch, grouped=grouped)

    @contextmanager
    def _same_place(self) -> Iterator[None]:
        kept = set(self.selected_ids())
        current = self.current_id()
        scroll = self.verticalScrollBar().value()
        yield
        self.select_ids(kept)
        if current is not None:
            where = self._images.index_of(current)
            self.selectionModel().setCurrentIndex(where, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(scroll)

    def set_styles(self, styles: ClassStyles) -> None:
        self.painter_of_cells.styles = styles
        self.viewport().update()

    def set_captions(self, wanted: bool) -> None:
        """Room for words under small pictures as well, as for `notes`."""
        self.painter_of_cells.captions = wanted
        self.relayout()

    def set_edge(self, edge: int) -> None:
        """Another thumbnail size; the current image stays in sight."""
        self.painter_of_cells.edge = edge
        self.relayout()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def selected_ids(self) -> list[int]:
        ids = self._images.ids()
        return list(chain.from_iterable(ids[part.start : part.stop] for part in self.selected_parts()))

    def selected_count(self) -> int:
        selection = self.selectionModel().selection()
        return sum(selection.at(number).height() for number in range(selection.size()))

    def select_ids(self, ids: Collection[int]) -> None:
        """Selects the images that are shown among `ids`; neighbours become one range, so thousands stay quick."""
        rows = self._images.places_of(ids)
        self.selectionModel().select(self.ranges(rows), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def current_id(self) -> int | None:
        index = self.currentIndex()
        return self._images.ids()[index.row()] if index.isValid() else None

    def current_entry(self) -> Entry | None:
        index = self.currentIndex()
        return self._images.entry(index.row()) if index.isValid() else None

    def current_image(self) -> ImageRow | None:
        entry = self.current_entry()
        return None if entry is None else entry.row

    def image_after(self, leaving: Collection[int]) -> int | None:
        """The image to go on with when some leave their place: the next one that stays, or else the one before."""
        ids = self._images.ids()
        out = set(leaving)
        gone = self._images.places_of(out)
        if not gone or len(gone) == len(ids):
            return None
        after = next((ids[place] for place in range(gone[-1] + 1, len(ids)) if ids[place] not in out), None)
        if after is not None:
            return after
        return next((ids[place] for place in range(gone[-1], -1, -1) if ids[place] not in out), None)

    def go_to_row(self, row: int) -> None:
        """Makes a row the current and only selected one."""
        if self._images.rowCount():
            index = self._images.index(max(0, min(row, self._images.rowCount() - 1)))
            # `setCurrentIndex` of a view minds the keys that are down: with Ctrl+Z it would add the image to those selected.
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self.scrollTo(index)

    def show_section(self, label: str | None) -> None:
        """Scrolls to the heading of a class."""
        for number, section in enumerate(self._images.sections):
            if section.label == label:
                self.verticalScrollBar().setValue(self._layout.bands[number].top)

    # --- layout -------------------------------------------------------------

    def relayout(self) -> None:
        """Places all cells anew: after a reset, a resize or another size of thumbnails."""
        counts = [section.count for section in self._images.sections]
        header = HEADER if self._images.grouped else 0
        cell = self.painter_of_cells.cell_size()
        # The bar's room is kept free even while there is none: cells that move when it comes could make it go again.
        width = self.maximumViewportSize().width() - self.verticalScrollBar().sizeHint().width()
        self._layout = SectionLayout(counts, width, cell, header, _EMPTY if header else 0)
        self.updateGeometries()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.relayout()

    # --- selection and keys -------------------------------------------------

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self.viewport().update()
        self.chosen_changed.emit()

    def keyboardSearch(self, search: str) -> None:
        """Letters search nothing here: number keys give classes."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == _NO_MODIFIER
        current = self.current_entry() if plain else None
        if plain and event.text() and event.text() in KEYS:
            self.digit.emit(event.text())
        elif current is not None and event.text() and event.text().lower() in self.mark_keys:
            self.mark.emit(event.text().lower())
        elif current is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.suggestion:
            self.accept.emit()
        elif current is not None and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.look.emit(current.row)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        entry = self._images.entry(index.row()) if index.isValid() else None
        if entry is not None and event.button() == Qt.MouseButton.LeftButton:
            self.look.emit(entry.row)

    # --- painting -----------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Leave, QEvent.Type.HoverMove, QEvent.Type.MouseMove):
            self.viewport().update()
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.colour("surface"))
        offset = self.verticalOffset()
        top, bottom = event.rect().top() + offset, event.rect().bottom() + offset + 1
        if event.rect().contains(self.viewport().rect()):
            self.painter_of_cells.store.new_round()
        painter.translate(0, -offset)
        mouse = self.viewport().mapFromGlobal(self.cursor().pos()) + QPoint(0, offset)
        under = self._layout.row_at(mouse) if self.viewport().underMouse() else -1
        focused = self.currentIndex().row() if self.hasFocus() else -1
        selection = self.selectionModel()
        for row in self._layout.rows_between(top, bottom):
            state = CellState(selection.isSelected(self._images.index(row)), row == focused, row == under)
            entry = self._images.entry(row)
            if entry is not None:
                words = self.notes.get(entry.row.id, "")
                self.painter_of_cells.cell(
                    painter, self._layout.rect(row), entry.row, state, note=words, suggestion=entry.suggestion
                )
        if self._images.grouped:
            self._paint_headings(painter, offset)
        if self.placeholder and not self._images.rowCount():
            painter.translate(0, offset)
            painter.setFont(theme.font())
            painter.setPen(theme.colour("muted"))
            area = self.viewport().rect().adjusted(theme.XL, theme.XL, -theme.XL, -theme.XL)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.placeholder)
        painter.end()

    def _paint_headings(self, painter: QPainter, offset: int) -> None:
        """The headings in sight; that of the topmost section stays at the top while its images scroll past."""
        bottom = offset + self.viewport().height()
        for number, (band, section) in enumerate(zip(self._layout.bands, self._images.sections, strict=True)):
            if band.bottom <= offset or band.top >= bottom:
                continue
            if not section.count:
                area = QRect(0, band.cells_top, self._layout.width, band.bottom - band.cells_top)
                self.painter_of_cells.empty(painter, area)
            heading = self._layout.header_rect(number)
            heading.moveTop(max(heading.top(), min(offset, band.bottom - heading.height())))
            self.painter_of_cells.header(painter, heading, section.label, section.count)
            if number == self.drop_section:
                area = QRect(0, max(band.top, offset), self._layout.width, 0)
                area.setBottom(min(band.bottom, bottom) - 1)
                self.painter_of_cells.drop_target(painter, area)
