"""The project folder: making, opening and backing up, and the way to its database."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from tlstudio.domain.errors import (
    CantWrite,
    DiskFull,
    NotAProject,
    ProjectBusy,
    ProjectExists,
    StudioError,
    from_os_error,
)
from tlstudio.storage import files, schema

DATABASE = "project.db"
FOLDERS = ("cache", "runs", "exports", "backups")
BACKUPS_KEPT = 10
BUSY_SECONDS = 10.0


class Project:
    """A project on the disk. Holds no open handle: each transaction opens and closes its own connection."""

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

    def absolute(self, stored: str) -> Path:
        """A path from the database as an absolute one."""
        path = Path(stored)
        return path if path.is_absolute() else self.folder / path

    # --- making and opening ---

    @staticmethod
    def create(folder: Path, name: str) -> Project:
        """Makes an empty project. The folder may exist if it is empty; raises ProjectExists otherwise."""
        project = Project(folder.resolve())
        try:
            if project.database.exists() or (folder.is_dir() and any(folder.iterdir())):
                raise ProjectExists(
                    "This folder already holds something.", remedy="Choose an empty or a new folder.", path=folder
                )
            for sub in FOLDERS:
                (project.folder / sub).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, folder) from error
        with project._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            schema.create(db)
            with db:
                db.execute("INSERT INTO meta VALUES ('name', ?)", (name or project.folder.name,))
                db.execute("INSERT INTO meta VALUES ('created_at', ?)", (str(time.time()),))
        return project

    @staticmethod
    def open(folder: Path) -> Project:
        """Opens a project, migrating an older one after a backup. Raises NotAProject, ProjectTooNew or CantWrite."""
        project = Project(folder.resolve())
        if not project.database.is_file():
            raise NotAProject(
                "There is no project in this folder.",
                remedy="Choose the folder that holds project.db, or import images into a new project.",
                path=folder,
            )
        with project._connection() as db:
            found = schema.check(db, str(project.database))
            if found < schema.version():
                project.back_up()
                schema.migrate(db, found)
        return project

    def back_up(self) -> Path | None:
        """Copies the database into backups/ unless it is unchanged since the newest copy; keeps the last ten."""
        folder = self.folder / "backups"
        with self._connection() as db:
            mark = _state_mark(db)
            copies = sorted(folder.glob("project-*.db"))
            if copies and copies[-1].stem.endswith(f"_{mark}"):
                return None
            target = folder / f"project-{datetime.now():%Y%m%d-%H%M%S-%f}_{mark}.db"
            with files.replacing(target) as temporary, closing(sqlite3.connect(temporary)) as copy:
                db.backup(copy)
        try:
            for old in copies[: max(0, len(copies) + 1 - BACKUPS_KEPT)]:
                old.unlink()
        except OSError as error:
            raise from_os_error(error, folder) from error
        return target

    # --- the database ---

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries; rows are addressable by column name."""
        with self._connection() as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk when the block ends, none of it when the block raises."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.database, timeout=BUSY_SECONDS, isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                yield db
        except sqlite3.Error as error:
            raise named_failure(error, self.database) from error

    def meta(self, key: str, default: str = "") -> str:
        with self.read() as db:
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row["value"])

    def set_meta(self, key: str, value: str) -> None:
        with self.write() as db:
            db.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
            )


# Whatever the user can change shows in one of these; labels, images and splits only grow `changes`.
STATE = {
    "changes": "SELECT COUNT(*) FROM changes",
    "meta": "SELECT * FROM meta ORDER BY key",
    "classes": "SELECT * FROM classes ORDER BY id",
    "runs": "SELECT id, state, message, result FROM runs ORDER BY id",
    "refusals": "SELECT COUNT(*) FROM refusals",
    "dismissals": "SELECT kind, key FROM dismissals ORDER BY kind, key",
    "other_labels": "SELECT annotator, COUNT(*), MAX(at) FROM other_labels GROUP BY annotator",
}


def _state_mark(db: sqlite3.Connection) -> str:
    """Eight characters that change with the user's data; works on the tables of earlier versions too."""
    there = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    seen = hashlib.sha256()
    for table, query in STATE.items():
        for row in db.execute(query) if table in there else ():
            seen.update(repr(tuple(row)).encode())
    return seen.hexdigest()[:8]


def named_failure(error: sqlite3.Error, path: Path) -> StudioError:
    """The failure behind an SQLite error, by its documented result code (sqlite.org/rescode.html)."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return DiskFull("The disk is full.", remedy="Free some space and try again; nothing was lost.", path=path)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return CantWrite(
            "The project can't be written.",
            remedy="Copy the project folder to a place where you may write, and open it there.",
            path=path,
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ProjectBusy(
            "Another window or command is writing to this project.",
            remedy="Wait for it to end and try again.",
            path=path,
        )
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return NotAProject(
            "The project's database is damaged.",
            remedy="Delete project.db-wal and project.db-shm if they are there, then copy the newest file"
            " from the folder “backups” over project.db.",
            path=path,
        )
    return StudioError(
        f"The project's database reported an error: {error}.", remedy="Try again; nothing was lost.", path=path
    )
