"""A ZIP file as a tree, and taking files out of it safely.

Nothing is written but files whose names stay below the target: no absolute names, no `..`, no links, no devices. A bomb is
refused before anything is taken out, by what the archive says of itself; what it says is then held to while it is read.
"""

from __future__ import annotations

import codecs
import errno
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tlstudio.domain.errors import ArchiveRefused, FileTrouble, from_os_error
from tlstudio.domain.importing import Encoding
from tlstudio.domain.safe_text import storable
from tlstudio.domain.values import Refusal
from tlstudio.images.dicom import HEAD, is_dicom
from tlstudio.images.file_names import FreeNames
from tlstudio.images.scan import natural_key
from tlstudio.images.sources.archive_names import ENCRYPTED, MAX_NAME, names_of, why_refused
from tlstudio.images.sources.encodings import is_utf8
from tlstudio.images.sources.tree import FOREIGN_FOLDERS, MAX_LIST_BYTES, Entry, too_large
from tlstudio.storage.zips import BROKEN

MAX_ENTRIES = 1_000_000
MAX_BYTES = 256 * 1024**3  # unpacked
MAX_RATIO = 200  # unpacked to packed, over the whole archive; pictures are packed already
FREE_RATIO_BYTES = 64 * 1024**2  # below this size nothing is a bomb
CHUNK = 1024 * 1024
LOCAL_HEADER = 30  # bytes before the name


@dataclass(slots=True)
class _Folder:
    files: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


class Archive:
    """The files of a ZIP file; their paths are the archive's own path and the name inside. Read-only."""

    def __init__(self, path: Path, encoding: str = "") -> None:
        """encoding: of names that don't say it. Raises ArchiveRefused for a file that is no ZIP file, is damaged, or is a
        bomb.
        """
        self.path, self.encoding = path, encoding
        self.names: Encoding | None = None
        self._refused: list[Refusal] = []
        self._folders: dict[str, _Folder] = {"": _Folder()}
        self._read_directory()
        self.root = self.path / self._top()

    @property
    def refused(self) -> tuple[Refusal, ...]:
        return tuple(self._refused)

    # --- the directory ---

    def _read_directory(self) -> None:
        with _opened(self.path) as archive:
            entries = archive.infolist()
        _refuse_bombs(self.path, entries)
        names, self.names = names_of(entries, self.encoding)
        there: set[str] = set()
        for entry, name in zip(entries, names, strict=True):
            if name.endswith("/"):
                continue
            reason = why_refused(entry, name)
            if not reason and name in there:
                reason = "The archive holds another file of this name."
            if reason:
                self._refused.append(Refusal(storable(f"{self.path.name}/{name}")[:MAX_NAME], reason))
                continue
            there.add(name)
            self._add(PurePosixPath(name), entry)

    def _add(self, name: PurePosixPath, entry: zipfile.ZipInfo) -> None:
        parent = name.parent
        while str(parent) != ".":
            above = "" if str(parent.parent) == "." else str(parent.parent)
            self._folders.setdefault(str(parent), _Folder())
            self._folders.setdefault(above, _Folder()).folders.add(parent.name)
            parent = parent.parent
        self._folders["" if str(name.parent) == "." else str(name.parent)].files[name.name] = entry

    def _top(self) -> str:
        """The folder that everything lies in, if the archive was made of one folder that holds others; else the archive."""
        top = self._folders[""]
        folders = [f for f in top.folders if f.lower() not in FOREIGN_FOLDERS and not f.startswith(".")]
        if len(folders) == 1 and not [f for f in top.files if not f.startswith(".")]:
            inner = self._folders[folders[0]]
            lists = any(PurePosixPath(f).suffix.lower() in (".csv", ".jsonl", ".json", ".xml") for f in inner.files)
            if inner.folders or lists:
                return folders[0]
        return ""

    def _inside(self, place: str) -> str | None:
        """The name inside the archive; None for a place outside it."""
        archive = str(self.path)
        if not place.startswith(archive) or place[len(archive) :][:1] not in ("", "/", os.sep):
            return None
        parts: list[str] = []
        for part in place[len(archive) :].replace(os.sep, "/").split("/"):
            if part == ".." and not parts:
                return None
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        return "/".join(parts)

    def _info(self, place: str) -> zipfile.ZipInfo | None:
        name = self._inside(place)
        if not name:
            return None
        folder, _, file = name.rpartition("/")
        return self._folders[folder].files.get(file) if folder in self._folders else None

    # --- the tree ---

    def entries(self, folder: str) -> list[Entry]:
        there = self._folders.get(self._inside(folder) or "")
        if there is None:
            raise FileTrouble("The folder is not in the archive.", remedy="Choose another file.", path=folder)
        names = [(n, True) for n in there.folders if n.lower() not in FOREIGN_FOLDERS] + [
            (n, False) for n in there.files
        ]
        found = [Entry(f"{folder}/{name}", name, is_folder) for name, is_folder in names if not name.startswith(".")]
        return sorted(found, key=lambda e: natural_key(e.name))

    def folders(self, folder: str) -> list[Entry]:
        return [entry for entry in self.entries(folder) if entry.folder]

    def has(self, place: str) -> bool:
        return self._info(place) is not None

    def files(self, folder: str) -> frozenset[str]:
        inside = self._inside(folder)
        there = None if inside is None else self._folders.get(inside)
        return frozenset() if there is None else frozenset(there.files)

    def real(self, folder: str) -> str:
        return folder

    def read(self, place: str) -> bytes:
        entry = self._info(place)
        if entry is None:
            raise FileTrouble("The file is not in the archive.", remedy="Choose another file.", path=place)
        if entry.file_size > MAX_LIST_BYTES:
            raise too_large(place)
        with _opened(self.path) as archive, archive.open(entry) as file:
            data = file.read(entry.file_size)
        # What the user says is meant for names, and for lists that don't show by themselves that they are UTF-8.
        plain = not self.encoding or data.isascii() or data.startswith(codecs.BOM_UTF8) or not is_utf8(data)
        return data if plain else codecs.BOM_UTF8 + data

    def is_dicom(self, place: str) -> bool:
        entry = self._info(place)
        if entry is None:
            return False
        try:
            return is_dicom(_head(self.path, entry))
        except (OSError, ValueError, struct.error, zlib.error):
            return False

    # --- taking out ---

    def size(self, place: str) -> int:
        """Bytes of a file when it is unpacked."""
        entry = self._info(place)
        return 0 if entry is None else entry.file_size

    def take_out(self, places: list[str], target: Path, step: Callable[[], None]) -> dict[str, Path | Refusal]:
        """Writes files below `target`, under their names in the archive or what is possible and free on this disk.

        A damaged one, and one that can't be written for its own sake, costs itself alone.

        step: called after each file; may raise Cancelled. Raises DiskFull and the other named failures of writing.
        """
        done: dict[str, Path | Refusal] = {}
        free = FreeNames()
        with _opened(self.path) as archive:
            for place in places:
                entry, name = self._info(place), self._inside(place)
                assert entry is not None
                assert name is not None
                done[place] = _write(archive, entry, target / free.name(name), place)
                step()
        return done


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, place: str) -> Path | Refusal:
    try:
        source = archive.open(entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return Refusal(place, "The file is damaged inside the archive.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("xb") as file:
            left = entry.file_size
            while left > 0:
                try:
                    data = source.read(min(CHUNK, left))
                except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
                    data = b""
                if not data:
                    target.unlink(missing_ok=True)
                    return Refusal(place, "The file is damaged inside the archive.")
                file.write(data)
                left -= len(data)
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ):
            return Refusal(place, "A file of this name can't be written here.")
        raise from_os_error(error, target) from error
    return target


def _refuse_bombs(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Raises ArchiveRefused for what would fill the disk."""
    if len(entries) > MAX_ENTRIES:
        raise ArchiveRefused(
            f"The archive holds more than {MAX_ENTRIES:,} files.", remedy="Unpack it and choose the folder.", path=path
        )
    unpacked = sum(e.file_size for e in entries)
    packed = sum(e.compress_size for e in entries)
    size = path.stat().st_size
    if unpacked > MAX_BYTES:
        raise ArchiveRefused(
            f"The archive would unpack to {unpacked / 1024**3:,.0f} GB.",
            remedy="Unpack it yourself and choose the folder.",
            path=path,
        )
    if packed > size or (unpacked > FREE_RATIO_BYTES and unpacked > MAX_RATIO * max(1, size)):
        raise ArchiveRefused(
            "The archive says that it unpacks to far more than it can hold.",
            remedy="It may be damaged or harmful. Get it again from where it came.",
            path=path,
        )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        opened = zipfile.ZipFile(path)
    except (
        ValueError,
        ArithmeticError,
        LookupError,
        struct.error,
    ) as error:  # what a damaged directory makes of the reader
        raise _damaged(path) from error
    except BROKEN as error:
        raise _damaged(path) from error
    except OSError as error:
        raise from_os_error(error, path) from error
    try:
        with opened as archive:
            yield archive
    except BROKEN as error:
        raise _damaged(path) from error
    except OSError as error:
        raise from_os_error(error, path) from error


def _damaged(path: Path) -> ArchiveRefused:
    return ArchiveRefused(
        "The archive is damaged or is no ZIP file.", remedy="Get it again, or unpack it yourself.", path=path
    )


def _head(path: Path, entry: zipfile.ZipInfo) -> bytes:
    """The first bytes of a file in the archive, without the directory, which would be read anew for each of many files."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        name, extra = struct.unpack_from("<HH", file.read(LOCAL_HEADER), LOCAL_HEADER - 4)
        file.seek(name + extra, os.SEEK_CUR)
        packed = file.read(min(entry.compress_size, CHUNK))
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return b""
    stored = entry.compress_type == zipfile.ZIP_STORED
    return packed[:HEAD] if stored else zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, HEAD)


def is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and path.is_file()
