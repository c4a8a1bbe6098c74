"""Columns of cards that scroll inside their page."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QSizePolicy, QWidget

from tlstudio.gui import theme


def scroll_around(inner: QWidget) -> QScrollArea:
    """A vertical scroll area without a frame that shows the page's own ground behind `inner`."""
    inner.setProperty("role", "scrolled")
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what is inside; the keyboard's focus scrolls into sight
    area.verticalScrollBar().setSingleStep(theme.XXL)
    area.setWidget(inner)
    area.verticalScrollBar().rangeChanged.connect(lambda low, high: _keep_off(inner, high > low))
    return area


class FittedScroll(QScrollArea):
    """As high as what it holds, where the page has that room; lower, and scrolling, where it has not. least: in pixels."""

    def __init__(self, inner: QWidget, least: int) -> None:
        super().__init__()
        inner.setProperty("role", inner.property("role") or "scrolled")
        self._inner, self._least = inner, least
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setWidget(inner)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        inner = self._inner
        width = max(self.viewport().width(), inner.minimumSizeHint().width())
        height = inner.heightForWidth(width) if inner.hasHeightForWidth() else inner.sizeHint().height()
        return QSize(inner.sizeHint().width(), height)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._inner.minimumSizeHint().width(), min(self._least, self.sizeHint().height()))


def _keep_off(inner: QWidget, scrolls: bool) -> None:
    """A gap before the scroll bar while there is one; without it the cards end where the page's buttons end."""
    inside = inner.layout() or inner
    margins = inside.contentsMargins()
    margins.setRight(theme.S if scrolls else 0)
    inside.setContentsMargins(margins)


class _WheelGuard(QObject):
    """Lets the wheel scroll the column instead of changing the number that happens to lie under the mouse."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def keep_wheel_off(control: QWidget) -> None:
    """A control inside a scrolling column takes the wheel only while it has the focus."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_WheelGuard(control))


def clear(layout: QLayout) -> None:
    """Takes everything out of a layout and deletes the widgets, which keep their parent until then: see Collector."""
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.hide()
            widget.deleteLater()
