"""Whether a project is whole, and the way back when it is not: checks, leftovers of killed writes, restoring a backup."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import NotAProject, ProjectDamaged, StudioError, from_os_error
from tlstudio.domain.keeping import Restored
from tlstudio.storage import backups, files, holding
from tlstudio.storage.database import BESIDE, at_rest, connected, named_failure, readable
from tlstudio.storage.project import DATABASE, Project
from tlstudio.storage.volumes import volume_of

CHECKED = "checked_at"  # in the table meta: when the last full check was passed (seconds since the epoch)
WEEK = 7 * 86_400.0
LARGE = 4 * 2**20  # bytes of a database whose quick check takes longer than a blink: it reads all of them
# Where other computers write too, their processes can't be asked: what is older than this was left behind.
SHARED_LEFTOVER_SECONDS = 86_400.0


def is_large(folder: Path) -> bool:
    """Whether a window should leave even the quick check to a worker."""
    try:
        return (folder / DATABASE).stat().st_size > LARGE
    except OSError:
        return False


def require_present(folder: Path) -> None:
    """Raises NotAProject where there is neither a database nor a backup, and ProjectDamaged where only the database is gone."""
    if not (folder / DATABASE).is_file():
        if backups.newest(folder) is None:
            raise NotAProject(
                "There is no project in this folder.",
                remedy="Choose the folder that holds project.db, or import images into a new project.",
                path=folder,
            )
        raise _damaged(folder, "The project's database is gone.")


def require_whole(folder: Path, *, full: bool = False) -> None:
    """Looks whether the database can be trusted: the quick check, or the full one, which also compares every index.

    Raises ProjectDamaged, which names the newest backup that passes, and what `require_present` raises.
    """
    require_present(folder)
    database = folder / DATABASE
    try:
        with readable(database) as db:
            if database.stat().st_size == 0:  # not before it is opened: a log may still have to be read back
                raise _damaged(folder, "The project's database is empty.")
            answer = db.execute(f"PRAGMA {'integrity' if full else 'quick'}_check(1)").fetchone()[0]
    except ProjectDamaged as error:
        raise _damaged(folder, error.what) from error
    if answer != "ok":
        raise _damaged(folder, "The project's database is damaged.")


def full_check_due(project: Project) -> bool:
    """Whether the last full check was more than a week ago."""
    try:
        return not 0 <= time.time() - float(project.meta(CHECKED, "0")) < WEEK
    except ValueError:
        return True


def check_fully(project: Project) -> None:
    """The full check, remembered when it is passed. Raises ProjectDamaged."""
    require_whole(project.folder, full=True)
    project.set_meta(CHECKED, str(time.time()))


def _damaged(folder: Path, what: str) -> ProjectDamaged:
    newest = backups.newest_sound(folder)
    if newest is None:
        remedy = "There is no backup that is whole. Import the images into a new project; your own files are untouched."
    else:
        remedy = (
            f"Restore the backup of {newest.sentence()}: in the window with “Backups”, or with"
            " “tlstudio backups restore --project DIR”."
        )
    return ProjectDamaged(what, remedy=remedy, path=folder / DATABASE)


# --- restoring ---


def restore(folder: Path, name: str | None, program: str) -> Restored:
    """Puts a backup in the place of the present database, which becomes one more backup first.

    name: as in `backups.list_backups`, or its beginning; None for the newest one that is sound. Raises ProjectDamaged for a
    damaged backup, FileTrouble for an unknown one, ProjectBusy, DiskFull or CantWrite; the present database then stays.
    """
    folder = folder.resolve()
    with holding.held(folder, program):
        chosen = backups.find(folder, name)
        found = backups.require_sound(chosen)
        database = folder / DATABASE
        try:
            kept = _restore_over(database, chosen)
        except ProjectDamaged:
            kept = backups.keep_damaged(folder, database)
            _replace(database, chosen)
        with suppress(StudioError):  # it is restored; the next opening tries again
            Project.open(folder).settle_log()
    return Restored(found, kept)


def _restore_over(database: Path, chosen: Path) -> str | None:
    """Restores within one transaction, so that whoever reads meanwhile sees the one or the other. Raises ProjectDamaged."""
    folder = database.parent
    if not database.is_file() or database.stat().st_size == 0:
        raise ProjectDamaged("There is nothing to restore over.", path=database)
    with connected(database) as db:
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise ProjectDamaged("The project's database is damaged.", path=database)
        # Not thinned out now: the one to restore could be among those that would go.
        made = backups.make(db, folder, thin_out=False) or backups.newest(folder)
        with at_rest(chosen) as source:
            try:
                source.backup(db)
            except sqlite3.Error as error:
                raise named_failure(error, database) from error
    return None if made is None else backups.name_of(made)


def _replace(database: Path, chosen: Path) -> None:
    """Puts the file itself in place. The old log goes first: read back into another database it would ruin that one."""
    try:
        for suffix in BESIDE:
            database.with_name(database.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, database) from error
    with files.replacing(database) as temporary:
        shutil.copyfile(chosen, temporary)


# --- leftovers ---


def tidy(project: Project) -> None:
    """Removes what killed writes and imports left in the project, wherever the program writes. Never raises OSError.

    Call it only where this program holds the project, so that no other imports into it.
    """
    with suppress(OSError):
        for unpacked in list(project.copies.glob(f"{project.UNPACKED}*")):
            shutil.rmtree(unpacked, ignore_errors=True)
    age = SHARED_LEFTOVER_SECONDS if volume_of(project.folder).shared else 0.0
    places = [project.folder, project.folder / backups.FOLDER, project.exports]
    with suppress(OSError):
        for root in (project.folder / "runs", project.cache, project.copies):
            places += [path for path in root.rglob("*") if path.is_dir()]
    for place in places:
        files.remove_orphans(place, older_than=age)
    with suppress(OSError):
        # Small pictures are not synced one by one: a power cut may leave names without content, which would never be made again.
        for picture in list(project.cache.rglob("*.jpg")):
            if picture.stat().st_size == 0:
                picture.unlink(missing_ok=True)
    with suppress(OSError):
        for unfinished in list((project.folder / "runs").rglob(files.TENSOR_PART)):
            unfinished.unlink(missing_ok=True)


def look_after(project: Project, *, unclean: bool, unchecked: bool = False) -> None:
    """What a project gets each time it is opened to be changed, and what may take a moment: the full check where it is due, or
    the last program that changed it did not end well; then leftovers and features that nobody needs any more are removed, and a
    backup is made.

    Raises ProjectDamaged before anything is backed up, and DiskFull or CantWrite where no backup can be made: that is no reason
    not to use the project, and the user should know it. unchecked: nobody has made the quick check yet.
    """
    if unclean or full_check_due(project):
        check_fully(project)
    elif unchecked:
        require_whole(project.folder)
    if unclean:
        tidy(project)
    from tlstudio.storage import rowstore  # brings numpy along, which a window does not wait for

    rowstore.remove_unused(project.cache / "features")
    try:
        project.back_up()
    except ProjectDamaged as error:
        raise _damaged(project.folder, error.what) from error
