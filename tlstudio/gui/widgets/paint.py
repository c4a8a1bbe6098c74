"""Brush strokes that several painted widgets share: class chips, badges, placeholders, elided text."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from tlstudio.gui import theme
from tlstudio.gui.models.class_style import ClassStyle
from tlstudio.gui.widgets import whole_words

CHIP = 20


def chip(painter: QPainter, rect: QRect, style: ClassStyle | None) -> None:
    """The mark of a class: its colour with its letter; without a class an empty outline with a question mark."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    area = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
    radius = theme.XS
    if style is None:
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(theme.colour("surface"))
        text, ink = "?", theme.colour("muted")
    else:
        # A hairline in the surface colour keeps the chip apart from a picture of the same colour.
        painter.setPen(QPen(theme.colour("surface"), 1))
        painter.setBrush(style.colour)
        text, ink = style.mark, style.on_colour
    painter.drawRoundedRect(area, radius, radius)
    painter.setFont(theme.font(theme.TEXT_SECONDARY, semibold=True))
    painter.setPen(ink)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()


def check_mark(painter: QPainter, rect: QRect) -> None:
    """A tick on an accent disc: chosen."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("surface"), 1))
    painter.setBrush(theme.colour("accent"))
    painter.drawEllipse(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5))
    pen = QPen(theme.colour("on_accent"), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    x, y, w, h = rect.x(), rect.y(), rect.width(), rect.height()
    painter.drawPolyline(
        [QPointF(x + w * 0.28, y + h * 0.52), QPointF(x + w * 0.44, y + h * 0.68), QPointF(x + w * 0.72, y + h * 0.34)]
    )
    painter.restore()


def picture(painter: QPainter, rect: QRect, pixmap: QPixmap | None, missing: bool = False) -> None:
    """A whole picture on a quiet ground, or the ground alone while it loads, or a crossed frame when there is none."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    frame = QPainterPath()
    frame.addRoundedRect(QRectF(rect), theme.RADIUS, theme.RADIUS)
    painter.fillPath(frame, theme.colour("hover"))
    if pixmap is not None:
        painter.setClipPath(frame)
        painter.drawPixmap(fitted(rect, pixmap), pixmap)
    elif missing:
        painter.setPen(QPen(theme.colour("border"), 1.5))
        middle = QRectF(rect.center().x() - 12, rect.center().y() - 9, 24, 18)
        painter.drawRoundedRect(middle, 3, 3)
        painter.drawLine(middle.bottomLeft(), middle.topRight())
    painter.restore()


def fitted(rect: QRect, pixmap: QPixmap) -> QRect:
    """The largest place in the middle of `rect` with the picture's proportions."""
    size = pixmap.deviceIndependentSize().toSize().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(rect.topLeft(), size)
    place.moveCenter(rect.center())
    return place


def text(
    painter: QPainter,
    rect: QRect,
    words: str,
    colour: QColor | None = None,
    *,
    size: int = theme.TEXT_BODY,
    semibold: bool = False,
    tabular: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """One line of text that ends in an ellipsis where it does not fit; the whole of it is in the tooltip then.

    It begins at the left, also in a script that is read from right to left: there its chip is, and its figure beside it.
    """
    font = theme.font(size, semibold=semibold, tabular=tabular)
    painter.setFont(font)
    painter.setPen(colour if colour is not None else theme.colour("text"))
    shown = QFontMetrics(font).elidedText(words, elide, rect.width())
    if shown != words:
        whole_words.note(painter, rect, words)
    how = align | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
    painter.drawText(rect, int(how | Qt.TextFlag.TextSingleLine), shown)


def text_width(words: str, *, size: int = theme.TEXT_BODY, semibold: bool = False, tabular: bool = False) -> int:
    return QFontMetrics(theme.font(size, semibold=semibold, tabular=tabular)).horizontalAdvance(words)


def mix(one: QColor, other: QColor, share: float) -> QColor:
    """`one` with `share` (0 … 1) of `other`."""
    keep = 1 - share
    return QColor.fromRgbF(
        one.redF() * keep + other.redF() * share,
        one.greenF() * keep + other.greenF() * share,
        one.blueF() * keep + other.blueF() * share,
    )


# --- charts ---

AXIS = 52  # room left of a chart for the figures of its axis
LINE = 18  # height of a line of small text


def grid_line(painter: QPainter, frame: QRectF, y: float, words: str) -> None:
    """A hairline across the frame, with its figure in the room to the left."""
    painter.setPen(QPen(theme.colour("hairline"), 1))
    painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
    area = QRectF(0, y - LINE / 2, AXIS - theme.S, LINE).toRect()
    right, muted = Qt.AlignmentFlag.AlignRight, theme.colour("muted")
    text(painter, area, words, muted, size=theme.TEXT_SECONDARY, tabular=True, align=right)


def share_grid(painter: QPainter, frame: QRectF, low: float, high: float) -> None:
    """Lines for shares from `low` at the foot of the frame to `high` at its head, as many as can be read."""
    room = (high - low) / max(1.0, frame.height() / LINE)  # the least step whose figures don't touch
    fine = 0.05 if high - low <= 0.25 else 0.1 if high - low <= 0.5 else 0.25
    step = next((s for s in (0.05, 0.1, 0.25, 0.5) if s >= fine and s >= room), 1.0)
    tick = high
    while tick >= low - 1e-9:
        y = frame.bottom() - frame.height() * (tick - low) / (high - low)
        grid_line(painter, frame, y, f"{tick * 100:.0f}\N{NO-BREAK SPACE}%")
        tick -= step


def curve(painter: QPainter, line: list[QPointF], colour: QColor, width: float, *, dashed: bool = False) -> None:
    """A line through points; a single one is a dot."""
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(colour if len(line) == 1 else Qt.BrushStyle.NoBrush)
    if len(line) == 1:
        painter.drawEllipse(line[0], width, width)
    else:
        painter.drawPolyline(QPolygonF(line))
