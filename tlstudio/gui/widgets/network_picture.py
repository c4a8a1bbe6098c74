"""A pretrained model as a row of its parts, from the image to the classes, with what a training changes of them."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from tlstudio.domain.layers import ModelLayers
from tlstudio.gui import messages, theme
from tlstudio.gui.widgets import paint

_BLOCKS, _RATES = 72, 20  # height of the parts, and of the bars that tell their rates
_LEAST = 10  # height of a part that holds next to nothing
_HEAD = 14  # width of the last part, which learns the classes
_MARGIN = 4  # room for the focus ring
_SMALL = 2.0  # gap between parts where there are many


class Text:
    """Words of the picture."""

    image, classes = "Image", "Classes"
    trained, stays, additions = "Trained", "Stays as it is", "Additions"
    rates = "How fast each part changes"
    part = "{name}, {place} of {count}: {share} of the model"
    moves = "trained, at {rate} of the full rate"
    added = "small additions, at {rate} of the full rate"
    still = "stays as it is"
    head = "Classes: always learned, at the full rate"


class NetworkPicture(QWidget):
    """layers_chosen: so many parts, counted from the classes, shall be trained; by a click, or with the arrow keys."""

    layers_chosen = Signal(int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._layers: ModelLayers | None = None
        self._rates: tuple[float, ...] = ()
        self._adapters = self._editable = False
        self._under: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_network(
        self, layers: ModelLayers, rates: tuple[float, ...], *, adapters: bool, editable: bool, words: str
    ) -> None:
        """rates: of each part, as a share of the full rate, 0 for one that stays. words: the same for those who don't see it."""
        self._layers, self._rates = layers, rates
        self._adapters, self._editable = adapters, editable
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if editable else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if editable else Qt.CursorShape.ArrowCursor)
        self.setAccessibleName(words)
        self.update()

    @property
    def trained(self) -> int:
        """How many parts are trained now."""
        return sum(rate > 0 for rate in self._rates)

    def sizeHint(self) -> QSize:
        return QSize(264, 2 * _MARGIN + _BLOCKS + _RATES + 3 * paint.LINE + 2 * theme.S)

    # --- where things are -------------------------------------------------------------

    def part_rect(self, number: int) -> QRectF:
        """The room of a part, over the full height; the number after the last part is that of the classes."""
        count = len(self._rates)
        gap = theme.XS if count <= 16 else _SMALL
        wide = self.width() - 2 * _MARGIN - _HEAD
        step = wide / max(1, count)
        left = _MARGIN + step * number
        width = _HEAD if number == count else step - gap
        return QRectF(left, _MARGIN + paint.LINE + theme.XS, width, _BLOCKS)

    def _box(self, number: int) -> QRectF:
        """A part as it is drawn: as high as its share of the parameters is large."""
        room = self.part_rect(number)
        if self._layers is None or number == len(self._rates):
            return room
        most = max(group.parameters for group in self._layers.groups)
        height = _LEAST + (_BLOCKS - _LEAST) * self._layers.groups[number].parameters / max(1, most)
        return QRectF(room.left(), room.center().y() - height / 2, room.width(), height)

    def _at(self, place: QPointF) -> int | None:
        """The part there, whatever its height."""
        for number in range(len(self._rates) + 1):
            room = self.part_rect(number)
            if (
                room.left() - 2 <= place.x() <= room.right() + 2
                and place.y() <= room.bottom() + theme.XS + paint.LINE + _RATES
            ):
                return number
        return None

    def describe(self, number: int) -> str:
        """One part in words."""
        if self._layers is None or number >= len(self._rates):
            return Text.head
        group = self._layers.groups[number]
        part = Text.part.format(
            name=group.name,
            place=number + 1,
            count=len(self._rates),
            share=messages.probability(self._layers.share(number)),
        )
        rate = self._rates[number]
        words = Text.added if self._adapters else Text.moves
        return f"{part}; {words.format(rate=messages.percent(rate)) if rate else Text.still}"

    # --- the user -----------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            here = self._at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), "" if here is None else self.describe(here), self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_under(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._set_under(None)

    def _set_under(self, number: int | None) -> None:
        if number != self._under:
            self._under = number
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        here = self._at(event.position())
        if self._editable and here is not None and event.button() == Qt.MouseButton.LeftButton:
            self.layers_chosen.emit(len(self._rates) - here)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        now, count = self.trained, len(self._rates)
        wanted = {
            Qt.Key.Key_Left: min(count, now + 1),
            Qt.Key.Key_Right: max(0, now - 1),
            Qt.Key.Key_Home: count,
            Qt.Key.Key_End: 0,
        }.get(cast(Qt.Key, event.key()))
        if not self._editable or wanted is None:
            super().keyPressEvent(event)
        elif wanted != now:
            self.layers_chosen.emit(wanted)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    # --- painting -------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._layers is not None:
            self._paint_ends(painter)
            for number in range(len(self._rates) + 1):
                self._paint_part(painter, number)
                self._paint_rate(painter, number)
            self._paint_legend(painter)
        if self.hasFocus() and self._editable:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.RADIUS, theme.RADIUS)
        painter.end()

    def _paint_ends(self, painter: QPainter) -> None:
        area = QRectF(_MARGIN, _MARGIN, self.width() - 2 * _MARGIN, paint.LINE).toRect()
        muted = theme.colour("muted")
        paint.text(painter, area, Text.image, muted, size=theme.TEXT_SECONDARY)
        right = Qt.AlignmentFlag.AlignRight
        paint.text(painter, area, Text.classes, muted, size=theme.TEXT_SECONDARY, align=right)

    def _paint_part(self, painter: QPainter, number: int) -> None:
        """Solid where it is trained, hatched where it stays, with a solid edge where it gets additions."""
        head = number == len(self._rates)
        moves = head or self._rates[number] > 0
        box = self._box(number)
        fill(painter, box, solid=moves and (head or not self._adapters))
        if moves and self._adapters and not head:
            fill(painter, addition(box), solid=True)
        if self._editable and self._under is not None and self._under <= number:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.colour("text"), 1.5))
            painter.drawRoundedRect(box, 2, 2)

    def _paint_rate(self, painter: QPainter, number: int) -> None:
        rate = 1.0 if number == len(self._rates) else self._rates[number]
        room = self.part_rect(number)
        foot = room.bottom() + theme.XS + paint.LINE + _RATES
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(QPointF(room.left(), foot), QPointF(room.right(), foot))
        if rate > 0:
            height = max(2.0, (_RATES - 2) * rate)
            painter.fillRect(QRectF(room.left(), foot - height, room.width(), height), theme.colour("accent"))

    def _paint_legend(self, painter: QPainter) -> None:
        room = self.part_rect(0)
        caption = QRectF(_MARGIN, room.bottom() + theme.XS, self.width() - 2 * _MARGIN, paint.LINE).toRect()
        paint.text(painter, caption, Text.rates, theme.colour("muted"), size=theme.TEXT_SECONDARY)
        top = room.bottom() + theme.XS + paint.LINE + _RATES + theme.S
        left = float(_MARGIN)
        entries = ((True, Text.additions if self._adapters else Text.trained), (False, Text.stays))
        for solid, words in entries:
            swatch = QRectF(left, top + 3, 12, 12)
            if solid and self._adapters:
                fill(painter, swatch, solid=False)
                swatch = addition(swatch)
            fill(painter, swatch, solid=solid)
            width = paint.text_width(words, size=theme.TEXT_SECONDARY) + 2
            area = QRectF(left + 12 + theme.XS, top, width, paint.LINE).toRect()
            paint.text(painter, area, words, theme.colour("text"), size=theme.TEXT_SECONDARY)
            left += 12 + theme.XS + width + theme.L


def addition(box: QRectF) -> QRectF:
    """The part of a block that stands for what is put beside it."""
    return QRectF(box.right() - box.width() * 0.4, box.top(), box.width() * 0.4, box.height())


def fill(painter: QPainter, area: QRectF, *, solid: bool) -> None:
    """A block: accent where it changes, hatched on a quiet ground where it stays."""
    painter.setPen(QPen(theme.colour("accent" if solid else "border"), 1))
    painter.setBrush(theme.colour("accent" if solid else "surface"))
    painter.drawRoundedRect(area, 2, 2)
    if not solid:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(theme.colour("border"), Qt.BrushStyle.BDiagPattern))
        painter.drawRoundedRect(area, 2, 2)
