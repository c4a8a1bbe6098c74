"""Files from the file manager dropped on a class: those of the project get it, the others are offered to be imported."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

from tlstudio.domain.errors import StudioError
from tlstudio.domain.importing import ImportResult
from tlstudio.domain.labels import Matched
from tlstudio.domain.wording import isolated
from tlstudio.gui import messages
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session
from tlstudio.gui.widgets.inline_message import InlineMessage


class Text:
    """Words of the offer."""

    new = "{files} not in this project yet."
    new_more = "Import {them} as {label}? The originals stay where they are."
    new_plain = "Import {them} without a class? The originals stay where they are."
    doing, no, close = "Import", "Not now", "Close"
    looking, importing = "Looking the files up", "Importing images"
    imported = "{images} imported."
    refused = "{files} could not be read; the Images page tells which."
    done = "{images} imported as {label}."
    where = "Drop the images on a class at the right."


class FileDrops(QObject):
    """assign_wanted: (image ids, class name or None). imported: new images are in the project."""

    assign_wanted = Signal(object, object)
    imported = Signal()

    def __init__(self, session: Session, message: InlineMessage) -> None:
        super().__init__(message)
        self._session, self._message = session, message
        self._unknown: tuple[Path, ...] = ()
        self._label: str | None = None
        self.import_button = message.add_button(
            named(QPushButton(Text.doing, message), "labels.import_dropped", Text.doing)
        )
        self.no_button = message.add_button(named(QPushButton(Text.no, message), "labels.leave_dropped", Text.no))
        self.import_button.clicked.connect(self._import)
        self.no_button.clicked.connect(message.hide)

    def drop(self, paths: list[Path], label: str | None) -> None:
        """Looks up in the worker which images these files are."""
        if self._session.read_only.reason:
            self._session.toast.emit(self._session.read_only.reason, "", None)
            return
        job = self._session.bridge.submit("match_files", Text.looking, project=self._session.project, paths=paths)
        project = self._session.project
        job.finished.connect(lambda matched: self._matched(project, matched, label))
        job.failed.connect(self._message_trouble)

    def _matched(self, project: Path | None, matched: Matched, label: str | None) -> None:
        if project != self._session.project:
            return
        if matched.images:
            self.assign_wanted.emit(list(matched.images), label)
        self._unknown, self._label = matched.unknown, label
        if matched.unknown:
            many = len(matched.unknown) > 1
            what = Text.new.format(files=messages.count(len(matched.unknown), "image is", "images are"))
            words = Text.new_more if label is not None else Text.new_plain
            self._message.say(what, words.format(them="them" if many else "it", label=isolated(label or "")), "caution")
            self._message.setToolTip("\n".join(str(path) for path in matched.unknown[:20]))
            self._show_buttons(True)

    def _import(self) -> None:
        self._message.hide()
        project, label = self._session.project, self._label
        job = self._session.bridge.submit(
            "add_files", Text.importing, project=project, paths=list(self._unknown), label=label
        )
        job.finished.connect(lambda result: self._imported(project, result, label))
        job.failed.connect(self._message_trouble)

    def _imported(self, project: Path | None, result: ImportResult, label: str | None) -> None:
        if project != self._session.project:
            return
        images = messages.count(result.images, "image")
        words = Text.done.format(images=images, label=isolated(label)) if label else Text.imported.format(images=images)
        if result.refused:
            words = f"{words} {Text.refused.format(files=messages.count(len(result.refused), 'file'))}"
        self._session.toast.emit(words, "", None)
        self.imported.emit()

    def _message_trouble(self, error: StudioError) -> None:
        self._message.tell(error)
        self._show_buttons(False)

    def _show_buttons(self, offer: bool) -> None:
        self.import_button.setVisible(offer)
        self.no_button.setText(Text.no if offer else Text.close)
