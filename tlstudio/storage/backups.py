"""Backups of the project's database in backups/: made by SQLite's own backup, thinned out with age, and put back.

Their names give the time (UTC) and eight characters of what they hold, so that nothing is copied twice.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tlstudio.domain.errors import FileTrouble, ProjectDamaged, StudioError, from_os_error
from tlstudio.domain.keeping import Backup
from tlstudio.storage import files, schema
from tlstudio.storage.database import RESTORE, at_rest, named_failure, scratch

FOLDER = "backups"
# Earlier versions wrote local time, without the Z.
NAME = re.compile(r"^project-(\d{8}-\d{6}-\d{6})(Z?)_(\w+)$")
TIME = "%Y%m%d-%H%M%S-%f"
DAY = 86_400.0
LAST_DAY_KEPT = 10
DAILY_DAYS, WEEKLY_DAYS = 14, 182

# Whatever the user can change shows in one of these; edits of labels, images and splits only grow `changes`.
STATE = {
    "changes": "SELECT COUNT(*), MAX(id), MAX(at) FROM changes",
    "meta": "SELECT * FROM meta WHERE key <> 'checked_at' ORDER BY key",
    "classes": "SELECT * FROM classes ORDER BY id",
    "runs": "SELECT id, state, message, result FROM runs ORDER BY id",
    "refusals": "SELECT COUNT(*) FROM refusals",
    "dismissals": "SELECT kind, key FROM dismissals ORDER BY kind, key",
    "other_labels": "SELECT annotator, COUNT(*), MAX(at) FROM other_labels GROUP BY annotator",
}


def make(db: sqlite3.Connection, project: Path, *, now: float | None = None, thin_out: bool = True) -> Path | None:
    """Copies an open database into backups/ unless it is unchanged since the newest backup, and thins the older ones out.

    The copy is checked before it gets its name: a damaged one never takes the place of a good one. now: seconds since the
    epoch. Raises ProjectDamaged, DiskFull or CantWrite, the backups that are there staying.
    """
    folder = project / FOLDER
    mark = _state_mark(db)
    there = _paths(folder)
    if there and there[-1].stem.endswith(f"_{mark}"):
        return None
    moment = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
    target = folder / f"project-{moment:{TIME}}Z_{mark}.db"
    with files.replacing(target) as temporary:
        with scratch(temporary) as copy:
            try:
                db.backup(copy)
            except sqlite3.Error as error:
                raise named_failure(error, target) from error
        if not _passes(temporary, "quick_check"):
            raise ProjectDamaged("The project's database is damaged.", remedy=RESTORE, path=project)
    if thin_out:
        _thin(folder, moment.timestamp())
    return target


def list_backups(project: Path) -> list[Backup]:
    """All backups, newest first, with what they hold; one that can't be read is said to be damaged."""
    return [_describe(path) for path in reversed(_paths(project / FOLDER))]


def find(project: Path, name: str | None) -> Path:
    """The backup of that name, or of a name that begins so; without one the newest that is sound. Raises FileTrouble."""
    paths = _paths(project / FOLDER)
    if name is None:
        newest = newest_sound(project)
        if newest is not None:
            return project / FOLDER / f"project-{newest.name}.db"
        raise FileTrouble("There is no backup that can be restored.", path=project / FOLDER)
    fitting = [path for path in paths if name_of(path) == name] or [p for p in paths if name_of(p).startswith(name)]
    if len(fitting) != 1:
        what = f"There is no backup called “{name}”." if not fitting else f"Several backups begin with “{name}”."
        raise FileTrouble(what, remedy="“tlstudio backups list” shows their names.", path=project / FOLDER)
    return fitting[0]


def newest(project: Path) -> Path | None:
    """The newest backup, sound or not."""
    return next(reversed(_paths(project / FOLDER)), None)


def newest_sound(project: Path) -> Backup | None:
    """The newest backup that passes the check; None when none does."""
    for path in reversed(_paths(project / FOLDER)):
        with suppress(StudioError):
            require_sound(path)
            return _describe(path)
    return None


def require_sound(path: Path) -> Backup:
    """Describes a backup after a full check. Raises ProjectDamaged."""
    found = _describe(path)
    if found.damaged or not _passes(path, "integrity_check"):
        raise ProjectDamaged("This backup is damaged.", remedy="Choose an earlier one.", path=path)
    return found


def keep_damaged(project: Path, database: Path) -> str | None:
    """Copies a database that can't be read, and its log, as they are; returns the backup's name, None where nothing was."""
    if not database.is_file() or (
        database.stat().st_size == 0 and not database.with_name(database.name + "-wal").is_file()
    ):
        return None
    target = project / FOLDER / f"project-{datetime.now(UTC):{TIME}}Z_damaged.db"
    for suffix in ("-wal", "-journal", ""):
        source = database.with_name(database.name + suffix)
        if source.is_file():  # a pipe holds nothing to keep
            with files.replacing(target.with_name(target.name + suffix)) as temporary:
                shutil.copyfile(source, temporary)
    return name_of(target)


def to_remove(times: Sequence[float], now: float) -> set[int]:
    """Which of these backups (seconds since the epoch, oldest first) are not needed any more, by their place in the list.

    Kept: the newest, the ten newest of the last 24 hours, the newest of each day for two weeks, and before that the newest of
    each week for half a year.
    """
    kept = set(range(len(times))[-1:])
    recent = [i for i, at in enumerate(times) if now - at <= DAY]
    kept.update(recent[-LAST_DAY_KEPT:])
    buckets: dict[tuple[object, ...], int] = {}
    for i, at in enumerate(times):
        age = (now - at) / DAY
        day = datetime.fromtimestamp(at)
        if age <= DAILY_DAYS:  # of the last day too, or many a day would leave none to grow old
            buckets["day", day.date()] = i
        elif age <= WEEKLY_DAYS:
            buckets["week", *day.isocalendar()[:2]] = i
    return set(range(len(times))) - kept - set(buckets.values())


def _thin(folder: Path, now: float) -> None:
    paths = _paths(folder)
    try:
        for i in to_remove([_made_at(path) for path in paths], now):
            for suffix in ("-wal", "-journal", ""):
                paths[i].with_name(paths[i].name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise from_os_error(error, folder) from error


def _paths(folder: Path) -> list[Path]:
    """The backups, oldest first."""
    return sorted((p for p in folder.glob("project-*.db") if NAME.match(p.stem)), key=lambda p: (_made_at(p), p.name))


def _made_at(path: Path) -> float:
    found = NAME.match(path.stem)
    if found is None:
        return 0.0
    try:
        moment = datetime.strptime(found[1], TIME)
    except ValueError:
        return 0.0
    return (moment.replace(tzinfo=UTC) if found[2] else moment).timestamp()


def name_of(path: Path) -> str:
    """What the backup is called in lists."""
    return path.stem.removeprefix("project-")


def _describe(path: Path) -> Backup:
    size = 0
    with suppress(OSError):
        size = path.stat().st_size
    try:
        with at_rest(path) as db:
            schema.check(db, str(path))
            images, labels = db.execute("SELECT COUNT(*), COUNT(class_id) FROM images").fetchone()
            columns = {row["name"] for row in db.execute("PRAGMA table_info(classes)")}
            classes = db.execute(
                "SELECT COUNT(*) FROM classes" + (" WHERE NOT removed" if "removed" in columns else "")
            ).fetchone()[0]
    except (StudioError, sqlite3.Error):
        return Backup(name_of(path), _made_at(path), size, damaged=True)
    return Backup(name_of(path), _made_at(path), size, images, classes, labels)


def _passes(path: Path, check: str) -> bool:
    try:
        with at_rest(path) as db:
            return bool(db.execute(f"PRAGMA {check}(1)").fetchone()[0] == "ok")
    except ProjectDamaged:
        return False


def _state_mark(db: sqlite3.Connection) -> str:
    """Eight characters that change with the user's data; works on the tables of earlier versions too."""
    there = {row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    seen = hashlib.sha256()
    for table, query in STATE.items():
        for row in db.execute(query) if table in there else ():
            seen.update(repr(tuple(row)).encode())
    return seen.hexdigest()[:8]
