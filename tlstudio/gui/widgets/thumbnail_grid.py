"""The grid of images: ten thousand of them under class headings, painted only where they are seen."""

from __future__ import annotations

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
from tlstudio.gui.widgets.grid_view import GridView
from tlstudio.gui.widgets.section_layout import SectionLayout
from tlstudio.gui.widgets.thumbnail_painter import HEADER, CellState, ThumbnailPainter, cell_size
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

_EMPTY = 44
_NO_MODIFIER = Qt.KeyboardModifier.NoModifier


class ThumbnailGrid(GridView):
    """A virtual grid over an `ImageListModel`.

    dropped: (image ids, class name or None) when images are dropped on a section. digit: a number key was pressed.
    look: an image was asked for in large (Space, Return or double click). chosen_changed: the selection changed.
    """

    digit = Signal(str)
    look = Signal(object)
    chosen_changed = Signal()

    def __init__(self, store: ThumbnailStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.painter_of_cells = ThumbnailPainter(store)
        self.notes: dict[int, str] = {}  # image id: words under the picture instead of the file name
        self.placeholder = ""  # said in the middle while there is nothing to show
        self.viewport().setMouseTracking(True)
        self._images.modelReset.connect(self.relayout)
        store.ready.connect(self.viewport().update)

    # --- what pages use -----------------------------------------------------

    def first_pictures(self, ids: list[int]) -> list[QPixmap | None]:
        edge = theme.THUMBNAILS[0]
        images = [self._images.image(self._images.index_of(number)) for number in ids]
        return [self.painter_of_cells.store.load_now(image.content, edge) for image in images]

    def set_rows(self, rows: list[ImageRow], classes: list[str] | None = None) -> None:
        """Other images, or the same after a change; keeps what is selected and the place where the user was."""
        kept = set(self.selected_ids())
        current = self.current_image()
        scroll = self.verticalScrollBar().value()
        self._images.set_rows(rows, classes)
        self.select_ids(kept)
        if current is not None:
            where = self._images.index_of(current.id)
            self.selectionModel().setCurrentIndex(where, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.verticalScrollBar().setValue(scroll)

    def set_styles(self, styles: ClassStyles) -> None:
        self.painter_of_cells.styles = styles
        self.viewport().update()

    def set_edge(self, edge: int) -> None:
        """Another thumbnail size; the current image stays in sight."""
        self.painter_of_cells.edge = edge
        self.relayout()
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def selected_ids(self) -> list[int]:
        return [self._images.image(row).id for row in sorted(self.selected_rows())]

    def selected_count(self) -> int:
        return len(self.selected_rows())

    def select_ids(self, ids: set[int]) -> None:
        """Selects the images that are shown among `ids`; neighbours become one range, so thousands stay quick."""
        rows = sorted(place.row() for place in map(self._images.index_of, ids) if place.isValid())
        self.selectionModel().select(self.ranges(rows), QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def current_image(self) -> ImageRow | None:
        index = self.currentIndex()
        return self._images.image(index) if index.isValid() else None

    def image_after(self, leaving: set[int]) -> int | None:
        """The image to go on with when some leave their place: the next one that stays, or else the one before."""
        rows = self._images.rows()
        gone = [place.row() for place in map(self._images.index_of, leaving) if place.isValid()]
        if not gone:
            return None
        after = next((row.id for row in rows[max(gone) + 1 :] if row.id not in leaving), None)
        if after is not None:
            return after
        return next((row.id for row in reversed(rows[: max(gone)]) if row.id not in leaving), None)

    def go_to_row(self, row: int) -> None:
        """Makes a row the current and only selected one."""
        if self._images.rowCount():
            index = self._images.index(max(0, min(row, self._images.rowCount() - 1)))
            self.setCurrentIndex(index)
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
        cell = cell_size(self.painter_of_cells.edge)
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
        current = self.current_image()
        if plain and event.text() and event.text() in KEYS:
            self.digit.emit(event.text())
        elif plain and current and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.look.emit(current)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.look.emit(self._images.image(index))

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
            image = self._images.image(row)
            self.painter_of_cells.cell(painter, self._layout.rect(row), image, state, self.notes.get(image.id, ""))
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
