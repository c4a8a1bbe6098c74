"""Changing labels, marks and classes from a page: the engine's call, the undo toast, and the news for the other pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.gui.job_bridge import error_text
from tlstudio.gui.session import Session
from tlstudio.workflow import labeling
from tlstudio.workflow.labeling import LabelChange

T = TypeVar("T")


class Text:
    """Words of the toasts."""

    undo, redo = "Undo", "Redo"


class Relabeler(QObject):
    """changed: (image ids, class name or None) after `assign`. edited: (image ids) after `edit`. reloaded: after an undo, or when
    the classes changed. turned: the id of an image that an undo or redo has changed.

    `telling` is true while the other pages hear of a change that this page has shown already.
    """

    changed = Signal(list, object)
    edited = Signal(list)
    reloaded = Signal()
    turned = Signal(int)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.telling = False
        self.read_only = session.read_only

    def assign(self, ids: Sequence[int], label: str | None) -> bool:
        """Gives images a class (None takes it away) and offers the undo. False when nothing was changed."""
        if not ids:
            return False
        change = self._try(lambda project: labeling.set_label(project, list(ids), label))
        if change is None or not change.images:
            return False
        self.changed.emit(list(ids), label)
        self._tell()
        self._session.toast.emit(change.sentence, Text.undo, self.undo)
        return True

    def edit(self, ids: Sequence[int], deed: Callable[[Path], LabelChange]) -> bool:
        """Does something else to images (marks, notes, suggestions) and offers the undo. False when nothing was changed."""
        change = self._try(deed) if ids else None
        if change is None or not change.images:
            return False
        self.edited.emit(list(ids))
        self._tell()
        self._session.toast.emit(change.sentence, Text.undo, self.undo)
        return True

    def undo(self) -> None:
        self._turn(labeling.undo, Text.redo, self.redo)

    def redo(self) -> None:
        self._turn(labeling.redo, Text.undo, self.undo)

    def _turn(self, deed: Callable[[Path], LabelChange | None], back: str, do: Callable[[], None]) -> None:
        change = self._try(deed)
        if change is not None:
            self._after()
            if change.first is not None:
                self.turned.emit(change.first)
            self._session.toast.emit(change.sentence, back, do)

    def can_undo(self) -> bool:
        return self._session.project is not None and labeling.can_undo(self._session.project)

    def can_redo(self) -> bool:
        return self._session.project is not None and labeling.can_redo(self._session.project)

    def change_classes(self, deed: Callable[[Path], object]) -> bool:
        """Adds, renames, merges or removes a class; a refusal becomes a toast and False."""

        def done(project: Path) -> tuple[object]:
            return (deed(project),)

        did = self._try(done)
        if did is None:
            return False
        self._after()
        if isinstance(did[0], LabelChange):
            self._session.toast.emit(did[0].sentence, Text.undo, self.undo)
        return True

    def _try(self, deed: Callable[[Path], T]) -> T | None:
        if self._session.project is None:
            return None
        if self._session.read_only.reason:
            self._session.toast.emit(self._session.read_only.reason, "", None)
            return None
        try:
            return deed(self._session.project)
        except StudioError as error:
            self._session.toast.emit(error_text(error), "", None)
            return None

    def _after(self) -> None:
        self.reloaded.emit()
        self._tell()

    def _tell(self) -> None:
        self.telling = True
        try:
            self._session.refresh()
        finally:
            self.telling = False
