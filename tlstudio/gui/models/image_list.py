"""The images of a grid: a flat list, optionally in one section per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt

from tlstudio.domain.values import ImageRow

IMAGE_MIME = "application/x-tlstudio-image-ids"
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Section:
    """A run of neighbouring rows under one heading. `label` None: the images that have no class yet."""

    label: str | None
    start: int
    count: int


def pack_ids(ids: Sequence[int]) -> QMimeData:
    """Image ids as drag data."""
    data = QMimeData()
    data.setData(IMAGE_MIME, ",".join(map(str, ids)).encode())
    return data


def unpack_ids(data: QMimeData) -> list[int]:
    """The image ids of drag data; empty for any other drag."""
    if not data.hasFormat(IMAGE_MIME):
        return []
    text = bytes(data.data(IMAGE_MIME).data()).decode()
    return [int(part) for part in text.split(",") if part]


class ImageListModel(QAbstractListModel):
    """Images in the order shown. With `classes` given to `set_rows` they are grouped, one section per class, empty ones too."""

    ImageRole = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[ImageRow] = []
        self._place: dict[int, int] = {}
        self.sections: list[Section] = []
        self.grouped = False

    def set_rows(self, rows: Sequence[ImageRow], classes: Sequence[str] | None = None) -> None:
        """Shows `rows`; with `classes` under headings in that order, unlabeled images first."""
        self.beginResetModel()
        self.grouped = classes is not None
        if classes is None:
            self._rows = list(rows)
            self.sections = [Section(None, 0, len(self._rows))]
        else:
            self._rows, self.sections = _group(rows, classes)
        self._place = {row.id: number for number, row in enumerate(self._rows)}
        self.endResetModel()

    def rows(self) -> list[ImageRow]:
        return self._rows

    def image(self, index: Index | int) -> ImageRow:
        return self._rows[index if isinstance(index, int) else index.row()]

    def index_of(self, image_id: int) -> QModelIndex:
        """Where an image is now; an invalid index when it is not shown."""
        place = self._place.get(image_id)
        return QModelIndex() if place is None else self.index(place)

    def section_of(self, row: int) -> int:
        """The number of the section that holds `row`."""
        for number, section in enumerate(self.sections):
            if section.start <= row < section.start + section.count:
                return number
        return -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == self.ImageRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return describe(row)
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
        return pack_ids([self._rows[index.row()].id for index in indexes])

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction | Qt.DropAction.CopyAction


def describe(row: ImageRow) -> str:
    """One line about an image: `weld_12.png · crack · Training · 640 × 480`."""
    parts = [row.name, row.label or "no class yet", row.split.caption, f"{row.width} × {row.height}"]
    if row.group:
        parts.insert(3, f"group {row.group}")
    return " · ".join(parts)


def _group(rows: Sequence[ImageRow], classes: Sequence[str]) -> tuple[list[ImageRow], list[Section]]:
    piles: dict[str | None, list[ImageRow]] = {None: [], **{name: [] for name in classes}}
    for row in rows:
        piles.setdefault(row.label, []).append(row)
    ordered: list[ImageRow] = []
    sections: list[Section] = []
    for label, pile in piles.items():
        if label is None and not pile:
            continue
        sections.append(Section(label, len(ordered), len(pile)))
        ordered.extend(pile)
    return ordered, sections
