"""Small pictures for grids: loaded in short bursts between events, kept within a bound, never on the paint path."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImageReader, QPixmap

_BOUND = 48 * 1024 * 1024  # bytes of pixels kept; about 300 pictures at the largest size
_BURST_SECONDS = 0.006  # work per turn: stays below one frame with room for painting
_PAUSE_MS = 4
_QUEUE = 400  # more than any screen shows
_MISSING = 5000  # thumbnails known not to be there; beyond it the disk is asked again

Locate = Callable[[str], Path]


class ThumbnailStore(QObject):
    """Pixmaps by content hash, from the JPEG files that the import made.

    `pixmap` answers at once: the picture, or None while it is loading; `ready` is emitted when new ones have arrived.
    """

    ready = Signal()

    def __init__(self, locate: Locate, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._locate = locate
        self._kept: OrderedDict[tuple[str, int], QPixmap] = OrderedDict()
        self._missing: set[str] = set()
        self._wishes: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._bytes = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._burst)

    def set_locate(self, locate: Locate) -> None:
        """Another project: other files; everything kept is dropped."""
        self._locate = locate
        self.clear()

    def clear(self) -> None:
        self._kept.clear()
        self._wishes.clear()
        self._missing.clear()
        self._bytes = 0
        self._timer.stop()

    def retry_missing(self) -> None:
        """Thumbnails that were not there may have been made since."""
        self._missing.clear()

    def new_round(self) -> None:
        """A view paints itself anew: what it wished for before and no longer shows need not be loaded."""
        self._wishes.clear()

    def is_missing(self, content: str) -> bool:
        return content in self._missing

    def pixmap(self, content: str, edge: int) -> QPixmap | None:
        """The picture at most `edge` device pixels long, or None while it loads or when there is none."""
        key = (content, edge)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        if content not in self._missing:
            self._wishes[key] = None
            self._wishes.move_to_end(key)
            while len(self._wishes) > _QUEUE:
                self._wishes.popitem(last=False)
            if not self._timer.isActive():
                self._timer.start()
        return None

    def load_now(self, content: str, edge: int) -> QPixmap | None:
        """For a single picture that must be there at once, such as the one under the mouse."""
        key = (content, edge)
        if key not in self._kept and content not in self._missing:
            self._load(key)
        return self._kept.get(key)

    @property
    def bytes_kept(self) -> int:
        return self._bytes

    def _burst(self) -> None:
        end = time.perf_counter() + _BURST_SECONDS
        loaded = False
        while self._wishes and time.perf_counter() < end:
            key, _ = self._wishes.popitem(last=False)
            self._load(key)
            loaded = True
        if not self._wishes:
            self._timer.stop()
        if loaded:
            self.ready.emit()

    def _load(self, key: tuple[str, int]) -> None:
        content, edge = key
        picture = read_thumbnail(self._locate(content), edge)
        if picture is None:
            if len(self._missing) >= _MISSING:
                self._missing.clear()
            self._missing.add(content)
            return
        self._kept[key] = picture
        self._bytes += _size(picture)
        while self._bytes > _BOUND and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= _size(dropped)


def read_thumbnail(file: Path, edge: int) -> QPixmap | None:
    """A thumbnail file scaled to `edge` pixels while decoding; None when it is not there or is damaged."""
    if not file.is_file():  # Qt would wait for ever at a pipe
        return None
    reader = QImageReader(str(file))
    size = reader.size()
    if not size.isValid():
        return None
    wanted = size.scaled(QSize(edge, edge), Qt.AspectRatioMode.KeepAspectRatio)
    if wanted.width() < size.width():
        reader.setScaledSize(wanted.expandedTo(QSize(1, 1)))
    image = reader.read()
    return None if image.isNull() else QPixmap.fromImage(image)


def _size(picture: QPixmap) -> int:
    return picture.width() * picture.height() * 4
