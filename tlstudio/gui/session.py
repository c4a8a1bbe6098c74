"""What the window is about right now: the open project and the jobs; the only state that pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from tlstudio.domain.errors import ProjectDamaged, StudioError
from tlstudio.gui.job_bridge import Job, JobBridge
from tlstudio.gui.read_only import ReadOnly

if TYPE_CHECKING:
    from tlstudio.domain.keeping import Opened
    from tlstudio.domain.values import ProjectSummary

BACKUP_MS = 30 * 60_000
LOOK_MS = 30_000  # between two looks whether another computer has taken the project over


class Text:
    READ_ONLY = "You can look at this project, but not change it. {}"
    TRY_AGAIN, TAKE_OVER, BACKUPS = "Try again", "Take it over", "Show the backups"
    SILENT = "It has not been heard of for a while. Take the project over only if that computer is off or the program has ended."
    NO_BACKUP = "No backup could be made. {}"


class Session(QObject):
    """Holds the open project's summary and the job bridge, and tells the pages what changed.

    project_changed: another project was opened, or none. data_changed: images, labels or splits of the project changed.
    runs_changed: a run was made, finished or chosen. steps_changed: a page is done now, or something waits on it. go_to: a page
    asks to show another one, by its key. say: a sentence for the message bar, with its tone (`good`, `caution`, `bad`). offer:
    the same with a button, its caption and what it does. toast: a sentence at the foot of the page for a few seconds, with the
    caption of its button (`Undo`; may be empty) and what it does. open_wanted: open this path, be it a project, a folder of
    images or a model file.
    choose_wanted: ask for a folder to open. commands_wanted, help_wanted: the buttons at the right of every page's title.
    backups_wanted: show the backups of the project in this folder.

    A project is held as long as it is open, so that no other program changes it; `read_only` watches the controls that change
    something, and knows why they may not.
    """

    project_changed = Signal()
    data_changed = Signal()
    runs_changed = Signal()
    steps_changed = Signal()
    go_to = Signal(str)
    say = Signal(str, str)
    offer = Signal(str, str, str, object)
    toast = Signal(str, str, object)
    open_wanted = Signal(object)
    choose_wanted = Signal()
    commands_wanted = Signal()
    help_wanted = Signal()
    backups_wanted = Signal(object)

    def __init__(self, bridge: JobBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.summary: ProjectSummary | None = None
        self.openings = 0  # projects opened and closed so far: tells one that was opened anew from the same one
        self.model_id = ""  # chosen on the Model page, used by the Train page
        self.run_id = ""  # looked at on the Inspect and Use pages; empty for the newest finished one
        self.bundle: Path | None = None  # the model file of the Use page: the last export, or one that was opened
        self.read_only = ReadOnly(self)
        self._held: set[Path] = set()
        self._backup_timer = QTimer(self, interval=BACKUP_MS)
        self._backup_timer.timeout.connect(self._back_up)
        self._look_timer = QTimer(self, interval=LOOK_MS)
        self._look_timer.timeout.connect(self._look)
        bridge.job_ended.connect(lambda _: self._let_go())

    @property
    def project(self) -> Path | None:
        return None if self.summary is None else self.summary.folder

    def open_project(self, folder: Path, *, take_over: bool = False) -> bool:
        """Opens a project and remembers it; on a named failure says so and keeps the one that is open."""
        # Imported here: the first page is painted before the database code is needed.
        from tlstudio.workflow import projects

        try:
            opened = projects.open_project(folder, take_over=take_over)
        except StudioError as error:
            self._tell_not_opened(error, folder)
            return False
        self.summary = opened.summary
        self.openings += 1
        self.model_id = self.run_id = ""
        self._hold(opened)
        self.project_changed.emit()
        self._tell_how(opened)
        return True

    def close_project(self) -> None:
        self.summary = None
        self.openings += 1
        self.model_id = self.run_id = ""
        self._let_go()
        self.read_only.set_reason("")
        self.project_changed.emit()

    # --- holding ---

    def _hold(self, opened: Opened) -> None:
        from tlstudio.workflow import projects

        folder = opened.summary.folder
        self.read_only.set_reason(Text.READ_ONLY.format(opened.read_only) if opened.read_only else "")
        if not opened.read_only:
            if folder in self._held:
                projects.close_project(folder)  # opened twice, held once
            self._held.add(folder)
            job = self.bridge.submit("look_after", project=folder, unclean=opened.unclean, unchecked=opened.unchecked)
            job.failed.connect(lambda error: self._tell_backup(error, folder))
            self._backup_timer.start()
            self._look_timer.start()
        self._let_go()

    def _let_go(self, *, ended: bool = False) -> None:
        """Lets go of projects that are not open any more, once no work for them is under way. ended: none is, as the workers have
        ended, whatever became of the jobs that they were given.
        """
        for folder in [f for f in self._held if f != self.project and (ended or not self.jobs_of(f))]:
            from tlstudio.workflow import projects

            projects.close_project(folder)
            self._held.remove(folder)

    def jobs_of(self, folder: Path) -> list[Job]:
        """The work that is queued or under way for a project."""
        return [job for job in self.bridge.jobs() if folder in _places(job.arguments)]

    def end(self) -> None:
        """The window is closing and its workers have ended."""
        self.summary = None
        self._backup_timer.stop()
        self._look_timer.stop()
        self.read_only.release()
        self._let_go(ended=True)

    def _look(self) -> None:
        from tlstudio.workflow import projects

        if self.project is None or self.read_only.reason:
            return
        taken = projects.taken_over(self.project)
        if taken:
            self.read_only.set_reason(Text.READ_ONLY.format(taken))
            self._offer_again(self.project)

    def _back_up(self) -> None:
        folder = self.project
        if folder is not None and not self.read_only.reason and self.bridge.running("back_up") is None:
            job = self.bridge.submit("back_up", project=folder)
            job.failed.connect(lambda error: self._tell_backup(error, folder))

    # --- saying ---

    def _tell_not_opened(self, error: StudioError, folder: Path) -> None:
        if isinstance(error, ProjectDamaged):
            self.offer.emit(str(error), "bad", Text.BACKUPS, lambda: self.backups_wanted.emit(folder))
        else:
            self.say.emit(str(error), "bad")

    def _tell_how(self, opened: Opened) -> None:
        from tlstudio.workflow.keeping import SHARED

        folder = opened.summary.folder
        if opened.may_take_over:
            self.offer.emit(
                f"{self.read_only.reason} {Text.SILENT}",
                "caution",
                Text.TAKE_OVER,
                lambda: self.open_project(folder, take_over=True),
            )
        elif opened.read_only:
            self._offer_again(folder)
        elif opened.shared:
            self.say.emit(SHARED, "caution")

    def _offer_again(self, folder: Path) -> None:
        self.offer.emit(self.read_only.reason, "caution", Text.TRY_AGAIN, lambda: self.open_project(folder))

    def _tell_backup(self, error: StudioError, folder: Path) -> None:
        if isinstance(error, ProjectDamaged):
            self._tell_not_opened(error, folder)
        elif folder == self.project:
            self.say.emit(Text.NO_BACKUP.format(f"{error.what} {error.remedy}".strip()), "caution")

    def refresh(self, summary: ProjectSummary | None = None, *, parts: bool = True) -> None:
        """Reads the summary again after images or labels changed, unless somebody brings it along.

        parts: whether images may have come or gone, or be in another part or group.
        """
        from tlstudio.workflow import projects

        if self.project is None:
            return
        try:
            self.summary = summary or projects.summary(self.project, None if parts else self.summary)
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


def _places(arguments: dict[str, Any]) -> Iterator[Path]:
    """The project folders that a job works on."""
    for value in (arguments.get("project"), getattr(arguments.get("request"), "project", None)):
        if isinstance(value, Path):
            yield value
