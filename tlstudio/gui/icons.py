"""The program's own line icons (resources/icons/*.svg), tinted with a token's colour and re-tinted when the ground changes.

All are drawn on a 20 px grid with a 1.5 px line in `currentColor`.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel

from tlstudio.gui import theme
from tlstudio.storage import places


def icon(name: str, token: str = "text", size: int = theme.ICON) -> QIcon:
    """The icon `resources/icons/<name>.svg` in a token's colour, greyed where the control is disabled."""
    result = QIcon()
    muted = theme.colour("border").name()
    application = QGuiApplication.instance()
    sharpest = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    for scale in {1, ceil(sharpest)}:
        result.addPixmap(_pixmap(name, theme.colour(token).name(), size, scale))
        result.addPixmap(_pixmap(name, muted, size, scale), QIcon.Mode.Disabled)
    return result


def pixmap(name: str, token: str = "text", size: int = theme.ICON, ratio: float = 1.0) -> QPixmap:
    """The icon as a pixmap for painting; `ratio` is the device pixel ratio of what is painted on."""
    return _pixmap(name, theme.colour(token).name(), size, ratio)


def paint(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draws the icon straight into `rect`, sharp at any scale."""
    _renderer(name, colour.name()).render(painter, rect)


def set_icon(widget: QAbstractButton | QLabel, name: str, token: str = "text", size: int = theme.ICON) -> None:
    """Puts an icon on a button or label and keeps its colour right when the ground changes."""
    for old in widget.findChildren(_Tint, options=Qt.FindChildOption.FindDirectChildrenOnly):
        theme.notifier.changed.disconnect(old.apply)
        old.setParent(None)
        old.deleteLater()
    _Tint(widget, name, token, size).apply()


def forget() -> None:
    """Empties the caches; pixmaps must not outlive the application."""
    _pixmap.cache_clear()
    _renderer.cache_clear()
    QPixmapCache.clear()


class _Tint(QObject):
    """Lives as long as its widget and gives it the icon anew after every change of the ground."""

    def __init__(self, widget: QAbstractButton | QLabel, name: str, token: str, size: int) -> None:
        super().__init__(widget)
        self._widget, self._name, self._token, self._size = widget, name, token, size
        theme.notifier.changed.connect(self.apply)

    def apply(self) -> None:
        if isinstance(self._widget, QLabel):
            ratio = self._widget.devicePixelRatioF()
            self._widget.setPixmap(pixmap(self._name, self._token, self._size, ratio))
        else:
            self._widget.setIcon(icon(self._name, self._token, self._size))


@lru_cache(maxsize=256)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    source = (places.resources_dir() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    return QSvgRenderer(QByteArray(source.replace("currentColor", colour).encode()))


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    result = QPixmap(round(size * ratio), round(size * ratio))
    result.setDevicePixelRatio(ratio)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter, name, QRectF(0, 0, size, size), QColor(colour))
    painter.end()
    return result
