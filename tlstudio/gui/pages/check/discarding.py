"""Taking widgets out of a layout while one of them may be answering a click."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QWidget


def discard(layout: QLayout, widget: QWidget) -> None:
    """Qt deletes the widget once its events are done.

    It keeps its parent until then: without one it would belong to Python, whose garbage collector may run in any thread.
    """
    layout.removeWidget(widget)
    widget.hide()
    widget.deleteLater()


def discard_all(layout: QLayout) -> None:
    """See `discard`."""
    items = [layout.itemAt(place) for place in range(layout.count())]
    for item in items:
        widget = item.widget() if item is not None else None
        if widget is not None:
            discard(layout, widget)
