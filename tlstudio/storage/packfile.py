"""The file in which a training travels to another machine, and the one in which it comes back.

Both are plain ZIP files without compression, so that any program can look into them. `manifest.json` says what the file is,
which version of the format it has, and of each part the length in bytes and the SHA-256. Nothing in such a file is trusted: a
part that is compressed, encrypted, named in another way or longer than it says is refused before anything is read, and what is
read counts only once its hash was found right. As no part is compressed, none can be larger than the file itself.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import tlstudio
from tlstudio.domain.errors import PackRefused, from_os_error
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files
from tlstudio.storage.zips import BROKEN

VERSION = 1
MANIFEST = "manifest.json"
MOST_PARTS = 1000
LONGEST_MANIFEST = 2**20  # bytes
CHUNK = 2**20
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every part: when it was made is nobody's business
NAME = re.compile(r"[a-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(/[a-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*){0,4}")
LONGEST_NAME = 200
ENCRYPTED = 0x1
AGAIN = "Copy the file again from where it came from."
# And what more a list of parts with odd numbers makes of it.
_ODD = (ValueError, ArithmeticError, LookupError, struct.error, UnicodeError)


class Kind(StrEnum):
    """What a file holds."""

    TRAINING = "tlstudio-training"  # on its way to another machine
    RUN = "tlstudio-run"  # on its way back

    @property
    def told(self) -> str:
        return "a packed training" if self is Kind.TRAINING else "a training that comes back from another machine"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    bytes: int
    sha256: str


# --- writing ---------------------------------------------------------------------------------------------------------------


class PackWriter:
    """Adds parts to a file under way."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: list[Part] = []

    def add(self, name: str, data: Iterable[bytes | memoryview]) -> Part:
        """Writes one part from its pieces; they may be of any length, also all together."""
        assert NAME.fullmatch(name), name
        digest, length = hashlib.sha256(), 0
        with self._archive.open(_entry(name), "w", force_zip64=True) as out:
            for piece in data:
                out.write(piece)
                digest.update(piece)
                length += len(piece)
        self.parts.append(Part(name, length, digest.hexdigest()))
        return self.parts[-1]

    def add_json(self, name: str, value: Any) -> Part:
        return self.add(name, [json.dumps(value, ensure_ascii=False).encode("utf-8")])

    def add_file(self, name: str, path: Path) -> Part:
        """Raises OSError where the file can't be read."""
        with files.open_regular(path) as file:
            return self.add(name, iter(lambda: file.read(CHUNK), b""))


@contextmanager
def writing(path: Path, kind: Kind, told: dict[str, Any]) -> Iterator[PackWriter]:
    """A new file, which gets its name when it is complete. told: more for the manifest. Raises DiskFull, CantWrite …"""
    with files.replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        writer = PackWriter(archive)
        yield writer
        parts = [{"name": p.name, "bytes": p.bytes, "sha256": p.sha256} for p in writer.parts]
        manifest = {
            "format": kind.value,
            "version": VERSION,
            "made_with": tlstudio.__version__,
            **told,
            "parts": parts,
        }
        archive.writestr(_entry(MANIFEST), json.dumps(manifest, indent=1, ensure_ascii=False))


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # the same bytes, wherever it is made
    return entry


# --- reading ---------------------------------------------------------------------------------------------------------------


class PackFile:
    """A file of which the list of parts agrees with the manifest; each part is looked at when it is read."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, kind: Kind) -> None:
        self.path = path
        self._archive = archive
        self._entries = self._directory()
        self.manifest = self._manifest(kind)
        self.parts = {part.name: part for part in self._parts()}
        self._compare()

    def _directory(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._archive.infolist()
        if len(entries) > MOST_PARTS:
            raise damaged(self.path, "It holds far more parts than it should.")
        for entry in entries:
            name = entry.filename
            if len(name) > LONGEST_NAME or NAME.fullmatch(name) is None:
                raise damaged(self.path, "A part of it has a name that is not allowed.")
            plain = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
            if not plain or entry.flag_bits & ENCRYPTED:
                raise damaged(self.path, f"The part {name} is compressed or encrypted.")
        if len({entry.filename.lower() for entry in entries}) < len(entries):
            raise damaged(self.path, "Two of its parts have the same name.")
        if sum(entry.file_size for entry in entries) > self.path.stat().st_size:
            raise damaged(self.path, "Its parts say that they are longer than the file.")
        return {entry.filename: entry for entry in entries}

    def _manifest(self, kind: Kind) -> dict[str, Any]:
        entry = self._entries.get(MANIFEST)
        if entry is None or entry.file_size > LONGEST_MANIFEST:
            raise _none_of_ours(self.path, kind)
        try:
            found = parse_json(b"".join(self._pieces(entry)))
        except ValueError as error:
            raise damaged(self.path, "Its list of parts can't be read.") from error
        if not isinstance(found, dict) or found.get("format") not in tuple(Kind):
            raise _none_of_ours(self.path, kind)
        if found["format"] != kind.value:
            raise PackRefused(
                f"This file is {Kind(found['format']).told}, not {kind.told}.",
                remedy="Choose the other file. “tlstudio pack” makes the one that is trained with “tlstudio train --packed”; "
                "what that writes is brought back with “tlstudio unpack”.",
                path=self.path,
            )
        version = found.get("version")
        if type(version) is not int or version < 1:
            raise damaged(self.path, "Its version can't be read.")
        if version > VERSION:
            raise PackRefused(
                f"This file was made by a newer version of the program (format {version}, this one reads {VERSION}).",
                remedy="Install the newest version of Transfer Learning Studio here.",
                path=self.path,
            )
        return found

    def _parts(self) -> Iterator[Part]:
        try:
            for told in self.manifest["parts"]:
                name, length, digest = told["name"], told["bytes"], told["sha256"]
                if type(name) is not str or type(length) is not int or type(digest) is not str:
                    raise ValueError(name)
                yield Part(name, length, digest)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, "Its list of parts can't be read.") from error

    def _compare(self) -> None:
        there = {name: entry.file_size for name, entry in self._entries.items() if name != MANIFEST}
        if there != {part.name: part.bytes for part in self.parts.values()}:
            raise damaged(self.path, "Its parts are not those of its list.")

    def told(self, key: str) -> str:
        """A text of the manifest. Raises PackRefused where it is none."""
        found = self.manifest.get(key)
        if not isinstance(found, str):
            raise damaged(self.path, f"It does not say its {key}.")
        return found

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part, piece by piece. Raises PackRefused: at the end, where the hash is another; what was read then counts for
        nothing.
        """
        part = self.parts.get(name)
        if part is None:
            raise damaged(self.path, f"The part {name} is missing.")
        digest = hashlib.sha256()
        for piece in self._pieces(self._entries[name]):
            digest.update(piece)
            yield piece
        if digest.hexdigest() != part.sha256:
            raise damaged(self.path, f"The part {name} is not what was written.")

    def read(self, name: str, most: int) -> bytes:
        """A part as a whole. Raises PackRefused: also where it is longer than `most` bytes."""
        part = self.parts.get(name)
        if part is not None and part.bytes > most:
            raise damaged(self.path, f"The part {name} is far too long for what it should be.")
        return b"".join(self.pieces(name))

    def read_json(self, name: str, most: int) -> Any:
        """Raises PackRefused for what is no JSON, too."""
        try:
            return parse_json(self.read(name, most))
        except ValueError as error:
            raise damaged(self.path, f"The part {name} can't be read.") from error

    def copy(self, name: str, target: Path) -> None:
        """Writes a part into a file, which gets its name once the hash was found right. Raises PackRefused, DiskFull …"""
        with files.replacing(target) as temporary, temporary.open("wb") as file:
            for piece in self.pieces(name):
                file.write(piece)

    def _pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self._archive.open(entry) as file:
                while piece := file.read(CHUNK):
                    yield piece
        except (*BROKEN, *_ODD) as error:
            raise damaged(self.path, f"The part {entry.filename} can't be read.") from error
        except OSError as error:
            if error.errno == errno.EINVAL:  # the part is said to begin before the file does
                raise damaged(self.path, f"The part {entry.filename} can't be read.") from error
            raise from_os_error(error, self.path) from error


@contextmanager
def reading(path: Path, kind: Kind) -> Iterator[PackFile]:
    """Opens a file of this kind. Raises PackRefused for any other and for what is damaged, FileTrouble where it can't be read."""
    try:
        handle = files.open_regular(path)
    except OSError as error:
        raise from_os_error(error, path) from error
    with handle:
        try:
            archive = zipfile.ZipFile(handle)
        except (*BROKEN, *_ODD) as error:
            raise _none_of_ours(path, kind) from error
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise _none_of_ours(path, kind) from error
            raise from_os_error(error, path) from error
        with archive:
            yield PackFile(path, archive, kind)


def damaged(path: Path, why: str) -> PackRefused:
    """The refusal of a file of which one thing is wrong."""
    return PackRefused(f"This file is damaged, or somebody has changed it. {why}", remedy=AGAIN, path=path)


def _none_of_ours(path: Path, kind: Kind) -> PackRefused:
    return PackRefused(f"This file is not {kind.told}, or it is incomplete.", remedy=AGAIN, path=path)
