"""From a list of images to a scan: every line is resolved to a file, or refused with its reason."""

from __future__ import annotations

import ntpath
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.values import Refusal
from tlstudio.images import address
from tlstudio.images.scan import NO_COLUMNS, SPLIT_NAMES, Found, Scan, Steps, class_name, name_of, suffix_of, why_not
from tlstudio.images.sources.tree import Presence, Tree, may_be_image


class Record(NamedTuple):
    """One image as a list names it.

    where: the place in the list, for people ("Row 17"). files: how the file may be called, the best way first. classes: none
    for an image without a label. base: the folder that relative names start from.
    """

    where: str
    files: tuple[str, ...]
    base: str
    classes: tuple[str, ...] = ()
    group: str = ""
    split: str = ""
    columns: Mapping[str, str] = NO_COLUMNS
    trouble: str = ""


class Lookup:
    """Finds the files that a list names: where it says, else by their names anywhere below the tree's root."""

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self._tree, self._steps, self._presence = tree, steps, Presence(tree)
        self._by_name: dict[str, list[str]] | None = None

    def find(self, record: Record) -> tuple[str | None, str]:
        """The file's place, or None and the reason."""
        for text in record.files:
            place = self._there(text, record.base)
            if place is not None:
                return place, ""
        several = ""
        for text in record.files:
            places = self._named(text)
            if len(places) == 1:
                return places[0], ""
            if places:
                name = name_of(places[0])
                several = f"Several files are called {name}; the list does not say which one is meant."
        return None, several or "The file is not there."

    def _there(self, text: str, base: str) -> str | None:
        """The file of exactly this name, or the page of one. Names made on Windows are understood everywhere."""
        for name in (text, text.replace("\\", "/")) if "\\" in text else (text,):
            file = self._file(name, base)
            if file is not None:
                return file
            page = address.PAGE.fullmatch(name) if "#" in name else None
            file = None if page is None else self._file(page["file"], base)
            if page is not None and file is not None:
                return str(address.join(Path(file), int(page["page"])))
        return None

    def _file(self, name: str, base: str) -> str | None:
        if not name:
            return None
        place = os.path.join(base, name) if is_absolute(name) else f"{base}/{name}"  # noqa: PTH118 - see scan.Found
        if "./" in name or "//" in name:
            # Without the detours first; a link on the way may need them.
            straight = os.path.normpath(place)
            if self._presence.has(straight):
                return straight
        return place if self._presence.has(place) else None

    def _named(self, text: str) -> list[str]:
        """Files of the same name, with or without its suffix; where several are, those whose folders agree best."""
        if self._by_name is None:
            self._by_name = self._index()
        parts = [p for p in text.replace("\\", "/").lower().split("/") if p not in ("", ".", "..")]
        places = self._by_name.get(parts[-1], []) if parts else []
        if len(places) < 2:
            return places
        agree = [_agreement(place, parts) for place in places]
        return [place for place, much in zip(places, agree, strict=True) if much == max(agree)]

    def _index(self) -> dict[str, list[str]]:
        from tlstudio.images.sources.parts import images_below

        found: dict[str, list[str]] = {}
        for entry in images_below(self._tree, str(self._tree.root)):
            self._steps.step()
            name = entry.name.lower()
            found.setdefault(name, []).append(entry.place)
            found.setdefault(name.removesuffix(suffix_of(name)), []).append(entry.place)
        return found


def _agreement(place: str, parts: Sequence[str]) -> int:
    """How many of the last folders are the same."""
    mine = place.replace("\\", "/").lower().split("/")[:-1]
    theirs = list(parts[:-1])
    same = 0
    while mine and theirs and mine.pop() == theirs.pop():
        same += 1
    return same


def collect(records: Iterable[Record], tree: Tree, steps: Steps, columns: tuple[str, ...], name: str) -> Scan:
    """The scan of a list, in its order. name: what it is called, for messages. Raises NothingToImport when no line is of use."""
    resolver = _Resolver(tree, steps)
    found: dict[str, tuple[str, Found]] = {}
    refused: list[Refusal] = []
    torn: set[str] = set()
    lines = 0
    for record in records:
        steps.step()
        lines += 1
        item = resolver.resolve(record)
        if isinstance(item, Refusal):
            refused.append(item)
        elif item.place not in found:
            found[item.place] = (record.where, item)
        else:
            where, known = found[item.place]
            if known.label == item.label:
                reason = f"{record.where}: the same file as in {where.lower()}, counted once."
            else:
                torn.add(item.place)
                reason = f"{where} and {record.where.lower()} give this file different classes."
            refused.append(Refusal(item.place, reason))
    kept = tuple(item for place, (_, item) in found.items() if place not in torn)
    if not kept:
        raise _nothing(name, lines, refused, tree)
    return Scan(kept, (*tree.refused, *refused), columns)


class _Resolver:
    """Turns records into files of one tree."""

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self._tree, self._lookup = tree, Lookup(tree, steps)
        self._inner: dict[str, str] = {}

    def resolve(self, record: Record) -> Found | Refusal:
        split = SPLIT_NAMES.get(record.split.strip().lower()) if record.split else None
        classes = [class_name(c) for c in record.classes if c.strip()]
        reason = record.trouble or _unusable(record, classes, known_part=split is not None)
        place, why = (None, "") if reason else self._lookup.find(record)
        if place is not None:
            file = str(address.split(Path(place))[0]) if "#page=" in place else place
            name = name_of(file)
            if not may_be_image(self._tree, file, name):
                place, why = None, why_not(name)
        if place is None:
            told = record.files[0] if record.files and record.files[0] else record.where
            return Refusal(told, f"{record.where}: {_lower(reason or why)}")
        return Found(
            place,
            classes[0] if classes else None,
            split,
            self._folder(place),
            record.group.strip() or None,
            columns=record.columns or NO_COLUMNS,
        )

    def _folder(self, place: str) -> str:
        """The folder that holds a file, seen from the root of the source."""
        folder = place[: -len(name_of(place))]
        inner = self._inner.get(folder)
        if inner is None:
            path = Path(folder)
            inner = path.relative_to(self._tree.root).as_posix() if path.is_relative_to(self._tree.root) else str(path)
            self._inner[folder] = inner = "" if inner == "." else inner
        return inner


def _unusable(record: Record, classes: Sequence[str], *, known_part: bool) -> str:
    """Why a record can't be used, whatever its file; empty when it can."""
    reason = ""
    if len(classes) > 1 and len(set(classes)) > 1:
        reason = f"It has several classes ({', '.join(dict.fromkeys(classes))}); an image has one."
    elif not known_part and record.split.strip():
        reason = f"“{record.split.strip()}” is not a part. Use train, val or test."
    elif not any(record.files):
        reason = "It names no file."
    return reason


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
    return text[:1] in ("/", "\\") or (":" in text and bool(ntpath.splitdrive(text)[0]))
