"""Marks on images: unsure, left out, noted; by key, menu or button, on what is selected or on the image that is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from tlstudio.domain.values import ImageRow
from tlstudio.gui.pages.relabel import Relabeler

UNSURE, LEFT_OUT, NOTE = "u", "x", "n"  # the keys, which are the names here


class Marking(QObject):
    """Turns a key into an edit. The image that the keyboard is on decides whether a mark is set or taken away."""

    def __init__(self, relabeler: Relabeler) -> None:
        super().__init__(relabeler)
        self._relabeler = relabeler

    def toggle(self, key: str, ids: Sequence[int], current: ImageRow) -> bool:
        """Marks all of `ids`, or takes the mark away from all, whichever `current` does not have yet."""
        deed, value = {UNSURE: ("unsure", not current.unsure), LEFT_OUT: ("left_out", not current.excluded)}[key]
        return self._relabeler.do(deed, ids, value)

    def note(self, ids: Sequence[int], words: str) -> bool:
        return self._relabeler.do("note", ids, words)

    def accept(self, ids: Sequence[int]) -> bool:
        """Takes over the suggestions of these images."""
        return self._relabeler.do("accept", ids)
