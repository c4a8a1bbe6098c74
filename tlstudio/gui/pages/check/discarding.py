"""A column of widgets that come and go, while one of them may be answering a click."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from tlstudio.gui.read_only import ReadOnly

W = TypeVar("W", bound=QWidget)


class Column(Generic[W]):
    """The widgets of a layout, top to bottom. read_only: watches some of the controls in them.

    Remembered here, because the layout can't be asked: for its items, which Qt deletes without telling, PySide makes Python
    objects that live on; the next widget at such an address is then taken for the item, and its end ends the program.
    """

    def __init__(self, layout: QVBoxLayout, read_only: ReadOnly) -> None:
        self._layout = layout
        self._read_only = read_only
        self._widgets: list[W] = []

    def __iter__(self) -> Iterator[W]:
        return iter(list(self._widgets))

    def put(self, place: int, widget: W) -> None:
        """At that place, whether it is new or was elsewhere in the column."""
        if widget in self._widgets:
            self._widgets.remove(widget)
        self._widgets.insert(place, widget)
        self._layout.insertWidget(place, widget)

    def discard(self, widget: W) -> None:
        """Qt deletes the widget once its events are done.

        It keeps its parent until then: without one it would belong to Python, whose garbage collector may run in any thread.
        """
        self._read_only.release(widget)
        self._widgets.remove(widget)
        self._layout.removeWidget(widget)
        widget.hide()
        widget.deleteLater()

    def clear(self) -> None:
        for widget in self:
            self.discard(widget)
