"""Files and folders of a source, on the disk or inside a ZIP file, so that every kind of source reads both."""

from __future__ import annotations

import os
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Protocol

from tlstudio.domain.errors import FileTrouble, from_os_error
from tlstudio.domain.importing import Encoding
from tlstudio.domain.values import Refusal
from tlstudio.images import dicom
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import name_of, natural_key, suffix_of
from tlstudio.storage.files import read_small

# Lists of images of a hundred thousand lines have some ten megabytes; more is something else.
MAX_LIST_BYTES = 256 * 1024 * 1024
# Files that belong to other programs: they are not looked into, and nobody wants to hear that they are no images.
SILENT_SUFFIXES = frozenset(
    {".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".md", ".db", ".ini", ".log", ".xlsx", ".yaml", ".yml"}
)
FOREIGN_FOLDERS = frozenset({"__macosx", "@eadir", "$recycle.bin", "system volume information"})


class Entry(NamedTuple):
    """A file or folder directly in a folder. Places are text: see `scan.Found`."""

    place: str
    name: str
    folder: bool


class Tree(Protocol):
    """A root folder and what lies below it. Hidden names and folders that belong to other programs are never listed."""

    @property
    def root(self) -> Path: ...

    @property
    def encoding(self) -> str:
        """What the user says the text in it is encoded in; empty to find it out."""
        ...

    @property
    def names(self) -> Encoding | None:
        """How the names of its files were read, where they don't say it themselves."""
        ...

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Files that can't be taken for what they are, not for what is in them."""
        ...

    def entries(self, folder: str) -> list[Entry]:
        """What lies directly in a folder, in natural order. Raises FileTrouble and other named failures."""
        ...

    def folders(self, folder: str) -> list[Entry]:
        """The folders directly in a folder, in natural order; none where it can't be opened."""
        ...

    def has(self, place: str) -> bool:
        """Whether this is a file that may be taken."""
        ...

    def files(self, folder: str) -> frozenset[str]:
        """Names of files directly in a folder that may be taken, hidden ones too; none where it can't be opened."""
        ...

    def real(self, folder: str) -> str:
        """A folder's one true path, which tells links that lead in a circle."""
        ...

    def is_dicom(self, place: str) -> bool:
        """Whether a file carries DICOM's mark, whatever its name."""
        ...

    def read(self, place: str) -> bytes:
        """All bytes of a file that lists images. Raises FileTrouble for one that is far too large."""
        ...


class Presence:
    """`Tree.has` for many files: a folder that is asked about often is looked through once.

    Only a yes is taken from that look: for a no the file itself is asked, since its name may be written in another way.
    """

    OFTEN = 64

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._asked: dict[str, int] = {}
        self._names: dict[str, frozenset[str]] = {}

    def has(self, place: str) -> bool:
        name = name_of(place)
        folder = place[: len(place) - len(name)]
        names = self._names.get(folder)
        if names is None:
            self._asked[folder] = asked = self._asked.get(folder, 0) + 1
            if asked < self.OFTEN:
                return self._tree.has(place)
            names = self._names[folder] = self._tree.files(folder)
        return name in names or self._tree.has(place)


def may_be_image(tree: Tree, place: str, name: str) -> bool:
    """Whether a file is worth trying: by the ending of its name, or because it is a DICOM file, whatever its name."""
    suffix = suffix_of(name)
    return suffix in SUFFIXES or (suffix not in SILENT_SUFFIXES and tree.is_dicom(place))


class Disk:
    """A folder on the disk. Files outside it may be named too: the user put the list there."""

    refused: tuple[Refusal, ...] = ()
    names: Encoding | None = None

    def __init__(self, root: Path, encoding: str = "") -> None:
        self.root, self.encoding = root, encoding

    def entries(self, folder: str) -> list[Entry]:
        try:
            with os.scandir(folder) as there:
                found = [
                    (natural_key(e.name), Entry(e.path, e.name, is_folder))
                    for e in there
                    if not e.name.startswith(".")
                    and not ((is_folder := _is_folder(e)) and e.name.lower() in FOREIGN_FOLDERS)
                ]
        except PermissionError as error:
            raise FileTrouble(
                "You are not allowed to open this folder.",
                remedy="Ask for the right to read it, or choose another folder.",
                path=folder,
            ) from error
        except OSError as error:
            raise from_os_error(error, folder) from error
        found.sort(key=itemgetter(0))
        return [entry for _, entry in found]

    def folders(self, folder: str) -> list[Entry]:
        try:
            with os.scandir(folder) as there:
                found = [Entry(e.path, e.name, True) for e in there if not e.name.startswith(".") and _is_folder(e)]
        except OSError:
            return []
        return sorted((e for e in found if e.name.lower() not in FOREIGN_FOLDERS), key=lambda e: natural_key(e.name))

    def has(self, place: str) -> bool:
        return os.path.isfile(place)  # noqa: PTH113 - asked for every line of a table; no for a cell that is no name at all

    def files(self, folder: str) -> frozenset[str]:
        try:
            with os.scandir(folder) as there:
                return frozenset(entry.name for entry in there if _is_file(entry))
        except (OSError, ValueError):
            return frozenset()

    def real(self, folder: str) -> str:
        return os.path.realpath(folder)

    def is_dicom(self, place: str) -> bool:
        return dicom.has_magic(Path(place))

    def read(self, place: str) -> bytes:
        path = Path(place)
        try:
            if path.stat().st_size > MAX_LIST_BYTES:
                raise too_large(place)
            return read_small(path, MAX_LIST_BYTES)
        except OSError as error:
            raise from_os_error(error, path) from error


def too_large(place: str) -> FileTrouble:
    return FileTrouble(
        f"The file is larger than {MAX_LIST_BYTES // 1024**2} MB, too large for a list of images.",
        remedy="Choose the file that lists the images, or their folder.",
        path=place,
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself, or to where nobody may look


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
