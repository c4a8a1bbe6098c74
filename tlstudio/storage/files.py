"""Writing files so that a crash or a power cut leaves either the old or the new one, never half.

The order on a POSIX system: the bytes are synced, then the name is given, then the folder that holds the name is synced. A
function that has returned has therefore reached the drive.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import from_os_error
from tlstudio.domain.safe_text import storable

# What some file systems, mostly network ones, answer to the sync of a folder; the new name itself was accepted.
NO_FOLDER_SYNC = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR}
)
TENSOR_PART = ".tmp??????"  # what the tensor library calls a file that it has not finished
LARGEST_TEXT = 512 * 2**20  # bytes; what is kept of a run with a million images is smaller
PART = re.compile(r"^\..*\.(\d+)-[0-9a-f]{8}\.part$")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary name beside `path`; what was written there is synced and takes its place at the end.

    On any exception the temporary file goes and `path` stays as it was. Operating-system errors become named failures.
    """
    temporary = part_of(path)
    try:
        make_folder(path.parent)
        yield temporary
        with temporary.open("rb+") as file:
            _sync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        _discard(temporary)
        raise from_os_error(error, path) from error
    except BaseException:
        _discard(temporary)
        raise


def part_of(path: Path) -> Path:
    """A temporary name beside `path`, never given twice; the process number in it tells whether the writer still lives."""
    # A part of the name only: a name of full length plus our suffix would be too long for the file system.
    return path.with_name(f".{path.name[:40]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")


def move(file: Path, target: Path) -> None:
    """Gives a file that nobody has synced yet its place on the same volume, durably. Errors become named failures."""
    try:
        with file.open("rb+") as handle:
            _sync(handle.fileno())
        make_folder(target.parent)
        file.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise from_os_error(error, target) from error


def open_regular(path: Path) -> BufferedReader:
    """Opens a file for reading. Raises OSError, also for pipes, devices and folders (EINVAL): they would keep the reader waiting
    for ever, or never end.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return os.fdopen(handle, "rb")


def read_whole(path: Path) -> bytes:
    """All of a file, however long. Raises OSError as `open_regular` does."""
    with open_regular(path) as file:
        return file.read()


def need_regular(path: Path) -> None:
    """For what a library opens by its name. Raises OSError as `open_regular` does, and where there is nothing."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise _no_file(path)


def _no_file(path: Path) -> OSError:
    return OSError(errno.EINVAL, "it is not an ordinary file", str(path))


def read_small(path: Path, most: int) -> bytes:
    """A file that can't be long. Raises OSError: also for one above `most` bytes (EFBIG), and as `open_regular` does."""
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, "it is far too long for what it should be", str(path))
    return data


def read_text(path: Path, *, errors: str = "strict") -> str:
    """The UTF-8 text of a file that this program, or whoever sends the folder it lies in, has written. Raises OSError as
    `read_small` does, and ValueError for bytes that are no text unless `errors` says otherwise.
    """
    return read_small(path, LARGEST_TEXT).decode("utf-8", errors)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def append_line(path: Path, text: str) -> None:
    """Adds one line of UTF-8 text and syncs it. Raises DiskFull or CantWrite; the lines before it stay.

    Raises FileTrouble where the folder is gone: a line alone must not bring back what somebody has moved away.
    """
    try:
        new = not path.exists()
        with path.open("ab+") as file:
            file.write(_missing_end(path) + text.encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(path.parent)
    except OSError as error:
        raise from_os_error(error, path) from error


def _missing_end(path: Path) -> bytes:
    """The end of line that a crash has cost the file, so that half a line never swallows the next one."""
    size = path.stat().st_size
    if size == 0:
        return b""
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"" if file.read(1) == b"\n" else b"\n"


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Writes indented UTF-8 JSON atomically."""
    write_text(path, storable(json.dumps(data, indent=1, ensure_ascii=False)) + "\n")


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it that are missing; their names have reached the drive when it returns."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        if folder.parent == folder:
            break
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _sync(handle)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    """As fsync means it: macOS leaves the bytes in the drive's own memory unless it is asked in another way (fsync(2))."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
        except OSError as error:
            if error.errno not in NO_FOLDER_SYNC | {errno.ENOTTY}:
                raise
    os.fsync(handle)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed writes left directly in `folder`; call it only where nobody is writing. Never raises OSError."""
    with suppress(OSError):
        for path in [*folder.glob(".*.part"), *folder.glob(TENSOR_PART)]:
            _discard(path)


def remove_orphans(folder: Path, *, older_than: float = 0.0) -> None:
    """Removes what killed writes left directly in `folder`, as far as their process is gone. Never raises OSError.

    older_than: seconds that they must not have been touched; for folders where other computers write too.
    """
    import psutil

    with suppress(OSError):
        for path in list(folder.glob(".*.part")):
            maker = PART.match(path.name)
            gone = maker is not None and not psutil.pid_exists(int(maker[1]))
            if gone and path.stat().st_mtime <= time.time() - older_than:
                _discard(path)


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
