"""The images of a grid: their ids, optionally in one section per class; what is seen is fetched, so their number costs little."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.labels import Suggestion
from tlstudio.domain.values import ImageRow
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages

IMAGE_MIME = "application/x-tlstudio-image-ids"
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_PAGE = 64  # rows fetched in one go: about a screen of small thumbnails
_KEPT = 2048


@dataclass(frozen=True)
class Section:
    """A run of neighbouring rows under one heading. `label` None: the images that have no class yet."""

    label: str | None
    start: int
    count: int


@dataclass(frozen=True)
class Entry:
    """An image as a grid shows it, with what a model suggests for it."""

    row: ImageRow
    suggestion: Suggestion | None = None


Fetch = Callable[[Sequence[int]], Sequence[Entry]]


def pack_ids(ids: Sequence[int]) -> QMimeData:
    """Image ids as drag data: 64 bits each, as this computer writes them."""
    data = QMimeData()
    data.setData(IMAGE_MIME, array("q", ids).tobytes())
    return data


def unpack_ids(data: QMimeData) -> list[int]:
    """The image ids of drag data; empty for any other drag."""
    if not data.hasFormat(IMAGE_MIME):
        return []
    found = array("q")
    found.frombytes(bytes(data.data(IMAGE_MIME).data()))
    return found.tolist()


class ImageListModel(QAbstractListModel):
    """Images in the order shown, either a short list at hand (`set_rows`) or ids whose rows are fetched when seen (`set_ids`).

    trouble: a StudioError, when rows could not be fetched; they are empty until the next try.
    """

    ImageRole = Qt.ItemDataRole.UserRole + 1

    trouble = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: array[int] = array("q")
        self._known: OrderedDict[int, Entry | None] = OrderedDict()  # None: can't be had
        self._fetch: Fetch | None = None
        self.sections: list[Section] = []
        self.grouped = False

    def set_rows(self, rows: Sequence[ImageRow], classes: Sequence[str] | None = None) -> None:
        """Shows `rows`; with `classes` under headings in that order, unlabeled images first."""
        piles: dict[str | None, list[ImageRow]] = {None: [], **{name: [] for name in classes or ()}}
        for row in rows:
            piles.setdefault(row.label if classes is not None else None, []).append(row)
        listed = [(label, array("q", [r.id for r in pile])) for label, pile in piles.items()]
        if classes is not None:
            listed = [(label, ids) for label, ids in listed if label is not None or ids]
        known: OrderedDict[int, Entry | None] = OrderedDict((r.id, Entry(r)) for r in rows)
        self._reset(listed, known, None, classes is not None)

    def set_ids(self, listed: Sequence[tuple[str | None, array[int]]], fetch: Fetch, *, grouped: bool = True) -> None:
        """Shows images by id, one section per class; rows come from `fetch` (which may raise StudioError) when they are seen."""
        self._reset(listed, OrderedDict(), fetch, grouped)

    def _reset(
        self,
        listed: Sequence[tuple[str | None, array[int]]],
        known: OrderedDict[int, Entry | None],
        fetch: Fetch | None,
        grouped: bool,
    ) -> None:
        self.beginResetModel()
        self._ids, self._known, self._fetch, self.grouped = array("q"), known, fetch, grouped
        self.sections = []
        for label, ids in listed:
            self.sections.append(Section(label, len(self._ids), len(ids)))
            self._ids.extend(ids)
        self.endResetModel()

    def refetch(self) -> None:
        """The rows have changed; their number and order have not."""
        if self._fetch is not None:
            self._known.clear()
            if self._ids:
                self.dataChanged.emit(self.index(0), self.index(len(self._ids) - 1))

    # --- looking up ---------------------------------------------------------------

    def ids(self) -> Sequence[int]:
        return self._ids

    def rows(self) -> list[ImageRow]:
        """Every row; for lists of a few thousand at most."""
        found = [self.entry(number) for number in range(len(self._ids))]
        return [entry.row for entry in found if entry is not None]

    def entry(self, place: int) -> Entry | None:
        """What is at a place; fetched with its neighbours if need be. None where it can't be had."""
        number = self._ids[place]
        if number not in self._known and self._fetch is not None:
            self._fetch_page(place)
        return self._known.get(number)

    def image(self, index: Index | int) -> ImageRow:
        """The row at a place. Raises LookupError where it can't be had."""
        entry = self.entry(index if isinstance(index, int) else index.row())
        if entry is None:
            raise LookupError("this image can't be read from the project")
        return entry.row

    def index_of(self, image_id: int) -> QModelIndex:
        """Where an image is now; an invalid index when it is not shown."""
        try:
            return self.index(self._ids.index(image_id))
        except ValueError:
            return QModelIndex()

    def places_of(self, image_ids: Collection[int]) -> Sequence[int]:
        """The places of those among these images that are shown, ascending."""
        if len(image_ids) == 1:
            found = self.index_of(next(iter(image_ids)))
            return [found.row()] if found.isValid() else []
        wanted = image_ids if isinstance(image_ids, set) else set(image_ids)
        if len(wanted) >= len(self._ids) and wanted.issuperset(self._ids):
            return range(len(self._ids))
        return list(compress(range(len(self._ids)), map(wanted.__contains__, self._ids))) if wanted else []

    def section_of(self, row: int) -> int:
        """The number of the section that holds `row`."""
        for number, section in enumerate(self.sections):
            if section.start <= row < section.start + section.count:
                return number
        return -1

    def _fetch_page(self, place: int) -> None:
        assert self._fetch is not None
        start = place - place % _PAGE
        missing = [number for number in self._ids[start : start + _PAGE] if number not in self._known]
        self._known.update(dict.fromkeys(missing))  # so that what can't be had is not asked for at every painting
        try:
            self._known.update((entry.row.id, entry) for entry in self._fetch(missing))
        except StudioError as error:
            self.trouble.emit(error)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    # --- Qt's side --------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index.row()) if index.isValid() else None
        if entry is None:
            return None
        if role == self.ImageRole:
            return entry.row
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.row.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return describe(entry.row, entry.suggestion)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return (
            flag.ItemIsEnabled
            | flag.ItemIsSelectable
            | flag.ItemIsDragEnabled
            | flag.ItemIsDropEnabled
            | flag.ItemNeverHasChildren
        )

    def mimeTypes(self) -> list[str]:
        return [IMAGE_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return pack_ids([self._ids[index.row()] for index in indexes])

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction


def describe(row: ImageRow, suggestion: Suggestion | None = None) -> str:
    """One line about an image: `weld_12.png · crack · Training · 640 × 480`."""
    parts = [isolated(row.name), isolated(row.label or "no class yet")]
    if suggestion is not None:
        parts.append(f"suggested: {isolated(suggestion.label)}, {messages.percent(suggestion.confidence)}")
    parts.append(row.split.caption)
    if row.group:
        parts.append(f"group {isolated(row.group)}")
    parts.append(f"{row.width} × {row.height}")
    if row.excluded:
        parts.append("left out")
    if row.unsure:
        parts.append("unsure")
    if row.note:
        parts.append(f"note: {isolated(row.note)}")
    return " · ".join(parts)
