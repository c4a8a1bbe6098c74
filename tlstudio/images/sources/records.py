"""From a list of images to a scan: every line is resolved to a file, or refused with its reason."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.values import Refusal
from tlstudio.images import address
from tlstudio.images.scan import SPLIT_NAMES, Found, Scan, Steps, class_name, natural_key, why_not
from tlstudio.images.sources.tree import Tree, may_be_image


@dataclass(frozen=True, slots=True)
class Record:
    """One image as a list names it.

    where: the place in the list, for people ("Row 17"). files: how the file may be called, the best way first. classes: none
    for an image without a label. base: the folder that relative names start from.
    """

    where: str
    files: tuple[str, ...]
    base: Path
    classes: tuple[str, ...] = ()
    group: str = ""
    split: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


class Lookup:
    """Finds the files that a list names: where it says, else by their names anywhere below the tree's root."""

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self._tree, self._steps = tree, steps
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, record: Record) -> tuple[Path | None, str]:
        """The file, or None and the reason."""
        for text in record.files:
            path = self._there(text, record.base)
            if path is not None:
                return path, ""
        several = ""
        for text in record.files:
            paths = self._named(text)
            if len(paths) == 1:
                return paths[0], ""
            if paths:
                several = f"Several files are called {paths[0].name}; the list does not say which one is meant."
        return None, several or "The file is not there."

    def _there(self, text: str, base: Path) -> Path | None:
        """The file of exactly this name, or the page of one. Names made on Windows are understood everywhere."""
        for name in dict.fromkeys((text, text.replace("\\", "/"))):
            file = self._file(name, base)
            if file is not None:
                return file
            page = address.PAGE.fullmatch(name)
            file = None if page is None else self._file(page["file"], base)
            if page is not None and file is not None:
                return address.join(file, int(page["page"]))
        return None

    def _file(self, name: str, base: Path) -> Path | None:
        # Without the detours first; a link on the way may need them.
        paths = (Path(os.path.normpath(base / name)), base / name) if name else ()
        return next((path for path in paths if self._tree.has(path)), None)

    def _named(self, text: str) -> list[Path]:
        """Files of the same name, with or without its suffix; where several are, those whose folders agree best."""
        if self._by_name is None:
            self._by_name = self._index()
        parts = [p for p in text.replace("\\", "/").lower().split("/") if p not in ("", ".", "..")]
        paths = self._by_name.get(parts[-1], []) if parts else []
        if len(paths) < 2:
            return paths
        agree = [_agreement(path, parts) for path in paths]
        return [path for path, much in zip(paths, agree, strict=True) if much == max(agree)]

    def _index(self) -> dict[str, list[Path]]:
        from tlstudio.images.sources.folders import images_below

        found: dict[str, list[Path]] = {}
        for entry in images_below(self._tree, self._tree.root):
            self._steps.step()
            name = entry.name.lower()
            found.setdefault(name, []).append(entry.path)
            found.setdefault(PurePosixPath(name).stem, []).append(entry.path)
        return found


def _agreement(path: Path, parts: Sequence[str]) -> int:
    """How many of the last folders are the same."""
    mine = [part.lower() for part in path.parts[:-1]]
    theirs = list(parts[:-1])
    same = 0
    while mine and theirs and mine.pop() == theirs.pop():
        same += 1
    return same


def collect(records: Iterable[Record], tree: Tree, steps: Steps, columns: tuple[str, ...], name: str) -> Scan:
    """The scan of a list. name: what it is called, for messages. Raises NothingToImport when no line can be used."""
    lookup = Lookup(tree, steps)
    found: dict[Path, tuple[Record, Found]] = {}
    refused: list[Refusal] = []
    torn: set[Path] = set()
    lines = 0
    for record in records:
        steps.step()
        lines += 1
        item = _resolve(record, lookup, tree)
        if isinstance(item, Refusal):
            refused.append(item)
        elif item.path not in found:
            found[item.path] = (record, item)
        else:
            first, known = found[item.path]
            if known.label == item.label:
                reason = f"{record.where}: the same file as in {first.where.lower()}, counted once."
            else:
                torn.add(item.path)
                reason = f"{first.where} and {record.where.lower()} give this file different classes."
            refused.append(Refusal(str(item.path), reason))
    kept = tuple(item for path, (_, item) in found.items() if path not in torn)
    if not kept:
        raise _nothing(name, lines, refused, tree)
    return Scan(tuple(sorted(kept, key=_order)), (*tree.refused, *refused), columns)


def _order(item: Found) -> tuple[str, list[tuple[int, int, str]]]:
    return item.label or "", natural_key(str(item.path))


def _resolve(record: Record, lookup: Lookup, tree: Tree) -> Found | Refusal:
    told = record.files[0] if record.files and record.files[0] else record.where
    split = SPLIT_NAMES.get(record.split.strip().lower())
    classes = tuple(dict.fromkeys(class_name(c) for c in record.classes if c.strip()))
    reason = record.trouble
    if not reason and len(classes) > 1:
        reason = f"It has several classes ({', '.join(classes)}); an image has one."
    if not reason and record.split.strip() and split is None:
        reason = f"“{record.split.strip()}” is not a part. Use train, val or test."
    if not reason and not any(record.files):
        reason = "It names no file."
    path, why = (None, "") if reason else lookup.find(record)
    if path is not None and not may_be_image(tree, file := address.split(path)[0]):
        path, why = None, why_not(file.name)
    if path is None:
        return Refusal(told, f"{record.where}: {_lower(reason or why)}")
    return Found(
        path,
        classes[0] if classes else None,
        split,
        _inner(path, tree),
        group=record.group.strip() or None,
        columns=record.columns,
    )


def _inner(path: Path, tree: Tree) -> str:
    """The folder that holds a file, seen from the root of the source."""
    folder = path.parent
    inner = folder.relative_to(tree.root).as_posix() if folder.is_relative_to(tree.root) else folder.as_posix()
    return "" if inner == "." else inner


def _lower(sentence: str) -> str:
    """A sentence that goes on after a colon."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


def _nothing(name: str, lines: int, refused: Sequence[Refusal], tree: Tree) -> NothingToImport:
    if not lines:
        return NothingToImport(f"{name} lists no images.", remedy="Choose another file.", path=tree.root)
    first = refused[0]
    return NothingToImport(
        f"None of the {lines:,} lines of {name} can be used. {first.reason}",
        remedy="Put the file beside its images, or say which column names the files: --columns path=NAME.",
        path=first.path,
    )


def is_absolute(text: str) -> bool:
    """Whether a name starts at a root or a drive, on any system."""
    return text.startswith(("/", "\\")) or bool(ntpath.splitdrive(text)[0])
