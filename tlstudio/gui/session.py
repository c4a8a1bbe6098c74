"""What the window is about right now: the open project and the jobs; the only state that pages share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.gui.job_bridge import JobBridge

if TYPE_CHECKING:
    from tlstudio.domain.values import ProjectSummary


class Session(QObject):
    """Holds the open project's summary and the job bridge, and tells the pages what changed.

    project_changed: another project was opened, or none. data_changed: images, labels or splits of the project changed.
    runs_changed: a run was made, finished or chosen. go_to: a page asks to show another one, by its key. say: a sentence
    for the message bar, with its tone (`good`, `caution`, `bad`). offer: the same with a button, its caption and what it
    does. toast: a sentence at the foot of the page for a few seconds, with the caption of its button (`Undo`; may be empty)
    and what it does. open_wanted: open this path, be it a project, a folder of images or a model file.
    choose_wanted: ask for a folder to open. commands_wanted, help_wanted: the buttons at the right of every page's title.
    """

    project_changed = Signal()
    data_changed = Signal()
    runs_changed = Signal()
    go_to = Signal(str)
    say = Signal(str, str)
    offer = Signal(str, str, str, object)
    toast = Signal(str, str, object)
    open_wanted = Signal(object)
    choose_wanted = Signal()
    commands_wanted = Signal()
    help_wanted = Signal()

    def __init__(self, bridge: JobBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.summary: ProjectSummary | None = None
        self.model_id = ""  # chosen on the Model page, used by the Train page
        self.run_id = ""  # looked at on the Inspect and Use pages; empty for the newest finished one
        self.bundle: Path | None = None  # the model file of the Use page: the last export, or one that was opened

    @property
    def project(self) -> Path | None:
        return None if self.summary is None else self.summary.folder

    def open_project(self, folder: Path) -> bool:
        """Opens a project and remembers it; on a named failure says so and keeps the one that is open."""
        # Imported here: the first page is painted before the database code is needed.
        from tlstudio.workflow import projects

        try:
            self.summary = projects.open_project(folder)
        except StudioError as error:
            self.say.emit(str(error), "bad")
            return False
        self.model_id = self.run_id = ""
        self.project_changed.emit()
        return True

    def close_project(self) -> None:
        self.summary = None
        self.model_id = self.run_id = ""
        self.project_changed.emit()

    def refresh(self) -> None:
        """Reads the summary again after images or labels changed."""
        from tlstudio.workflow import projects

        if self.project is None:
            return
        try:
            self.summary = projects.summary(self.project)
        except StudioError as error:
            self.say.emit(str(error), "bad")
            return
        self.data_changed.emit()

    def tell(self, error: StudioError, action: str = "", do: Callable[[], None] | None = None) -> None:
        """Shows a named failure in the message bar, with a button where there is a deed that helps."""
        text = f"{error.what} {error.remedy}".strip()
        if do is None:
            self.say.emit(text, "bad")
        else:
            self.offer.emit(text, "bad", action, do)
