"""Rows of one shape and type, kept in one flat file and found by the content they were made from.

Pixel caches and features are both this. A row counts only once its key is in the index, and keys are written after the rows
are on the disk: a crash costs the rows of the last seconds and never leaves a wrong one.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import filelock
import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import DiskFull, ProjectBusy, from_os_error
from tlstudio.domain.events import Progress, Reporter
from tlstudio.storage.files import need_regular, read_whole

KEY_BYTES = 64  # a SHA-256 in hex
LINE = KEY_BYTES + 1
# Little enough to be on the disk before those who make the rows have run out of work: they go on a few rows ahead meanwhile.
FLUSH_BYTES = 8 * 2**20
WAIT_SECONDS = 0.2  # between two looks whether another writer has ended
DAY = 86_400.0
UNUSED_SECONDS = 30 * DAY
SPARE_BYTES = 200 * 2**20  # never fill a disk to the last byte: the database needs room too


class RowStore:
    """A growing array of (n, *shape) on the disk, under `folder`/`name`.rows and .keys. May be deleted at any time."""

    def __init__(self, folder: Path, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.row_bytes = int(np.prod(shape)) * self.dtype.itemsize
        self._data = folder / f"{name}.rows"
        self._index = folder / f"{name}.keys"
        self._lock = folder / f"{name}.lock"
        self.keys: dict[str, int] = {}
        self.reload()

    def reload(self) -> None:
        """Reads the index; rows beyond the shorter of both files don't count."""
        try:
            text = read_whole(self._index) if self._index.exists() else b""
            size = self._data.stat().st_size if self._data.exists() else 0
        except OSError as error:
            raise from_os_error(error, self._index) from error
        n = min(len(text) // LINE, size // self.row_bytes)
        self.keys = {text[i * LINE : i * LINE + KEY_BYTES].decode("ascii", "replace"): i for i in range(n)}
        self._count = n

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys that have no row yet, each once, in order."""
        return [key for key in dict.fromkeys(keys) if key not in self.keys]

    def rows(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """Row numbers of `keys` (int64, (len(keys),)); raises KeyError for one that is missing."""
        return np.array([self.keys[key] for key in keys], dtype=np.int64)

    def array(self) -> np.memmap[tuple[int, ...], np.dtype[np.generic]] | npt.NDArray[np.generic]:
        """All complete rows as a read-only memory map, (n, *shape)."""
        if self._count == 0:
            return np.empty((0, *self.shape), self.dtype)
        return np.memmap(self._data, dtype=self.dtype, mode="r", shape=(self._count, *self.shape))

    def take(self, keys: Sequence[str]) -> npt.NDArray[np.generic]:
        """Rows of `keys` as a new array in memory, in their order."""
        self._mark_used()
        return np.asarray(self.array()[self.rows(keys)])

    def _mark_used(self) -> None:
        """For `remove_unused`; once a day is enough."""
        with suppress(OSError):
            if time.time() - self._index.stat().st_mtime > DAY:
                os.utime(self._index)

    def writer(self, expected: int, reporter: Reporter | None = None) -> RowWriter:
        """Opens the store for appending about `expected` rows; raises DiskFull before writing when they can't fit.

        While somebody else writes, `reporter` is told so and this waits; some rows may have come meanwhile. Without a reporter
        that raises ProjectBusy.
        """
        return RowWriter(self, expected, reporter)


def remove_unused(folder: Path, older_than: float = UNUSED_SECONDS) -> None:
    """Removes the stores in a folder that nobody has used for so many seconds, as those of a network or a way to prepare pictures
    that is not used any more; one that somebody writes to stays. They are made again when they are needed. Never raises OSError.
    """
    with suppress(OSError):
        for index in list(folder.glob("*.keys")):
            if index.stat().st_mtime > time.time() - older_than:
                continue
            rows, lock = (index.with_name(index.name.removesuffix(".keys") + end) for end in (".rows", ".lock"))
            with suppress(filelock.Timeout), filelock.FileLock(lock, timeout=0):
                index.unlink(missing_ok=True)  # first: rows without keys count for nothing
                rows.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)


class RowWriter:
    """Appends rows; a context manager. One writer at a time, across processes."""

    def __init__(self, store: RowStore, expected: int, reporter: Reporter | None) -> None:
        self._store = store
        self._pending: list[str] = []
        self._pending_bytes = 0
        folder = store._data.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_space(folder, expected * store.row_bytes)
            self._lock = filelock.FileLock(store._lock)
            self._acquire(reporter)
        except filelock.Timeout as error:
            raise ProjectBusy(
                "Another window or command is preparing the same images.",
                remedy="Wait for it to end and try again.",
                path=folder,
            ) from error
        except OSError as error:
            raise from_os_error(error, folder) from error
        try:
            store.reload()
            self._data = self._open(store._data, store._count * store.row_bytes)
            try:
                self._index = self._open(store._index, store._count * LINE)
            except OSError:
                os.close(self._data)
                raise
        except OSError as error:
            self._lock.release()
            raise from_os_error(error, folder) from error

    def _acquire(self, reporter: Reporter | None) -> None:
        """Raises filelock.Timeout where there is another writer and nobody waits for it."""
        while True:
            try:
                self._lock.acquire(timeout=0 if reporter is None else WAIT_SECONDS)
                return
            except filelock.Timeout:
                if reporter is None:
                    raise
            reporter.report(Progress("Waiting for other work on the same images, which may be paused", 0, 0))

    @staticmethod
    def _open(path: Path, size: int) -> int:
        """Opens for appending at `size`, cutting off what a crash left behind."""
        if path.exists():
            need_regular(path)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        os.ftruncate(handle, size)
        os.lseek(handle, size, os.SEEK_SET)
        return handle

    def append(self, key: str, row: npt.NDArray[np.generic]) -> None:
        """Adds one row of the store's shape and dtype under a key of 64 characters."""
        if key in self._store.keys:
            return
        if len(key) != KEY_BYTES or not key.isascii():
            raise ValueError(f"a key has {KEY_BYTES} ASCII characters, not “{key}”")
        if row.shape != self._store.shape or row.dtype != self._store.dtype:
            raise ValueError(f"row of {row.shape} {row.dtype}, wanted {self._store.shape} {self._store.dtype}")
        try:
            _write_all(self._data, np.ascontiguousarray(row).data.cast("B"))
        except OSError as error:
            raise from_os_error(error, self._store._data) from error
        self._store.keys[key] = self._store._count + len(self._pending)
        self._pending.append(key)
        self._pending_bytes += self._store.row_bytes
        if self._pending_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Puts rows on the disk first and their keys after them."""
        if not self._pending:
            return
        try:
            os.fsync(self._data)
            _write_all(self._index, "".join(f"{key}\n" for key in self._pending).encode("ascii"))
            os.fsync(self._index)
        except OSError as error:
            raise from_os_error(error, self._store._data) from error
        self._store._count += len(self._pending)
        self._pending, self._pending_bytes = [], 0

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not isinstance(error, DiskFull):
                self.flush()
        finally:
            os.close(self._data)
            os.close(self._index)
            self._lock.release()
            self._store.reload()


def _write_all(handle: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + SPARE_BYTES > free:
        gigabytes = (needed + SPARE_BYTES - free) / 1e9
        raise DiskFull(
            f"The disk has too little room for the prepared images: {needed / 1e9:.1f} GB are needed.",
            remedy=f"Free {max(gigabytes, 0.1):.1f} GB, or move the project to another disk.",
            path=folder,
        )
