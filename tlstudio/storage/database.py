"""The way to an SQLite file: connections that lose nothing, and names for what can go wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from tlstudio.domain.errors import CantWrite, DiskFull, FileTrouble, ProjectBusy, ProjectDamaged, StudioError
from tlstudio.storage.volumes import volume_of

BUSY_SECONDS = 10.0
LEAST_FREE = 2**20  # bytes; with less, a failed write is put down to the full disk
RESTORE = "Restore a backup: in the window with “Backups”, or with “tlstudio backups restore --project DIR”."
DAMAGED = "The project's database is damaged."
BESIDE = ("-wal", "-shm", "-journal")
FAILURES: tuple[tuple[tuple[str, ...], type[StudioError], str, str], ...] = (
    (("SQLITE_FULL",), DiskFull, "The disk is full.", "Free some space and try again; nothing was lost."),
    (
        ("SQLITE_IOERR",),
        FileTrouble,
        "The drive that holds the project reported an error.",
        "What was saved before is kept. Check the drive and try again.",
    ),
    (("gone",), FileTrouble, "The project is not there any more.", "Connect the drive it is on and try again."),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"),
        CantWrite,
        "The project can't be written.",
        "Copy the project folder to a place where you may write, and open it there.",
    ),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        ProjectBusy,
        "Another window or command is writing to this project.",
        "Wait for it to end and try again.",
    ),
    (("SQLITE_NOTADB", "SQLITE_CORRUPT", "no text"), ProjectDamaged, DAMAGED, RESTORE),
)


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database that is there; rows are addressable by column name.

    What has been committed has reached the drive: `synchronous` is FULL, and on macOS the drive's own memory is flushed too.
    SQLite's errors become named failures.
    """
    with _named(path), closing(_connect(path, "rw")) as db:
        db.execute("PRAGMA synchronous = FULL")
        if sys.platform == "darwin":
            db.execute("PRAGMA fullfsync = ON")
            db.execute("PRAGMA checkpoint_fullfsync = ON")
        db.execute("PRAGMA foreign_keys = ON")
        yield db


@contextmanager
def readable(path: Path) -> Iterator[sqlite3.Connection]:
    """`connected`, for queries alone; it works on a full disk too, and where nothing may be written.

    There not even the small files can be made that SQLite keeps beside a database. It is then read as it lies there, unless a
    log has to be read back first.
    """
    ready = False
    try:
        with connected(path) as db:
            db.execute("PRAGMA schema_version").fetchone()
            ready = True
            yield db
    except (DiskFull, CantWrite):
        log = path.with_name(path.name + "-wal")
        if ready or not path.exists() or (log.exists() and log.stat().st_size):
            raise
    if not ready:
        with at_rest(path) as db:
            yield db


@contextmanager
def at_rest(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection for reading a database that nobody writes, such as a backup; leaves no file beside it."""
    with _named(path), closing(_connect(path, "ro&immutable=1")) as db:
        yield db


@contextmanager
def scratch(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a new file that gets its name later: no log beside it, and the caller syncs it."""
    with _named(path), closing(_connect(path, "rwc")) as db:
        db.execute("PRAGMA journal_mode = MEMORY")
        db.execute("PRAGMA synchronous = OFF")
        yield db


def settle_log(db: sqlite3.Connection, path: Path) -> None:
    """Gives a database the log that its volume can bear: the write-ahead log on a drive of this computer, else the classic one.

    Call it only where no one else uses the file. A database that was moved to a network share changes here.
    """
    wanted = "delete" if volume_of(path).shared else "wal"
    if wanted == "delete":
        # Without memory that is shared between processes; a share may not have any, not even for reading the old log.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
    if db.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
        db.execute(f"PRAGMA journal_mode = {wanted}")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    _need_files(path)
    # Never "rwc" for a database that should be there: SQLite would make an empty one in its place.
    text = path.absolute().as_posix()
    where = quote(os.fsencode(text) if os.name == "posix" else text)
    uri = f"file:{'//' if text.startswith('//') else ''}{where}?mode={mode}"
    db = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    db.row_factory = sqlite3.Row
    return db


def _need_files(path: Path) -> None:
    """Raises ProjectDamaged where a pipe or the like lies in the place of the database or of what SQLite keeps beside it: SQLite
    would wait for ever. What is missing is SQLite's to tell.
    """
    for beside in (path, *(path.with_name(path.name + suffix) for suffix in BESIDE)):
        try:
            kind = beside.stat().st_mode
        except OSError:
            continue
        if not stat.S_ISREG(kind):
            raise ProjectDamaged(DAMAGED, remedy=RESTORE, path=beside)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise named_failure(error, path) from error
    except UnicodeDecodeError as error:  # SQLite quotes what it finds, and damage is no text
        raise ProjectDamaged(DAMAGED, remedy=RESTORE, path=path) from error


def named_failure(error: sqlite3.Error, path: Path) -> StudioError:
    """The failure behind an SQLite error, by its documented result code (sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and _no_room(path):
        code = "SQLITE_FULL"
    if code.startswith("SQLITE_CANTOPEN") and not path.exists():
        code = "gone"
    if "decode to UTF-8" in str(error):  # Python's own words for a text that is none
        code = "no text"
    for beginnings, kind, what, remedy in FAILURES:
        if code.startswith(beginnings):
            return kind(what, remedy=remedy, path=path)
    return StudioError(
        f"The project's database reported an error: {error}.", remedy="Try again; nothing was lost.", path=path
    )


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LEAST_FREE
    except OSError:
        return False
