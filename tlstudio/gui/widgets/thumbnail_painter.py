"""Paints one cell and one heading of the thumbnail grid."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from tlstudio.domain.labels import Suggestion
from tlstudio.domain.values import ImageRow
from tlstudio.gui import icons, messages, theme
from tlstudio.gui.models.class_style import ClassStyle, ClassStyles
from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.thumbnail_store import ThumbnailStore

PAD = 6
CAPTION = 20
HEADER = 40
_FADED = 0.3  # how much of a picture is seen that is left out
_INSET = theme.XS + 2


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


def has_caption(edge: int) -> bool:
    return edge > theme.THUMBNAILS[0]


class ThumbnailPainter:
    """Draws with the classes' looks and the pictures of a store; `edge` is the thumbnail size in logical pixels."""

    def __init__(self, store: ThumbnailStore) -> None:
        self.store = store
        self.styles = ClassStyles()
        self.edge = theme.THUMBNAILS[1]
        self.captions = False  # words under the picture whatever its size

    def has_caption(self) -> bool:
        """A line for the file name or a note: from the middle size up, or wherever it is wanted."""
        return self.captions or has_caption(self.edge)

    def cell_size(self) -> QSize:
        """A thumbnail with its margin and its line of words."""
        return QSize(self.edge + 2 * PAD, self.edge + 2 * PAD + (CAPTION if self.has_caption() else 0))

    def cell(
        self,
        painter: QPainter,
        rect: QRect,
        row: ImageRow,
        state: CellState,
        *,
        note: str = "",
        suggestion: Suggestion | None = None,
    ) -> None:
        """One image. `note` replaces the file name under the picture."""
        square = QRect(rect.x() + PAD, rect.y() + PAD, self.edge, self.edge)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state.selected or state.hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent_soft" if state.selected else "hover"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), theme.CARD_RADIUS, theme.CARD_RADIUS)
        device = round(self.edge * painter.device().devicePixelRatioF())
        painter.setOpacity(_FADED if row.excluded else 1.0)
        paint.picture(painter, square, self.store.pixmap(row.content, device), self.store.is_missing(row.content))
        painter.setOpacity(1.0)
        if state.selected or state.focused:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("accent"), 3 if state.selected else 2))
            painter.drawRoundedRect(QRectF(square).adjusted(-1, -1, 1, 1), theme.RADIUS, theme.RADIUS)
        painter.restore()
        self._chip(painter, _corner(square, _INSET, bottom=True), row, suggestion)
        self._marks(painter, square, row)
        if state.selected:
            mark = _corner(square, _INSET, bottom=False)
            mark.moveRight(square.right() - _INSET)
            paint.check_mark(painter, mark)
        if self.has_caption():
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

    def _chip(self, painter: QPainter, place: QRect, row: ImageRow, suggestion: Suggestion | None) -> None:
        """The class of an image or, hollow and with its confidence, the one that is suggested."""
        if row.label is not None or suggestion is None:
            paint.chip(painter, place, None if row.label is None else self.styles[row.label])
            return
        suggested_chip(painter, place, self.styles[suggestion.label], messages.percent(suggestion.confidence))

    def _marks(self, painter: QPainter, square: QRect, row: ImageRow) -> None:
        """Left out, unsure, noted: round badges in the upper left corner."""
        place = _corner(square, _INSET, bottom=False)
        for there, icon, ink in (
            (row.excluded, "left-out", "text"),
            (row.unsure, "eye", "caution"),
            (bool(row.note), "note", "accent"),
        ):
            if there:
                badge(painter, place, icon, ink)
                place = place.translated(place.width() + 2, 0)

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


def badge(painter: QPainter, place: QRect, icon: str, ink: str) -> None:
    """An icon on a round ground of its own, so that it is seen on any picture."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour(ink), 1))
    painter.setBrush(theme.colour("surface"))
    painter.drawEllipse(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()
    icons.paint(painter, icon, QRectF(place).adjusted(3, 3, -3, -3), theme.colour(ink))


def suggested_chip(painter: QPainter, place: QRect, style: ClassStyle, words: str) -> QRect:
    """A class that is only suggested: an outline in its colour, its mark, how sure the model is. Returns the whole place."""
    whole = place.adjusted(0, 0, paint.text_width(words, size=theme.TEXT_SECONDARY) + theme.S, 0)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(style.colour, 2))
    painter.setBrush(theme.colour("surface"))
    painter.drawRoundedRect(QRectF(whole).adjusted(1, 1, -1, -1), theme.XS, theme.XS)
    painter.restore()
    middle = Qt.AlignmentFlag.AlignHCenter
    paint.text(painter, place, style.mark, size=theme.TEXT_SECONDARY, semibold=True, align=middle)
    beside = QRect(place.right() + 1, place.y(), whole.right() - place.right(), place.height())
    paint.text(painter, beside, words, size=theme.TEXT_SECONDARY)
    return whole
