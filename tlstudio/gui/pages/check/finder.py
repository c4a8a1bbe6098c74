"""Missing images are looked for in a folder that the user names; the worker compares the files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from tlstudio.domain.results import FoundAgain
from tlstudio.gui.session import Session


class Text:
    """Words of the search."""

    title = "Choose the folder that holds the images now"
    looking = "Looking for the images"


class ImageFinder(QObject):
    """found: (FoundAgain) the search is through, whatever came of it. trouble: (StudioError) it could not be made."""

    found = Signal(object)
    trouble = Signal(object)

    def __init__(self, session: Session, place: QWidget) -> None:
        super().__init__(place)
        self._session, self._place = session, place

    def ask(self) -> None:
        """Asks for the folder without holding up the window."""
        project = self._session.project
        if project is None:
            return
        dialog = QFileDialog(self._place.window(), Text.title, str(project.parent))
        dialog.setObjectName("check.find_dialog")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda folder: self.look(Path(folder)))
        dialog.open()

    def look(self, folder: Path) -> None:
        job = self._session.bridge.submit("find_images", Text.looking, project=self._session.project, folder=folder)
        job.finished.connect(self._done)
        job.failed.connect(self.trouble)

    def _done(self, result: FoundAgain) -> None:
        self._session.toast.emit(result.sentence(), "", None)
        self._session.refresh()
        self.found.emit(result)
