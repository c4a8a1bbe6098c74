"""Files that are none, or not what their name says; for every format."""

from __future__ import annotations

import os
import pickle
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

LARGE = 3 * 2**30  # a hole; takes no room on the disk


def _bytes(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def _link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may only be short
    try:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind(path.name)
    finally:
        os.chdir(before)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"x")


def _hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(LARGE)


STRANGE: dict[str, Callable[[Path], None]] = {
    "empty": _bytes(b""),
    "one byte": _bytes(b"\x08"),
    "seven bytes": _bytes(bytes(7)),
    "zeros": _bytes(bytes(1_000_000)),
    "noise": _bytes(np.random.default_rng(1).bytes(100_000)),
    "text": _bytes(b"this is no model\n" * 100),
    "a picture": _bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000)),
    "a pickle": _bytes(pickle.dumps({"a": [1, 2]})),
    "a web page": _bytes(b"<!doctype html><html>Please log in</html>"),
    "an address of a large file": _bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
    "an archive": _zip,
    "a hole of 3 GB": _hole,
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "an endless device": _link("/dev/zero"),
    "a silent device": _link("/dev/tty"),
    "the empty device": _link("/dev/null"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nowhere": _link("/nowhere/at/all"),
    "a link to another file": _link("/etc/hostname"),
}
