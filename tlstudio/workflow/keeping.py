"""Keeping a project safe: who may change it, what is looked at when it is opened, and its backups. Imports nothing heavy.

A window calls `projects.open_project` and then `look_after` in a worker; a command that changes a project does all of it with
`changing`. Whoever only reads needs neither. `check`, `evaluate`, `explain`, `export` and `predict` are safe beside an open
window: they write new files below runs/, cache/ and exports/ or where the user says, each complete before it gets its name, add a
line to the book of openings, and leave the database alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tlstudio.domain.errors import ProjectDamaged, StudioError
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.keeping import Backup, Restored
from tlstudio.storage import backups, holding, recovery
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import volume_of

PROGRAM = "Transfer Learning Studio"
SHARED = (
    "This project lies on a network drive, or on one of a kind that is not known here. It is saved in a way that is safe there,"
    " and a little slower. Only one computer can change it at a time."
)
NO_BACKUP = "No backup could be made: {}"


@contextmanager
def changing(project: Path, program: str, tell: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Around a command that changes a project, or makes one: nobody else may change it meanwhile, and a backup is made after.

    program: how others see it. tell: gets what the user should know and that keeps nothing from being done. Raises ProjectBusy
    naming who holds the project, or ProjectDamaged.
    """
    folder = project.expanduser().resolve()
    if not Project(folder).database.exists() and backups.newest(folder) is None:
        yield  # the command makes it, and nobody knows of it before
        _back_up(folder, tell)
        return
    recovery.require_present(folder)
    with holding.held(folder, program) as unclean:
        opened = prepare(folder)
        if volume_of(folder).shared:
            tell(SHARED)
        try:
            recovery.look_after(opened, unclean=unclean)
        except ProjectDamaged:
            raise
        except StudioError as error:
            tell(NO_BACKUP.format(error.what))
        yield
        _back_up(folder, tell)


def prepare(folder: Path) -> Project:
    """Opens a project that this program holds: gives its database the log that its volume can bear, and does the quick check.

    Raises ProjectDamaged naming a backup, and what `Project.open` raises.
    """
    Project(folder).settle_log()
    recovery.require_whole(folder)
    return Project.open(folder)


def prepare_in_a_blink(folder: Path) -> bool:
    """`prepare` for a window, which leaves the quick check of a large database to `look_after`: True where it does."""
    if not recovery.is_large(folder):
        prepare(folder)
        return False
    Project(folder).settle_log()
    Project.open(folder)
    return True


def _back_up(folder: Path, tell: Callable[[str], None]) -> None:
    try:
        if Project(folder).database.exists():
            Project(folder).back_up()
    except StudioError as error:
        tell(NO_BACKUP.format(error.what))


# --- for the window, in a worker ---


def look_after(project: Path, unclean: bool, unchecked: bool = False, reporter: Reporter = SILENT) -> None:
    """What a window has done to a project it has opened to change it, without waiting: see `recovery.look_after`."""
    reporter.report(Note("Looking whether everything is whole."))
    recovery.look_after(Project(project), unclean=unclean, unchecked=unchecked)


def back_up(project: Path, reporter: Reporter = SILENT) -> None:
    """Makes a backup if anything has changed since the newest. Raises DiskFull, CantWrite or ProjectDamaged."""
    Project(project).back_up()


def list_backups(project: Path, reporter: Reporter = SILENT) -> tuple[Backup, ...]:
    """The backups of a project, newest first. It may be damaged, or gone from its folder."""
    return tuple(backups.list_backups(project.expanduser().resolve()))


def restore_backup(project: Path, name: str | None = None, reporter: Reporter = SILENT) -> Restored:
    """Puts a backup in the place of the project's database, which becomes one more backup first; see `recovery.restore`."""
    reporter.report(Note("Restoring the backup."))
    return recovery.restore(project.expanduser(), name, PROGRAM)
