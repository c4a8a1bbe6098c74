"""Paints one cell and one heading of the thumbnail grid."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from tlstudio.domain.values import ImageRow
from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyles
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

PAD = 6
CAPTION = 20
HEADER = 40


class Text:
    """Words painted into the grid."""

    unlabeled = "No class yet"
    empty = "Drop images here to give them this class"


@dataclass(frozen=True)
class CellState:
    """How a cell stands: chosen, holding the keyboard focus, under the mouse."""

    selected: bool = False
    focused: bool = False
    hovered: bool = False


def cell_size(edge: int) -> QSize:
    """A thumbnail of `edge` pixels with its margin and, from the middle size up, a line for the file name."""
    return QSize(edge + 2 * PAD, edge + 2 * PAD + (CAPTION if has_caption(edge) else 0))


def has_caption(edge: int) -> bool:
    return edge > theme.THUMBNAILS[0]


class ThumbnailPainter:
    """Draws with the classes' looks and the pictures of a store; `edge` is the thumbnail size in logical pixels."""

    def __init__(self, store: ThumbnailStore) -> None:
        self.store = store
        self.styles = ClassStyles()
        self.edge = theme.THUMBNAILS[1]

    def cell(self, painter: QPainter, rect: QRect, row: ImageRow, state: CellState, note: str = "") -> None:
        """One image. `note` replaces the file name under the picture."""
        square = QRect(rect.x() + PAD, rect.y() + PAD, self.edge, self.edge)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state.selected or state.hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent_soft" if state.selected else "hover"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), theme.CARD_RADIUS, theme.CARD_RADIUS)
        device = round(self.edge * painter.device().devicePixelRatioF())
        paint.picture(painter, square, self.store.pixmap(row.content, device), self.store.is_missing(row.content))
        if state.selected or state.focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 3 if state.selected else 2))
            painter.drawRoundedRect(QRectF(square).adjusted(-1, -1, 1, 1), theme.RADIUS, theme.RADIUS)
        painter.restore()
        style = None if row.label is None else self.styles[row.label]
        inset = theme.XS + 2
        paint.chip(painter, _corner(square, inset, bottom=True), style)
        if state.selected:
            mark = _corner(square, inset, bottom=False)
            mark.moveRight(square.right() - inset)
            paint.check_mark(painter, mark)
        if has_caption(self.edge) or note:
            line = QRect(square.x() + 2, square.bottom() + 2, square.width() - 4, CAPTION)
            paint.text(
                painter,
                line,
                note or row.name,
                theme.colour("muted"),
                size=theme.TEXT_SECONDARY,
                align=Qt.AlignmentFlag.AlignHCenter,
                elide=Qt.TextElideMode.ElideMiddle,
            )

    def header(self, painter: QPainter, rect: QRect, label: str | None, count: int) -> None:
        """A heading: chip, class name, count, and a hairline below."""
        painter.fillRect(rect, theme.colour("surface"))
        place = QRect(rect.x() + theme.S, rect.center().y() - paint.CHIP // 2 + 1, paint.CHIP, paint.CHIP)
        paint.chip(painter, place, None if label is None else self.styles[label])
        words = label if label is not None else Text.unlabeled
        name = rect.adjusted(theme.S + paint.CHIP + theme.S, 0, -80, 0)
        paint.text(painter, name, words, semibold=True)
        width = min(paint.text_width(words, semibold=True), name.width())
        number = rect.adjusted(name.x() + width + theme.S, 0, -theme.S, 0)
        paint.text(painter, number, f"{count:,}", theme.colour("muted"), tabular=True)
        painter.setPen(theme.colour("hairline"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())

    def empty(self, painter: QPainter, rect: QRect) -> None:
        """The place under a heading without images."""
        paint.text(painter, rect.adjusted(theme.S, 0, -theme.S, 0), Text.empty, theme.colour("muted"))

    def drop_target(self, painter: QPainter, rect: QRect) -> None:
        """Lights up the section that a drag is over."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.colour("accent")
        ground.setAlphaF(0.10)
        painter.setBrush(ground)
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.drawRoundedRect(QRectF(rect).adjusted(2, 2, -2, -2), theme.CARD_RADIUS, theme.CARD_RADIUS)
        painter.restore()


def _corner(square: QRect, inset: int, *, bottom: bool) -> QRect:
    top = square.bottom() - inset - paint.CHIP + 1 if bottom else square.top() + inset
    return QRect(square.x() + inset, top, paint.CHIP, paint.CHIP)
