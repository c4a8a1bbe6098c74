"""Putting weights into the user's own folder: room on the disk, progress, and all or nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tlstudio.catalog.weights import check_folder, own_folder
from tlstudio.domain.errors import DiskFull, FileTrouble, from_os_error
from tlstudio.domain.events import Progress, Reporter, Unit

SPARE = 64_000_000  # bytes that stay free on the user's disk
CHUNK = 1 << 20  # bytes
INTERVAL = 0.1  # seconds between two reports: how fast a wish to cancel is noticed


class Meter:
    """Reports progress in bytes, at most ten times a second; a report raises Cancelled when the user wants to stop.

    `start`: bytes that were there before; they count as done but not towards the speed.
    """

    def __init__(self, reporter: Reporter, stage: str, total: int, start: int = 0) -> None:
        self._reporter, self._stage, self._total = reporter, stage, total
        self._start = self._done = start
        self._began = time.monotonic()
        self.report()

    def add(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._last >= INTERVAL:
            self.report()

    def restart(self) -> None:
        """What had arrived is void; begins again at nothing."""
        self._start = self._done = 0
        self._began = time.monotonic()

    def report(self) -> None:
        self._last = time.monotonic()
        fresh = self._done - self._start
        speed = fresh / (self._last - self._began) if fresh and self._last > self._began else 0.0
        left = (self._total - self._done) / speed if speed else None
        self._reporter.report(Progress(self._stage, self._done, self._total, left, Unit.BYTES))


def unfinished_folder() -> Path:
    """Where weights wait until they are whole; its name begins with a dot, so no search finds it."""
    return own_folder() / ".unfinished"


def make_room(count: int) -> None:
    """Raises DiskFull unless `count` bytes fit into the user's own folder, CantWrite where it can't be made."""
    folder = unfinished_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise from_os_error(error, folder) from error
    if free < count + SPARE:
        raise DiskFull(
            f"The disk is too full: the model needs {_megabytes(count + SPARE)} MB and {_megabytes(free)} MB are free.",
            remedy="Free some space, or move the program's data with the environment variable TLSTUDIO_HOME.",
            path=folder,
        )


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keeps other windows and commands from adding or downloading the same model; the system frees it after a crash."""
    from filelock import FileLock, Timeout

    folder = unfinished_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name}.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise FileTrouble(
            f"Another window or command is adding or downloading {name} now.", remedy="Wait until that one is ready."
        ) from error
    except OSError as error:
        raise from_os_error(error, folder) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staging(name: str) -> Iterator[Path]:
    """An empty folder called `name`; when the block ends well, it is checked and takes its place among the weights.

    On any exception it goes, and weights of the same name that were there before stay as they were. Hold `alone` meanwhile.
    """
    parent = unfinished_folder() / f"{name}.new"
    folder = parent / name
    try:
        shutil.rmtree(parent, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        check_folder(folder)
        _place(folder, own_folder() / name)
    except OSError as error:
        raise from_os_error(error, folder) from error
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _place(folder: Path, final: Path) -> None:
    """Renames `folder` to `final`; what was there before comes back if that fails."""
    if not final.exists():
        folder.replace(final)
        return
    before = folder.with_name("before")
    final.replace(before)
    try:
        folder.replace(final)
    except OSError:
        before.replace(final)
        raise


def _megabytes(count: int) -> int:
    return max(0, round(count / 1e6))
