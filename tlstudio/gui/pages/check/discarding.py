"""Taking widgets out of a layout while one of them may be answering a click."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QWidget

from tlstudio.gui.read_only import ReadOnly


def discard(layout: QLayout, widget: QWidget, read_only: ReadOnly) -> None:
    """Qt deletes the widget once its events are done. read_only: watches some of the controls in it.

    It keeps its parent until then: without one it would belong to Python, whose garbage collector may run in any thread.
    """
    read_only.release(widget)
    layout.removeWidget(widget)
    widget.hide()
    widget.deleteLater()


def discard_all(layout: QLayout, read_only: ReadOnly) -> None:
    """See `discard`."""
    items = [layout.itemAt(place) for place in range(layout.count())]
    for item in items:
        widget = item.widget() if item is not None else None
        if widget is not None:
            discard(layout, widget, read_only)
