"""One program at a time changes a project. Who does is written into the project folder, so that every other can say it.

A window holds its project as long as it is open, a command while it runs; the worker processes of a window belong to it. The
file `.holder.json` says who; `.holder.lock` is locked for the moment in which that changes. A holder that was killed is told by
its process, which is gone or was started later. On another computer only its sign of life can tell, every BEAT_SECONDS; one that
is silent may have lost its network, so the user is asked before it is passed over.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock
import psutil

from tlstudio.domain.errors import ProjectBusy, StudioError, from_os_error
from tlstudio.domain.keeping import Holder
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.places import user_name
from tlstudio.storage.processes import started_at

FILE, LOCK = ".holder.json", ".holder.lock"
BEAT_SECONDS = 30.0
SILENT_SECONDS = (
    180.0  # a holder on another computer that was silent for so long may be passed over, if the user says so
)
LOCK_SECONDS = 5.0
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
START_TOLERANCE = 2.0  # the start of a process is told in hundredths of seconds, against a clock that is corrected


@dataclass
class _Hold:
    """What this very process holds. count: how many times it was taken."""

    folder: Path
    token: str
    count: int = 1
    ended: threading.Event = field(default_factory=threading.Event)
    beating: threading.Thread | None = None


_held: dict[Path, _Hold] = {}
_changing = threading.RLock()


def take(folder: Path, program: str, *, over_silent: bool = False) -> bool:
    """Makes this program the one that changes the project; True when the last one ended without letting go.

    May be called again, and is to be followed by as many `let_go`. over_silent: the user says that the holder on another
    computer, silent for SILENT_SECONDS, has ended. Raises ProjectBusy naming the holder, CantWrite or DiskFull.
    """
    with _changing:
        hold = _held.get(folder)
        if hold is not None:
            hold.count += 1
            return False
        with _locked(folder):
            found = _read(folder)
            if found is not None and found["mine"] and _is_worker():
                return False  # the window holds it for its workers
            if found is not None and not found["mine"] and _in_the_way(folder, found, over_silent=over_silent):
                raise busy(_holder(folder, found))
            hold = _Hold(folder, uuid.uuid4().hex)
            _write(folder, hold.token, program)
        hold.beating = threading.Thread(target=_beat, args=(hold, program), name="holder", daemon=True)
        hold.beating.start()
        _held[folder] = hold
    # A mark of one's own number is from an earlier process of that number, or from a worker that is at work.
    return found is not None and (not found["mine"] or found["since"] < _family()[1] - START_TOLERANCE)


def let_go(folder: Path) -> None:
    """Undoes one `take`; others may change the project after the last one. Never raises StudioError."""
    with _changing:
        hold = _held.get(folder)
        if hold is None:
            return
        hold.count -= 1
        if hold.count:
            return
        del _held[folder]
        hold.ended.set()
        if folder.is_dir():  # to lock a file of one that was moved away would bring it back, empty
            with suppress(StudioError), _locked(folder):
                found = _read(folder)
                if found is not None and found["token"] == hold.token:
                    _remove(folder / FILE)
    if hold.beating is not None:
        hold.beating.join()


@contextmanager
def held(folder: Path, program: str) -> Iterator[bool]:
    """`take` and `let_go` around a block; gives what `take` returned."""
    unclean = take(folder, program)
    try:
        yield unclean
    finally:
        let_go(folder)


def other_holder(folder: Path) -> Holder | None:
    """Who keeps this program from changing the project; None when nobody does."""
    found = _read(folder)
    if found is None or found["mine"] or not _in_the_way(folder, found, over_silent=False):
        return None
    return _holder(folder, found)


def require_free(folder: Path) -> None:
    """Raises ProjectBusy when another program holds the project. Cheap: called before every change."""
    holder = other_holder(folder)
    if holder is not None:
        raise busy(holder)


def busy(holder: Holder) -> ProjectBusy:
    """The failure that names the holder."""
    if holder.silent is not None and holder.silent >= SILENT_SECONDS:
        remedy = (
            f"It has not been heard of for {holder.silent / 60:,.0f} minutes. If that computer is off, open the project in the"
            f" window and take it over, or delete the file {FILE} in the project's folder."
        )
    else:
        remedy = "Close it there, or wait for it to end, and try again."
    return ProjectBusy(f"Another program is working on this project: {holder.sentence()}", remedy=remedy)


# --- who am I ---


def _family() -> tuple[int, float]:
    """Number and start of the process that this one works for: its window's, or its own."""
    global _own_family
    if _own_family is None:
        parent = multiprocessing.parent_process()
        pid = os.getpid() if parent is None or parent.pid is None else parent.pid
        _own_family = (pid, started_at(pid) or time.time())
    return _own_family


_own_family: tuple[int, float] | None = None


def _is_worker() -> bool:
    return multiprocessing.parent_process() is not None


def _host() -> str:
    return platform.node() or "this computer"


# --- the file ---


def _read(folder: Path) -> dict[str, Any] | None:
    """What `_write` wrote, and whether it speaks of this program; None where nobody holds the project."""
    try:
        data = parse_json(files.read_text(folder / FILE))
        found = {
            "token": str(data["token"]),
            "program": str(data["program"]),
            "user": str(data["user"]),
            "host": str(data["host"]),
            "process": int(data["process"]),
            "started": float(data["started"]),
            "since": float(data["since"]),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {**found, "mine": found["host"] == _host() and found["process"] == _family()[0]}


def _write(folder: Path, token: str, program: str) -> None:
    process, started = _family()
    files.write_json(
        folder / FILE,
        {
            "program": program,
            "user": user_name(),
            "host": _host(),
            "process": process,
            "started": started,
            "since": time.time(),
            "token": token,
        },
    )


def _in_the_way(folder: Path, found: dict[str, Any], *, over_silent: bool) -> bool:
    """Whether another program's mark still counts."""
    if found["host"] != _host():
        return not over_silent or _silent(folder) < SILENT_SECONDS
    start = started_at(found["process"])
    if start is None or _last_sign(folder) < psutil.boot_time() - START_TOLERANCE:
        return False
    same = start == 0.0 or abs(start - found["started"]) <= START_TOLERANCE
    # A clock that was set moves every start; then the sign of life tells.
    return same or _silent(folder) < SILENT_SECONDS


def _last_sign(folder: Path) -> float:
    try:
        return (folder / FILE).stat().st_mtime
    except OSError:
        return 0.0


def _silent(folder: Path) -> float:
    """Seconds since the holder's last sign of life; by the volume's own clock, where this computer may write."""
    now = time.time()
    with suppress(OSError):
        os.utime(folder / LOCK)
        now = (folder / LOCK).stat().st_mtime
    return max(0.0, now - _last_sign(folder))


def _holder(folder: Path, found: dict[str, Any]) -> Holder:
    return Holder(
        program=found["program"],
        user=found["user"],
        host=found["host"],
        process=found["process"],
        since=found["since"],
        silent=None if found["host"] == _host() else _silent(folder),
    )


def _beat(hold: _Hold, program: str) -> None:
    """Gives signs of life until the project is let go, or another has taken it over."""
    while not hold.ended.wait(BEAT_SECONDS):
        with _changing, suppress(OSError, StudioError):
            found = _read(hold.folder)
            if hold.ended.is_set():
                return
            if found is None and hold.folder.is_dir():
                _write(hold.folder, hold.token, program)  # somebody removed the mark
            elif found is not None and found["token"] == hold.token:
                os.utime(hold.folder / FILE)


def _remove(mark: Path) -> None:
    """Windows refuses while another program just reads the file."""
    for pause in (0.0, 0.05, 0.2):
        time.sleep(pause)
        try:
            mark.unlink(missing_ok=True)
            return
        except OSError:
            continue


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """For the moment in which the holder changes. Where the system knows no locks, the mark alone has to do."""
    lock = filelock.FileLock(folder / LOCK, timeout=LOCK_SECONDS, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise ProjectBusy(
            "Another program is opening this project just now.", remedy="Try again in a moment.", path=folder
        ) from error
    except NotImplementedError:
        yield
        return
    except OSError as error:
        if error.errno in NO_LOCKS:
            yield
            return
        raise from_os_error(error, folder) from error
    try:
        yield
    finally:
        lock.release()
