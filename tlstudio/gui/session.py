"""What the window is about right now: the open project and the jobs; the only state that pages share."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ProjectSummary
from tlstudio.gui.job_bridge import JobBridge
from tlstudio.workflow import projects


class Session(QObject):
    """Holds the open project's summary and the job bridge, and tells the pages what changed.

    project_changed: another project was opened, or none. data_changed: images, labels or splits of the project changed.
    runs_changed: a run was made, finished or chosen. go_to: a page asks to show another one, by its key. say: a sentence
    for the message bar, with its tone (`good`, `caution`, `bad`) .
    """

    project_changed = Signal()
    data_changed = Signal()
    runs_changed = Signal()
    go_to = Signal(str)
    say = Signal(str, str)

    def __init__(self, bridge: JobBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.summary: ProjectSummary | None = None
        self.model_id = ""  # chosen on the Model page, used by the Train page
        self.run_id = ""  # looked at on the Inspect and Use pages; empty for the newest finished one

    @property
    def project(self) -> Path | None:
        return None if self.summary is None else self.summary.folder

    def open_project(self, folder: Path) -> bool:
        """Opens a project and remembers it; on a named failure says so and keeps the one that is open."""
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
        self.project_changed.emit()

    def refresh(self) -> None:
        """Reads the summary again after images or labels changed."""
        if self.project is not None:
            self.summary = projects.summary(self.project)
            self.data_changed.emit()
