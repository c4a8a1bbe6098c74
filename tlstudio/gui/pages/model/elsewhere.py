"""Training on another machine: packing what it needs, and bringing back what came of it; jobs at the foot of the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from tlstudio.domain.errors import ImagesChanged, StudioError
from tlstudio.domain.packing import PackResult, UnpackResult
from tlstudio.domain.wording import argument, isolated, size
from tlstudio.gui import messages
from tlstudio.gui.pages.base import named
from tlstudio.gui.session import Session

if TYPE_CHECKING:
    from tlstudio.domain.runs import TrainSettings


class Text:
    """Words about another machine."""

    button = "Another machine"
    pack = "Pack for another machine…"
    pack_with = "Pack together with the model…"
    pack_with_why = "For a machine without internet"
    back = "Bring back a finished training…"
    choose_place, choose_file = "Where to put the packed training", "Choose the trained file that came back"
    kinds = "Packed trainings (*.tlpack);;All files (*)"
    file_name = "{project}.tlpack"
    packing, unpacking = "Packing the training", "Bringing the training back"
    packed = "{file} ({size}) holds {images}, and no names. Train it there with “{command}”."
    command, copy = "tlstudio train --packed {name}", "Copy the command"
    returned = "The training is back, and is a run like any other."
    already = "This training is in the project already."
    look, take = "See the results", "Take the new ones"


class ElsewhereButton(QPushButton):
    """A button with a menu. settings: what would be trained now; None where nothing can be."""

    def __init__(self, session: Session, settings: Callable[[], TrainSettings | None], parent: QWidget) -> None:
        super().__init__(Text.button, parent)
        named(self, "model.elsewhere", Text.button)
        self._session, self._settings = session, settings
        menu = QMenu(self)
        menu.setObjectName("model.elsewhere_menu")
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._allow)
        self.setMenu(menu)
        self.pack_action = _add(menu, "pack", Text.pack, lambda: self._ask_place(with_weights=False))
        self.pack_with_action = _add(menu, "pack_with", Text.pack_with, lambda: self._ask_place(with_weights=True))
        self.pack_with_action.setToolTip(Text.pack_with_why)
        menu.addSeparator()
        self.back_action = _add(menu, "back", Text.back, self._ask_file)

    def actions_now(self) -> list[QAction]:
        """What can be done, for the list of commands."""
        self._allow()
        return [self.pack_action, self.pack_with_action, self.back_action]

    def _allow(self) -> None:
        running = self._session.bridge.running
        ready = self._settings() is not None and running("pack") is None
        for action in (self.pack_action, self.pack_with_action):
            action.setEnabled(ready)
        self.back_action.setEnabled(running("unpack") is None)
        self._session.read_only.grey(self.pack_action, self.pack_with_action, self.back_action)

    # --- there ---

    def _ask_place(self, *, with_weights: bool) -> None:
        summary = self._session.summary
        if summary is None:
            return
        safe = "".join("_" if c in '<>:"/\\|?*' else c for c in summary.name)
        proposed = Path.home() / Text.file_name.format(project=safe)
        dialog = QFileDialog(self.window(), Text.choose_place, str(proposed), Text.kinds)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("tlpack")
        _open(dialog, "model.pack_dialog", lambda file: self.pack(file, with_weights=with_weights))

    def pack(self, file: Path, *, with_weights: bool, changed: str = "ask") -> None:
        """changed: what is done about images whose files were exchanged since the import."""
        project, settings = self._session.project, self._settings()
        if project is None or settings is None:
            return
        wanted = {"out": file, "settings": settings, "with_weights": with_weights, "changed": changed}
        job = self._session.bridge.submit("pack", Text.packing, project=project, **wanted)
        job.finished.connect(self._packed)
        job.failed.connect(lambda error: self._not_packed(error, file, with_weights=with_weights))

    def _packed(self, done: PackResult) -> None:
        command = Text.command.format(name=argument(done.file.name))
        told = Text.packed.format(
            file=isolated(str(done.file)),
            size=size(done.bytes),
            images=messages.count(done.images, "image"),
            command=command,
        )
        # With something to do beside it, the sentence stays: there is a command to be taken along.
        self._session.offer.emit(told, "good", Text.copy, lambda: QGuiApplication.clipboard().setText(command))

    def _not_packed(self, error: StudioError, file: Path, *, with_weights: bool) -> None:
        if isinstance(error, ImagesChanged):
            again = self.pack
            self._session.tell(error, Text.take, lambda: again(file, with_weights=with_weights, changed="take"))
        else:
            self._session.tell(error)

    # --- and back ---

    def _ask_file(self) -> None:
        dialog = QFileDialog(self.window(), Text.choose_file, str(Path.home()), Text.kinds)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        _open(dialog, "model.unpack_dialog", self.bring_back)

    def bring_back(self, file: Path) -> None:
        project = self._session.project
        if project is None:
            return
        job = self._session.bridge.submit("unpack", Text.unpacking, packed=file, project=project)
        job.finished.connect(lambda result: self._returned(result, project))
        job.failed.connect(self._session.tell)

    def _returned(self, done: UnpackResult, project: Path) -> None:
        words = Text.already if done.already else Text.returned
        told = f"{words} {done.drift.sentence()}".strip()
        if project != self._session.project:
            self._session.say.emit(told, "good")
            return
        self._session.runs_changed.emit()
        tone = "caution" if done.drift.sentence() else "good"
        self._session.offer.emit(told, tone, Text.look, lambda: self._look(done.run))

    def _look(self, run: str) -> None:
        self._session.run_id = run
        self._session.runs_changed.emit()
        self._session.go_to.emit("inspect")


def _add(menu: QMenu, name: str, words: str, deed: Callable[[], None]) -> QAction:
    action = QAction(words, menu)
    action.setObjectName(f"model.{name}")
    action.triggered.connect(lambda _=False: deed())
    menu.addAction(action)
    return action


def _open(dialog: QFileDialog, name: str, chosen: Callable[[Path], None]) -> None:
    dialog.setObjectName(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda file: chosen(Path(file)))
    dialog.open()
