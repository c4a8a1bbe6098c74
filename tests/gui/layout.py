"""Looks over a window for words that are cut off, that lie over each other, or that nobody can reach.

What is measured is what Qt lays out: the room that a control has against the room that its words need in its own font. Words that
end in an ellipsis are no fault where the whole of them is in the tooltip.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unicodedata import bidirectional

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QStackedWidget,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QTableView,
    QToolButton,
    QToolTip,
    QWidget,
)

from tlstudio.gui.widgets import paint
from tlstudio.gui.widgets.thumbnail_painter import ThumbnailPainter

SLACK = 1  # pixels that rounding may cost
PADDING = 8  # of a cell or heading, left and right together at least


@dataclass(frozen=True)
class Fault:
    """what: `cut`, `over`, `away`, `small` or `turned`. where: the object name of the control, or of what holds it."""

    what: str
    where: str
    words: str
    more: str = ""

    def __str__(self) -> str:
        return f"{self.what:5} {self.where:34} {self.words[:60]!r} {self.more}"


def faults(window: QWidget) -> list[Fault]:
    """Everything that is wrong with what the window shows now."""
    found = list(_too_small(window))
    widgets = [
        w for w in window.findChildren(QWidget) if (w.isVisible() and not w.visibleRegion().isEmpty()) or _scrolled(w)
    ]
    for widget in widgets:
        found += _cut(widget)
        found += _turned(widget)
        found += _away(widget, window)
    for parent in {w.parentWidget() for w in widgets if w.parentWidget() is not None}:
        found += _over(parent)
    found += _painted(window)
    return sorted(set(found), key=lambda f: (f.where, f.what, f.words))


def _scrolled(widget: QWidget) -> bool:
    """Within something that can be scrolled to."""
    return widget.isVisible() and _scroll_area(widget) is not None


def _scroll_area(widget: QWidget) -> QAbstractScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return parent
        parent = parent.parentWidget()
    return None


def name_of(widget: QWidget) -> str:
    each: QWidget | None = widget
    while each is not None:
        if each.objectName() and not each.objectName().startswith("qt_"):
            return each.objectName()
        each = each.parentWidget()
    return type(widget).__name__


# --- words against their room ---------------------------------------------------------


def _cut(widget: QWidget) -> Iterator[Fault]:
    if isinstance(widget, QLabel):
        yield from _cut_label(widget)
    elif isinstance(widget, QComboBox):
        yield from _cut_box(widget)
    elif isinstance(widget, QPushButton | QToolButton | QCheckBox | QRadioButton):
        yield from _cut_button(widget)
    elif isinstance(widget, QTabBar):
        yield from _cut_tabs(widget)
    elif isinstance(widget, QTableView):
        yield from _cut_cells(widget)
    elif isinstance(widget, QHeaderView):
        yield from _cut_headings(widget)
    elif isinstance(widget, QLineEdit):
        yield from _cut_line(widget)


def _told(widget: QWidget, whole: str) -> bool:
    return _plain(whole) in _plain(widget.toolTip())


def _plain(words: str) -> str:
    return "".join(c for c in words if c not in "\u2066\u2067\u2068\u2069").replace("\N{NO-BREAK SPACE}", " ")


def _cut_label(label: QLabel) -> Iterator[Fault]:
    words = label.text()
    if not words or (label.pixmap() and not label.pixmap().isNull()):
        return
    shown = label.shown() if hasattr(label, "shown") else words
    if shown != words and not _told(label, words):
        yield Fault("cut", name_of(label), words, "no tooltip")
    room = label.contentsRect()
    if hasattr(label, "shown"):
        if room.width() < label.minimumSizeHint().width() - SLACK:
            yield Fault("cut", name_of(label), words, f"only {room.width()} px")
        return
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        if needed > label.height() + SLACK:
            yield Fault("cut", name_of(label), words, f"{needed} px high in {label.height()}")
        width = max((label.fontMetrics().horizontalAdvance(w) for w in words.split()), default=0)
    elif "</" in words and label.textFormat() != Qt.TextFormat.PlainText:
        document = QTextDocument()
        document.setDefaultFont(label.font())
        document.setHtml(words)
        width = int(document.idealWidth())
    else:
        lines = words.split("\n")
        width = max(label.fontMetrics().horizontalAdvance(line) for line in lines)
        high = label.fontMetrics().height() * len(lines)
        if high > room.height() + 2 * SLACK:
            yield Fault("cut", name_of(label), words, f"{high} px high in {room.height()}")
    if width > room.width() + SLACK:
        yield Fault("cut", name_of(label), words, f"{width} px in {room.width()}")


def _cut_box(box: QComboBox) -> Iterator[Fault]:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    needed = box.fontMetrics().horizontalAdvance(box.currentText())
    if needed > field.width() + SLACK and not (hasattr(box, "shown") and _told(box, box.currentText())):
        yield Fault("cut", name_of(box), box.currentText(), f"{needed} px in {field.width()}")


def _cut_button(button: QAbstractButton) -> Iterator[Fault]:
    if not button.text() or (
        isinstance(button, QToolButton) and button.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly
    ):
        return
    needed = button.sizeHint()
    if needed.width() > button.width() + SLACK and not (hasattr(button, "shown") and _told(button, button.text())):
        yield Fault("cut", name_of(button), button.text(), f"{needed.width()} px in {button.width()}")
    if button.fontMetrics().height() > button.height():
        yield Fault("cut", name_of(button), button.text(), f"only {button.height()} px high")


def _cut_tabs(bar: QTabBar) -> Iterator[Fault]:
    for number in range(bar.count()):
        place = bar.tabRect(number)
        if (
            place.right() > bar.width() + SLACK
            or bar.fontMetrics().horizontalAdvance(bar.tabText(number)) > place.width()
        ):
            yield Fault("cut", name_of(bar), bar.tabText(number), f"{place} in {bar.width()}")


def _cut_cells(table: QTableView) -> Iterator[Fault]:
    model = table.model()
    for row in range(min(model.rowCount(), 40) if model is not None else 0):
        for column in range(model.columnCount()):
            if table.isColumnHidden(column) or table.isRowHidden(row):
                continue
            index = model.index(row, column)
            words = model.data(index, Qt.ItemDataRole.DisplayRole)
            if not isinstance(words, str) or not words:
                continue
            needed = table.fontMetrics().horizontalAdvance(words) + PADDING
            tip = model.data(index, Qt.ItemDataRole.ToolTipRole)
            whole = isinstance(tip, str) and _plain(words) in _plain(tip)
            if needed > table.columnWidth(column) + SLACK and not whole:
                yield Fault("cut", name_of(table), words, f"{needed} px in {table.columnWidth(column)}")


def _cut_headings(header: QHeaderView) -> Iterator[Fault]:
    model = header.model()
    for number in range(header.count()):
        words = (
            model.headerData(number, header.orientation(), Qt.ItemDataRole.DisplayRole) if model is not None else None
        )
        if header.isSectionHidden(number) or not isinstance(words, str):
            continue
        tip = model.headerData(number, header.orientation(), Qt.ItemDataRole.ToolTipRole)
        needed, room = header.fontMetrics().horizontalAdvance(words) + PADDING, header.sectionSize(number)
        if header.orientation() == Qt.Orientation.Vertical:
            room = header.width()
        if needed > room + SLACK and not (isinstance(tip, str) and _plain(words) in _plain(tip)):
            yield Fault("cut", name_of(header), words, f"{needed} px in {room}")


def _cut_line(line: QLineEdit) -> Iterator[Fault]:
    needed = line.fontMetrics().horizontalAdvance(line.placeholderText())
    if not line.text() and needed > line.contentsRect().width() and not _told(line, line.placeholderText()):
        yield Fault("cut", name_of(line), line.placeholderText(), f"{needed} px in {line.contentsRect().width()}")


# --- places -------------------------------------------------------------------------------


def _too_small(window: QWidget) -> Iterator[Fault]:
    """What is laid out needs more room than the window has: something is squeezed, or beyond its edge."""
    for part in window.findChildren(QWidget):
        if not part.isVisible() or part.layout() is None or part.findChild(QStackedWidget) is not None:
            continue  # what is stacked asks for the room of all that could be shown there
        least = part.layout().minimumSize()
        if least.width() > part.width() + SLACK or least.height() > part.height() + SLACK:
            yield Fault("small", name_of(part), type(part).__name__, f"{least.toTuple()} in {part.size().toTuple()}")


def _speaks(widget: QWidget) -> bool:
    return bool(getattr(widget, "text", None)) and isinstance(widget, QLabel | QAbstractButton | QLineEdit | QComboBox)


def _away(widget: QWidget, window: QWidget) -> Iterator[Fault]:
    """Outside what holds it, or beside what can be scrolled to."""
    parent = widget.parentWidget()
    if parent is None or widget.isWindow() or not _speaks(widget):
        return
    area = _scroll_area(widget)
    if area is not None and not isinstance(area, QScrollArea):
        return  # cells and headings are measured by themselves
    if not parent.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(widget.geometry()):
        yield Fault(
            "away", name_of(widget), _words(widget), f"{widget.geometry().getRect()} in {parent.rect().getRect()}"
        )
    place = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())
    if area is None and not window.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK).contains(place):
        yield Fault("away", name_of(widget), _words(widget), f"{place.getRect()} in the window")
    if isinstance(area, QScrollArea) and area.horizontalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
        inside = widget.mapTo(area.widget(), QPoint(0, 0)).x() + widget.width()
        if inside > area.viewport().width() + SLACK and area.widget().width() > area.viewport().width():
            yield Fault("away", name_of(widget), _words(widget), f"to {inside} px of {area.viewport().width()}")


def _over(parent: QWidget) -> Iterator[Fault]:
    """Two controls with words, side by side in one place, of which one hides a part of the other."""
    children = [c for c in parent.children() if isinstance(c, QWidget) and c.isVisible() and _speaks(c) and _words(c)]
    for number, one in enumerate(children):
        for other in children[number + 1 :]:
            shared = one.geometry().intersected(other.geometry())
            if shared.width() > SLACK and shared.height() > SLACK:
                yield Fault("over", name_of(one), _words(one), f"{name_of(other)} {_words(other)[:30]!r}")


def _words(widget: QWidget) -> str:
    return widget.currentText() if isinstance(widget, QComboBox) else str(widget.text())  # type: ignore[attr-defined]


def mixed(words: str) -> bool:
    """A name that is read from right to left, and beside it letters or figures of ours that it would reorder."""
    outside, depth = "", 0
    for sign in words:
        depth += (sign == "\u2068") - (sign == "\u2069")
        outside += sign if not depth else ""
    return any(bidirectional(c) in ("R", "AL") for c in outside) and any(
        bidirectional(c) in ("L", "EN") for c in outside
    )


def _turned(widget: QWidget) -> Iterator[Fault]:
    told = {widget.toolTip()}
    if isinstance(widget, QLabel | QAbstractButton):
        told.add(widget.text())
    for words in told:
        # A file's place may be in any language, whole; no figure of ours stands beside it.
        if "/" not in words and mixed(words):
            yield Fault("turned", name_of(widget), words)


# --- painted words ---------------------------------------------------------------------------


@contextmanager
def _recorded(found: list[tuple[QWidget, QRect, str]], beyond: list[tuple[QWidget, str]]) -> Iterator[None]:
    """Notes down every line that `paint.text` has to shorten, and those below a thumbnail that do not lie in its cell."""
    real, real_cell = paint.text, ThumbnailPainter.cell
    cells: list[QRect] = []

    def cell(self: ThumbnailPainter, painter: QPainter, rect: QRect, *args: Any, **options: Any) -> None:
        cells.append(rect)
        real_cell(self, painter, rect, *args, **options)
        cells.pop()

    def text(painter: QPainter, rect: QRect, words: str, *args: Any, **options: Any) -> None:
        font = paint.theme.font(
            options.get("size", paint.theme.TEXT_BODY),
            semibold=options.get("semibold", False),
            tabular=options.get("tabular", False),
        )
        shown = QFontMetrics(font).elidedText(words, options.get("elide", Qt.TextElideMode.ElideRight), rect.width())
        device = painter.device()
        if cells and not cells[-1].contains(rect) and isinstance(device, QWidget):
            beyond.append((device, words))
        if (shown != words or mixed(words)) and isinstance(device, QWidget):
            found.append((device, painter.transform().mapRect(rect), words))
        real(painter, rect, words, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paint, "text", text)
        patch.setattr(ThumbnailPainter, "cell", cell)
        yield


def _painted(window: QWidget) -> Iterator[Fault]:
    found: list[tuple[QWidget, QRect, str]] = []
    beyond: list[tuple[QWidget, str]] = []
    with _recorded(found, beyond):
        for widget in window.findChildren(QWidget):
            if widget.isVisible() and not widget.visibleRegion().isEmpty():
                widget.repaint()
        QApplication.processEvents()
    for widget, words in beyond:
        yield Fault("over", name_of(widget), words, "painted beyond its cell")
    for widget, place, words in found:
        if mixed(words):
            yield Fault("turned", name_of(widget), words, "painted")
            continue
        point = place.center()
        if not widget.rect().contains(point):
            continue
        target = widget
        holder = widget.parentWidget()
        if isinstance(holder, QAbstractScrollArea) and holder.viewport() is widget:
            target = widget
        QToolTip.showText(target.mapToGlobal(point), "another", target)  # an earlier one would go only after a while
        QApplication.sendEvent(target, QHelpEvent(QEvent.Type.ToolTip, point, target.mapToGlobal(point)))
        if _plain(words) not in _plain(QToolTip.text()) and _plain(words) not in _plain(target.toolTip()):
            yield Fault("cut", name_of(widget), words, f"painted in {place.width()} px, no tooltip")
    QToolTip.hideText()
