"""Which images of the project are meant by files and by names in a table: by content, by path, or by name."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.labels import Matched
from tlstudio.domain.values import ImageRow
from tlstudio.images.inspect import content_key
from tlstudio.storage import queries
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing


def match_files(project: Path, paths: Sequence[Path], reporter: Reporter = SILENT) -> Matched:
    """The images that these files are, by their path or else by what is in them; the others come back as unknown."""
    opened = Project(project)
    wanted = list(dict.fromkeys(path.absolute() for path in paths))
    at_path = queries.ids_of_paths(opened, map(str, wanted))
    known = {path: at_path[str(path)] for path in wanted if str(path) in at_path}
    contents: dict[Path, str] = {}
    for done, path in enumerate(wanted, start=1):
        if path not in known:
            contents[path] = _content(path)
        reporter.report(Progress("Looking the files up", done, len(wanted)))
    by_content = queries.ids_of_contents(opened, [c for c in contents.values() if c])
    found = [*known.values(), *(i for c in contents.values() for i in by_content.get(c, ()))]
    unknown = tuple(path for path, content in contents.items() if content not in by_content)
    return Matched(tuple(dict.fromkeys(found)), unknown)


def look_up_files(project: Path, paths: Sequence[str], reporter: Reporter = SILENT) -> tuple[int, ...]:
    """`browsing.ids_of` for thousands of paths, which takes too long for the window."""
    reporter.report(Note("Looking the images up."))
    return browsing.ids_of(project, paths)


class NotFound(Exception):
    """A name in a table that is not one image of the project; the message says why, for people."""


class ImageIndex:
    """The images of a project, to be found by what a table calls them."""

    def __init__(self, rows: Sequence[ImageRow]) -> None:
        self._by_path: dict[str, ImageRow] = {}
        self._by_content: dict[str, list[ImageRow]] = {}
        self._by_name: dict[str, list[ImageRow]] = {}
        for row in rows:
            self._by_path[_plain(str(row.path))] = row
            self._by_content.setdefault(row.content, []).append(row)
            self._by_name.setdefault(_plain(row.name).casefold(), []).append(row)

    def find(self, name: str, folder: Path, content: str = "") -> list[ImageRow]:
        """The image, or the copies of one image, that a row of a table in `folder` means. Raises NotFound.

        content: SHA-256 in hex where the table tells it. Then come: the path as it is, a file of that name beside the table by
        its content, and the images of that name, of which the one counts whose folders agree with the row's the furthest.
        """
        if content.lower() in self._by_content:
            return self._by_content[content.lower()]
        if not name:
            raise NotFound("The row names no file.")
        at_path = self._by_path.get(_plain(name)) or self._by_path.get(_plain(str(folder / name)))
        if at_path is not None:
            return [at_path]
        there = _content(folder / name)
        if there:
            if there not in self._by_content:
                raise NotFound("This file is not one of the project's images.")
            return self._by_content[there]
        return [self._by_folders(name)]

    def _by_folders(self, name: str) -> ImageRow:
        parts = PurePosixPath(_plain(name)).parts
        called = self._by_name.get(parts[-1].casefold(), []) if parts else []
        if not called:
            raise NotFound("No image of the project has this name.")
        shared = [_shared_end(parts, PurePosixPath(_plain(str(row.path))).parts) for row in called]
        best = [row for row, n in zip(called, shared, strict=True) if n == max(shared)]
        if len({row.content for row in best}) > 1:
            raise NotFound(f"{len(best):,} images of the project have this name; add their folders to it.")
        return best[0]


def _plain(name: str) -> str:
    """One way of writing a path: forward slashes, composed letters (macOS takes them apart)."""
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts two paths share, from the end."""
    n = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a.casefold() != b.casefold():
            break
        n += 1
    return n


def _content(path: Path) -> str:
    """Empty where there is no file that can be read."""
    try:
        return content_key(path) if path.is_file() else ""
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return ""
