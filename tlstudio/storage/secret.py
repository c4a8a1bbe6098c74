"""The key of the hashes that stand for patients and the like.

A group made from a DICOM tag is kept as a keyed hash, never as the value. The key lies in the user's data folder and not in
the project: a project is copied, mailed and archived, and patient numbers are so few and so regular that whoever held both a
hash and its key could try them all. It is the same for all projects of a user, so that images added later join their groups.
Whoever loses it loses nothing else: the groups stay as they are, only new images of an old group are not recognised.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import FileTrouble, from_os_error
from tlstudio.storage import files
from tlstudio.storage.places import data_dir

LENGTH = 32


def secret_file() -> Path:
    return data_dir() / "group-secret"


def group_secret() -> bytes:
    """The key: 32 random bytes, made on first use, readable by the user alone. Raises FileTrouble for a damaged one."""
    path = secret_file()
    try:
        if not path.exists():
            _make(path)
        key = files.read_small(path, LENGTH + 1)
    except OSError as error:
        raise from_os_error(error, path) from error
    if len(key) != LENGTH:
        raise FileTrouble(
            "The key for the names of groups is damaged.",
            remedy="Restore it from a backup, or delete it: images added later will then not join their old groups.",
            path=path,
        )
    return key


def _make(path: Path) -> None:
    """Writes a new key under a name of its own and links it into place: of two programs that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
