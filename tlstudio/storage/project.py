"""The project folder: making and opening it, and the way to its database."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tlstudio.domain.errors import (
    CantWrite,
    DiskFull,
    FileTrouble,
    NotAProject,
    ProjectBusy,
    ProjectExists,
    StudioError,
    from_os_error,
)
from tlstudio.storage import backups, files, holding, moves, schema
from tlstudio.storage.database import connected, readable, scratch, settle_log

DATABASE = "project.db"
UP = "../"
NEAR = 2  # so many folders above the project the folder may lie that holds both the images and it
FOLDERS = ("cache", "runs", "exports", "backups")


class Project:
    """A project on the disk. Holds no open handle: each transaction opens and closes its own connection."""

    UNPACKED = ".unpacked-"  # how folders begin that an import unpacks an archive into

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # --- places inside ---

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def exports(self) -> Path:
        return self.folder / "exports"

    @property
    def copies(self) -> Path:
        """Where imported files go when the user wants them copied."""
        return self.folder / "images"

    def run_folder(self, run_id: str) -> Path:
        return self.folder / "runs" / run_id

    def require_there(self) -> None:
        """Raises FileTrouble where the folder was moved or removed, or its drive is gone."""
        if not self.database.is_file():
            raise FileTrouble(
                "The project's folder is not there any more.",
                remedy="Connect the drive it is on, or open the project where it is now; an interrupted training goes on there.",
                path=self.folder,
            )

    def absolute(self, stored: str) -> Path:
        """A path from the database as an absolute one."""
        if stored.startswith(UP):
            return Path(os.path.normpath(f"{self.folder}/{stored}"))
        path = Path(stored)
        return path if path.is_absolute() else self.folder / path

    def stored(self, place: str) -> str:
        """An absolute path as the database keeps it: from the project on where it lies inside or near it, so that both can be
        moved together; see `moves.settle`."""
        for level, base in enumerate((self.folder, *self.folder.parents[:NEAR])):
            if base != base.parent and place.startswith(f"{base}{os.sep}"):
                return UP * level + place[len(str(base)) + 1 :].replace(os.sep, "/")
        return place

    # --- making and opening ---

    @staticmethod
    def create(folder: Path, name: str) -> Project:
        """Makes an empty project. The folder may exist if it is empty; raises ProjectExists otherwise.

        The database gets its name when it is complete: a program that is killed meanwhile leaves no half project.
        """
        project = Project(folder.resolve())
        try:
            if not _is_free(project.folder):
                raise ProjectExists(
                    "This folder already holds something.", remedy="Choose an empty or a new folder.", path=folder
                )
            files.remove_leftovers(project.folder)
            for sub in FOLDERS:
                files.make_folder(project.folder / sub)
        except OSError as error:
            raise from_os_error(error, folder) from error
        try:
            with files.replacing(project.database) as temporary, scratch(temporary) as db:
                schema.create(db)
                db.execute("INSERT INTO meta VALUES ('name', ?)", (name or project.folder.name,))
                db.execute("INSERT INTO meta VALUES ('created_at', ?)", (str(time.time()),))
                db.execute("INSERT INTO meta VALUES (?, ?)", (moves.PLACE, str(project.folder)))
        except StudioError:
            with suppress(OSError):  # its name may be there although it could not be made durable
                project.database.unlink(missing_ok=True)
            raise
        project.settle_log()
        return project

    @staticmethod
    def open(folder: Path, *, looking: bool = False) -> Project:
        """Opens a project, migrating an older one after a backup.

        looking: it will only be read, so one that can be read as it is stays so.

        Raises NotAProject, ProjectDamaged, ProjectTooNew, and CantWrite or ProjectBusy where it is too old to be read as it is.
        """
        project = Project(folder.resolve())
        if not project.database.is_file():
            raise NotAProject(
                "There is no project in this folder.",
                remedy="Choose the folder that holds project.db, or import images into a new project.",
                path=folder,
            )
        with project.read() as db:
            found = schema.check(db, str(project.database))
        if found < (schema.READABLE if looking else schema.version()):
            try:
                project._migrate()
            except (CantWrite, DiskFull, ProjectBusy):
                if found < schema.READABLE:
                    raise  # a newer one can be looked at as it is
        if not looking:
            moves.settle(project)
        return project

    def _migrate(self) -> None:
        with holding.held(self.folder, "Transfer Learning Studio"), connected(self.database) as db:
            # Asked again: another program may have done it while this one waited.
            found = schema.check(db, str(self.database))
            if found < schema.version():
                backups.make(db, self.folder)
                schema.migrate(db, found)

    def settle_log(self) -> None:
        """Gives the database the log that its volume can bear. What fails, such as while somebody reads, is done by the next
        opening."""
        with suppress(StudioError), connected(self.database) as db:
            settle_log(db, self.database)

    def back_up(self) -> Path | None:
        """Copies the database into backups/ unless it is unchanged since the newest copy; see `backups.make`."""
        with self.read() as db:
            return backups.make(db, self.folder)

    # --- the database ---

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries; rows are addressable by column name. Works on a full disk too."""
        with readable(self.database) as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, none of it when the block raises.

        Raises ProjectBusy when another program holds the project.
        """
        holding.require_free(self.folder)
        with connected(self.database) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    def meta(self, key: str, default: str = "") -> str:
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row["value"])

    def set_meta(self, key: str, value: str) -> None:
        with self.write() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
            )


def _is_free(folder: Path) -> bool:
    """Nothing in it but what making a project there leaves behind when it is killed."""
    if not folder.is_dir():
        return not folder.exists()
    for path in folder.iterdir():
        empty = path.name in FOLDERS and path.is_dir() and not any(path.iterdir())
        if not empty and files.PART.match(path.name) is None and path.name != holding.LOCK:
            return False
    return True
