"""Writing files so that a crash leaves either the old or the new one, never half."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import from_os_error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary name beside `path`; what was written there is synced and takes its place at the end.

    On any exception the temporary file goes and `path` stays as it was. Operating-system errors become named failures.
    """
    # A part of the name only: a name of full length plus our suffix would be too long for the file system.
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        _discard(temporary)
        raise from_os_error(error, path) from error
    except BaseException:
        _discard(temporary)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Writes `data` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, data: Any) -> None:
    """Writes indented UTF-8 JSON atomically."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def remove_leftovers(folder: Path) -> None:
    """Removes what killed writes left directly in `folder`; call it only where nobody is writing. Never raises OSError."""
    with suppress(OSError):
        for path in list(folder.glob(".*.part")):
            _discard(path)


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        # Some network file systems refuse to sync a folder; the rename itself was accepted.
        pass
    finally:
        os.close(handle)
