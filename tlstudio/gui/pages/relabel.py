"""Changing labels, marks and classes from a page: the engine's call, the undo toast, and the news for the other pages."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.labels import ImageQuery
from tlstudio.domain.values import ProjectSummary
from tlstudio.gui import messages
from tlstudio.gui.job_bridge import error_text
from tlstudio.gui.later import later
from tlstudio.gui.session import Session
from tlstudio.workflow import labeling, labeling_many
from tlstudio.workflow.labeling import LabelChange
from tlstudio.workflow.labeling_many import ManyChanged

T = TypeVar("T")

MANY = 2000  # images from which on a change is left to the worker: it would hold up the window
_TASK = "edit_many"


class Text:
    """Words of the toasts."""

    undo, redo = "Undo", "Redo"
    working = "Changing {images}"
    busy = "One moment: {images} are being changed."


@dataclass(frozen=True)
class ManyDeed:
    """A deed of `labeling_many` that is left to the worker. images: about how many.

    show: brings the page up to date. back: the button that takes it back, and what that does; undo where there is none. words:
    what is said when it is done, in place of the engine's sentence. nothing: what is said where nothing had to be changed.
    refresh: whether figures of the project are others now, and the other pages have to hear of it.
    """

    name: str
    images: int
    show: Callable[[LabelChange], None]
    ids: Sequence[int] = ()
    values: Sequence[object] = ()
    back: tuple[str, Callable[[], None]] | None = None
    words: str = ""
    nothing: str = ""
    refresh: bool = True


class Relabeler(QObject):
    """changed: (image ids, class name or None) after `assign`. edited: (image ids) after `edit`. reloaded: after an undo, or when
    the classes changed. turned: the id of an image that an undo or redo has changed.

    `telling` is true while the other pages hear of a change that this page has shown already. Very many images are changed by the
    worker: what is returned says then that nothing has changed yet, and the signals come when it is done. query: what the page
    shows, so that the worker finds it anew. arrived: a ManyChanged with that before these signals, None after them.
    """

    changed = Signal(object, object)  # lists go as they are: Qt would turn them over number by number
    edited = Signal(object)
    reloaded = Signal()
    turned = Signal(int)
    arrived = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.telling = False
        self.query: Callable[[], ImageQuery | None] = lambda: None
        self.read_only = session.read_only

    def assign(self, ids: Sequence[int], label: str | None) -> bool:
        """Gives images a class (None takes it away) and offers the undo. False when nothing was changed."""
        if not ids:
            return False
        if len(ids) > MANY:
            self.leave(ManyDeed("label", len(ids), lambda _: self.changed.emit(list(ids), label), ids, (label,)))
            return False
        change = self._try(lambda project: labeling.set_label(project, list(ids), label))
        if change is None or not change.images:
            return False
        self.changed.emit(list(ids), label)
        self._tell()
        self._session.toast.emit(change.sentence, Text.undo, self.undo)
        return True

    def do(self, name: str, ids: Sequence[int], *values: object) -> bool:
        """`edit` with one of `labeling_many.DEEDS` by its name, for any number of images."""
        if len(ids) > MANY:
            self.leave(ManyDeed(name, len(ids), lambda _: self.edited.emit(list(ids)), ids, values))
            return False
        return self.edit(ids, lambda project: labeling_many.DEEDS[name](project, list(ids), *values))

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
        self._turn("undo", labeling.size_of_undo, Text.redo, self.redo)

    def redo(self) -> None:
        self._turn("redo", labeling.size_of_redo, Text.undo, self.undo)

    def _turn(self, name: str, size: Callable[[Path], int], back: str, do: Callable[[], None]) -> None:
        events = self._try(size)
        if events is not None and events > MANY:
            self.leave(ManyDeed(name, events, self._show_turned, back=(back, do)))
            return
        change = self._try(labeling_many.TURNS[name]) if events is not None else None
        if change is not None:
            self._after(parts=change.parts)
            self._point_at(change)
            self._session.toast.emit(change.sentence, back, do)

    def _show_turned(self, change: LabelChange) -> None:
        self.reloaded.emit()
        self._point_at(change)

    def _point_at(self, change: LabelChange) -> None:
        if change.first is not None:
            self.turned.emit(change.first)

    def can_undo(self) -> bool:
        return self._session.project is not None and labeling.can_undo(self._session.project)

    def can_redo(self) -> bool:
        return self._session.project is not None and labeling.can_redo(self._session.project)

    def move_class(self, name: str, *classes: str, images: int, then: Callable[[], None]) -> None:
        """One of `labeling_many.CLASS_DEEDS` on a class with this number of images. then: done afterwards, if it succeeds."""

        def show(_: LabelChange) -> None:
            self.reloaded.emit()
            then()

        if images > MANY:
            self.leave(ManyDeed(name, images, show, values=classes))
        elif self.change_classes(lambda project: labeling_many.CLASS_DEEDS[name](project, *classes)):
            then()

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

    # --- very many images ---

    def leave(self, deed: ManyDeed) -> None:
        """Lets the worker do it."""
        project = self._try(lambda project: project)
        if project is None:
            return
        title = Text.working.format(images=messages.count(deed.images, "image"))
        wanted = {"project": project, "deed": deed.name, "ids": array("q", deed.ids), "values": tuple(deed.values)}
        job = self._session.bridge.submit(_TASK, title, **wanted, query=self.query())
        job.finished.connect(lambda result: self._handed_back(project, result, deed))
        job.failed.connect(lambda error: self._session.toast.emit(error_text(error), "", None))

    def _handed_back(self, project: Path, result: ManyChanged, deed: ManyDeed) -> None:
        change = result.change
        if project != self._session.project or change is None:
            return
        if not change.images:
            if deed.nothing:
                self._session.toast.emit(deed.nothing, "", None)
            return
        self.arrived.emit(result)
        deed.show(change)
        self.arrived.emit(None)
        words = deed.words or change.sentence

        def tell() -> None:
            if project == self._session.project:
                if deed.refresh:
                    self._tell(result.summary)
                if words:
                    self._session.toast.emit(words, *(deed.back or (Text.undo, self.undo)))

        later(self, tell)  # in a turn of its own: each of both takes its time

    def refuses(self) -> bool:
        """Says why nothing can be changed now, if that is so."""
        refused = self._session.read_only.reason or self._busy()
        if refused:
            self._session.toast.emit(refused, "", None)
        return bool(refused)

    def _busy(self) -> str:
        """What is said while many images are being changed; they can't be changed otherwise meanwhile. Empty else."""
        job = self._session.bridge.running(_TASK)
        if job is None:
            return ""
        doing = job.title.removeprefix(Text.working.format(images=""))
        return Text.busy.format(images=doing)

    def _try(self, deed: Callable[[Path], T]) -> T | None:
        if self._session.project is None or self.refuses():
            return None
        try:
            return deed(self._session.project)
        except StudioError as error:
            self._session.toast.emit(error_text(error), "", None)
            return None

    def _after(self, *, parts: bool = False) -> None:
        self.reloaded.emit()
        self._tell(parts=parts)

    def _tell(self, summary: ProjectSummary | None = None, *, parts: bool = False) -> None:
        self.telling = True
        try:
            self._session.refresh(summary, parts=parts)
        finally:
            self.telling = False
