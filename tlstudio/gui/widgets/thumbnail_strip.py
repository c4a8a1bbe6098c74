"""Small square pictures in a row, from the thumbnail files of a project."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from tlstudio.gui import theme
from tlstudio.gui.widgets.thumbnail_store import read_thumbnail

_KEPT = 256


class ThumbnailStrip(QWidget):
    """Up to `count` squares of `edge` pixels."""

    def __init__(self, edge: int, count: int) -> None:
        super().__init__()
        self._edge, self._count = edge, count
        self._paths: tuple[Path, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_paths(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)[: self._count]
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._count * (self._edge + theme.XS) - theme.XS, self._edge)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for place, path in enumerate(self._paths):
            left = place * (self._edge + theme.XS)
            paint_square(painter, QRectF(left, 0, self._edge, self._edge), path)
        painter.end()


def paint_square(painter: QPainter, area: QRectF, path: Path) -> None:
    """The middle of a picture, filling the square; a quiet ground where there is none."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    frame = QPainterPath()
    frame.addRoundedRect(area, theme.XS, theme.XS)
    painter.fillPath(frame, theme.colour("hover"))
    picture = _picture(str(path), round(area.width() * 2))
    if picture is not None:
        edge = min(picture.width(), picture.height())
        part = QRect(0, 0, edge, edge)
        part.moveCenter(picture.rect().center())
        painter.setClipPath(frame, Qt.ClipOperation.IntersectClip)
        painter.drawPixmap(area, picture, QRectF(part))
    painter.restore()


@lru_cache(maxsize=_KEPT)
def _picture(path: str, edge: int) -> QPixmap | None:
    return read_thumbnail(Path(path), edge)
