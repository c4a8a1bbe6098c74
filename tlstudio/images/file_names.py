"""Names for files and folders that can be written on any system, near to what somebody called them."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePosixPath

from tlstudio.domain.safe_text import storable

# Names that Windows keeps for devices, with any ending.
DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_IMPOSSIBLE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
LONGEST = 120  # bytes of a name: file systems hold 255, Windows 260 for a whole path, and a number may have to be added


def possible(name: str) -> str:
    """One name, of a folder or a file, as it can be written everywhere. Two names may become the same; see `FreeNames`."""
    plain = _IMPOSSIBLE.sub("_", storable(name)).strip().rstrip(".")
    if not plain or plain.startswith(".") or DEVICES.match(plain):
        plain = f"_{plain}"
    return shortened(plain)


def shortened(name: str) -> str:
    """A name that is too long keeps its beginning and its ending, and is told from its like by a hash."""
    if len(name.encode()) <= LONGEST:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix) <= 16 else ""
    mark = f"-{sha256(name.encode()).hexdigest()[:8]}{suffix}"
    room = LONGEST - len(mark.encode())
    return name.removesuffix(suffix).encode()[:room].decode("utf-8", "ignore").rstrip() + mark


class FreeNames:
    """Gives each path a name that can be written and that no other has, large and small letters alike."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {"": ""}
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def folder(self, path: str) -> str:
        """What a folder is called here, all of its parts; the same for the same path each time."""
        known = self._folders.get(path)
        if known is None:
            above, _, name = path.rpartition("/")
            known = self._folders[path] = self._free(self.folder(above), possible(name))
        return known

    def name(self, path: str) -> str:
        """What a file is called here, with its folders. Each call takes a new name."""
        above, _, name = path.rpartition("/")
        return self._free(self.folder(above), possible(name))

    def single(self, name: str) -> str:
        """What a name is called here that is no path, whatever signs are in it. Each call takes a new name."""
        return self._free("", possible(name))

    def _free(self, folder: str, name: str) -> str:
        found = f"{folder}/{name}" if folder else name
        suffix = PurePosixPath(name).suffix
        while found.casefold() in self._taken:
            key = f"{folder}/{name}".casefold()
            number = self._numbers[key] = self._numbers.get(key, 1) + 1
            numbered = f"{name.removesuffix(suffix)}-{number}{suffix}"
            found = f"{folder}/{numbered}" if folder else numbered
        self._taken.add(found.casefold())
        return found
