"""Which kind of source a path is. Every kind has its own file; this one only asks them in turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tlstudio.domain.class_names import class_name
from tlstudio.domain.errors import AmbiguousSource, NothingToImport, StudioError, WrongUsage
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.importing import CLASSES, FOLDERS, Encoding, Reading, TablePreview
from tlstudio.images.decode import SUFFIXES
from tlstudio.images.scan import Scan, Wishes, readable, shown, suffix_of
from tlstudio.images.sources import cvat, label_studio, table
from tlstudio.images.sources.archive import Archive, is_zip
from tlstudio.images.sources.columns import mapping
from tlstudio.images.sources.encodings import decode, known
from tlstudio.images.sources.folders import ClassFolders, Unlabeled, class_folders
from tlstudio.images.sources.parts import layouts, plain
from tlstudio.images.sources.text import flat, from_objects
from tlstudio.images.sources.tree import Disk, Tree

KINDS = "Choose a folder of images, a ZIP file of one, or a CSV, JSON or XML file that lists images."


class Source(Protocol):
    """What a path was recognised as. key and sentence: see domain.importing.Reading."""

    @property
    def tree(self) -> Tree: ...

    @property
    def key(self) -> str: ...

    @property
    def sentence(self) -> str: ...

    @property
    def encoding(self) -> Encoding | None:
        """How its text, or the names in its archive, were read; None where there is nothing to choose."""
        ...

    def preview(self, wishes: Wishes) -> TablePreview | None:
        """The head of the table, if it is one. Raises WrongUsage for a column that is not there."""
        ...

    def scan(self, wishes: Wishes, reporter: Reporter = SILENT) -> Scan:
        """All files that may be images. Reports progress without an end; raises NothingToImport and WrongUsage."""
        ...


def recognise(path: Path, key: str = "", encoding: str = "") -> Source:
    """The one way to read a path, or the way that `key` names. encoding: of its text, empty to find it out.

    Raises NothingToImport where there is none, AmbiguousSource where there are several and none is named, WrongUsage for a
    way that there isn't.
    """
    sources = readings(path, encoding)
    if key:
        for source in sources:
            if key in (source.key, Path(source.key).name):
                return source
        folders = next((s for s in sources if isinstance(s, ClassFolders)), None)
        if key == CLASSES and folders is not None:
            return ClassFolders(folders.tree, plain(folders.tree, CLASSES))
        if key == FOLDERS and folders is not None:
            sources = [s for s in sources if isinstance(s, ClassFolders)]
            raise _ambiguous(path, sources)
        ways = ", ".join(s.key for s in sources)
        raise WrongUsage(f"This can't be read as “{key}”.", remedy=f"It can be read as: {ways}.")
    if isinstance(sources[0], table.TableSource) and sources[0].own:
        return sources[0]  # it was written beside its class folders and says all that they say, and more
    certain = [s for s in sources if not isinstance(s, Unlabeled)]
    if len(certain) > 1:
        raise _ambiguous(path, certain)
    return sources[0]


def _ambiguous(path: Path, sources: Sequence[Source]) -> AmbiguousSource:
    return AmbiguousSource(
        "This can be read in more than one way: " + "; ".join(s.sentence.rstrip(".") for s in sources) + ".",
        remedy="Say which: " + " or ".join(f"--as {s.key}" for s in sources) + ".",
        path=path,
    )


def readings(path: Path, encoding: str = "") -> list[Source]:
    """All ways to read a path, the likeliest first; images without labels last.

    encoding: of its text, empty to find it out. Raises NothingToImport where there is none, WrongUsage for an encoding that
    there isn't.
    """
    encoding = known(encoding) if encoding else ""
    path = path.expanduser().absolute()
    if not readable(str(path)):
        raise NothingToImport(
            "The name of this folder, or of one above it, can't be read.", remedy="Rename it.", path=shown(path)
        )
    try:
        path.stat()
    except FileNotFoundError:
        raise NothingToImport("The file or folder is not there.", remedy=KINDS, path=path) from None
    except (OSError, ValueError) as error:  # a name that no file can have, or a place where nobody may look
        raise NothingToImport(
            f"This file or folder can't be opened: {getattr(error, 'strerror', None) or 'its name is none'}.",
            remedy="Choose another, or ask for the right to read it.",
            path=shown(path),
        ) from error
    if is_zip(path):
        return _of_folder(Archive(path, encoding))
    if path.is_dir():
        return _of_folder(Disk(path, encoding))
    return [_of_file(Disk(path.parent, encoding), path)]


def to_reading(source: Source) -> Reading:
    return Reading(source.key, source.sentence)


def _of_folder(tree: Tree) -> list[Source]:
    plain: list[Source] = [*(ClassFolders(tree, layout) for layout in layouts(tree)), Unlabeled(tree)]
    huggingface = table.recognise_huggingface(tree)
    lists: list[Source] = [huggingface] if huggingface is not None else []
    exports = _exports(tree)
    known = {source.key for source in exports}
    tables = [] if huggingface is not None else [one for one in table.recognise(tree) if one.key not in known]
    own = [one for one in tables if one.own]
    if len(own) == 1:
        return [*own, *lists, *exports, *plain]
    lists += exports
    lists += tables
    if not lists:
        return plain
    classes = class_folders(tree)
    # A table whose classes are the folders' says the same and more; folders that are no classes say nothing.
    if len(classes) < 2 or (len(tables) == len(lists) == 1 and _classes(tables[0]) <= classes):
        return [*lists, plain[-1]]
    return [*lists, *plain] if tables else [*lists, plain[-1]]


def _exports(tree: Tree) -> list[Source]:
    """The exports of other programs that lie in the root folder."""
    found: list[Source] = []
    for entry in tree.entries(str(tree.root)):
        if not entry.folder and suffix_of(entry.name) in (".json", ".xml", *label_studio.TABLES):
            path = Path(entry.place)
            try:
                source = label_studio.recognise(tree, path) or cvat.recognise(tree, path)
            except StudioError:
                continue  # a file of another program
            if source is not None:
                found.append(source)
    return found


def _classes(source: table.TableSource) -> set[str]:
    one = source.table
    at = one.columns.index(mapping(one, {})["class"])
    return {class_name(text) for row in range(len(one.rows)) if (text := one.cell(row, at))}


def _of_file(tree: Tree, path: Path) -> Source:
    if path.name.lower() in table.METADATA and (metadata := table.recognise_huggingface_file(tree, path)) is not None:
        return metadata
    found: Source | None = label_studio.recognise(tree, path) or cvat.recognise(tree, path)
    if found is None:
        found = table.recognise_file(tree, path)
    if found is None:
        found = _objects(tree, path)
    if found is None:
        raise _unknown(path)
    return found


def _objects(tree: Tree, path: Path) -> Source | None:
    """A JSON file that is a list of flat objects, as many programs write: a table in another dress."""
    if path.suffix.lower() != ".json":
        return None
    try:
        data = json.loads(decode(tree.read(str(path)), tree.encoding).text)
        rows = [flat(item) for item in data]
    except (ValueError, TypeError, RecursionError):
        return None
    if not rows:
        return None
    where = [f"Entry {n}" for n in range(1, len(rows) + 1)]
    return table.TableSource(tree, path.name, (table.Part(from_objects(path.name, rows, where, {}), path.parent),))


def _unknown(path: Path) -> NothingToImport:
    if path.suffix.lower() in SUFFIXES:
        return NothingToImport("This is one image.", remedy="Choose the folder that it lies in.", path=path)
    if path.suffix.lower() in (".json", ".xml"):
        return NothingToImport(
            "This file is no list of images that the program knows.",
            remedy="Use an export of Label Studio (JSON, JSON-MIN or CSV), of CVAT (for images), or a CSV file.",
            path=path,
        )
    return NothingToImport("This file is no source of images that the program knows.", remedy=KINDS, path=path)
