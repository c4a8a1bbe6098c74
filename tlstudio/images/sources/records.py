"""From a list of images to a scan: every line is resolved to a file, or refused with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tlstudio.domain.class_names import class_name
from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.values import Refusal, Split
from tlstudio.images import address
from tlstudio.images.scan import NO_COLUMNS, SPLIT_NAMES, Found, Scan, Steps, name_of, readable, shown, why_not
from tlstudio.images.sources.lookup import Lookup, Place, Record
from tlstudio.images.sources.tree import Tree, may_be_image

LONGEST_CLASS = 500  # signs

_NOWHERE: tuple[Place | None, str] = (None, "")


def collect(records: Iterable[Record], tree: Tree, steps: Steps, columns: tuple[str, ...], name: str) -> Scan:
    """The scan of a list, in its order. name: what it is called, for messages. Raises NothingToImport when no line is of use.

    Where two lines mean one file, the one that names its place counts; else they must say the same.
    """
    resolver = _Resolver(tree, steps)
    kept = _Kept()
    lines = 0
    for record in records:
        steps.step()
        lines += 1
        item = resolver.resolve(record)
        if isinstance(item, Refusal):
            kept.refused.append(item)
        else:
            kept.add(item)
    if not kept.found:
        raise _nothing(name, lines, kept.refused, tree)
    return Scan(
        tuple(one.found for one in kept.found.values()),
        (*tree.refused, *kept.refused),
        columns,
        by_name=sum(one.by_name for one in kept.found.values()),
        divided=all(one.found.split is Split.TRAIN for one in kept.found.values()),
    )


class _Resolved(NamedTuple):
    """A line and its file. named: what the line calls it."""

    where: str
    named: str
    found: Found
    by_name: bool


class _Kept:
    """The files of a list so far, one line each."""

    def __init__(self) -> None:
        self.found: dict[str, _Resolved] = {}
        self.refused: list[Refusal] = []
        self._torn: dict[str, _Resolved] = {}

    def add(self, new: _Resolved) -> None:
        place = new.found.place
        old = self.found.get(place) or self._torn.get(place)
        if old is None:
            self.found[place] = new
        elif new.by_name and not old.by_name:
            self._refuse(new, f"{new.where}: the file of this name is the one of {_lower(old.where)}.")
        elif old.by_name and not new.by_name:
            self.found[place] = new
            self._refuse(old, f"{old.where}: the file of this name is the one of {_lower(new.where)}.")
        elif new.named != old.named and new.by_name:
            self._tear(old)
            self._refuse(
                new, f"{old.where} and {_lower(new.where)} name different files, and there is one of this name."
            )
        elif old.found.label == new.found.label:
            self._refuse(new, f"{new.where}: the same file as in {_lower(old.where)}, counted once.")
        else:
            self._tear(old)
            self._refuse(new, f"{old.where} and {_lower(new.where)} give this file different classes.")

    def _tear(self, old: _Resolved) -> None:
        """Neither of two lines counts."""
        self._torn[old.found.place] = old
        self.found.pop(old.found.place, None)

    def _refuse(self, line: _Resolved, reason: str) -> None:
        self.refused.append(Refusal(line.named if line.by_name else line.found.place, reason))


class _Resolver:
    """Turns records into files of one tree."""

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self._tree, self._lookup = tree, Lookup(tree, steps)
        self._inner: dict[str, str] = {}

    def resolve(self, record: Record) -> _Resolved | Refusal:
        split = SPLIT_NAMES.get(record.split.strip().lower()) if record.split else None
        classes = [class_name(c) for c in record.classes if c.strip()]
        reason = record.trouble or _unusable(record, classes, known_part=split is not None)
        at, why = _NOWHERE if reason else self._lookup.find(record)
        if at is not None:
            file = str(address.split(Path(at.place))[0]) if "#page=" in at.place else at.place
            name = name_of(file)
            if not may_be_image(self._tree, file, name):
                at, why = None, why_not(name)
        told = (record.files[0] if record.files else "") or record.uploaded or record.where
        if at is None:
            return Refusal(shown(told), f"{record.where}: {_lower(reason or why)}")
        found = Found(
            at.place,
            classes[0] if classes else None,
            split,
            self._folder(at.place),
            record.group.strip() or None,
            columns=record.columns or NO_COLUMNS,
            others={by: class_name(name) for by, name in record.others.items()} if record.others else NO_COLUMNS,
        )
        return _Resolved(record.where, told, found, at.by_name)

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
    if not readable(_text(record)):
        reason = "It holds signs that are no text."
    elif len(classes) > 1 and len(set(classes)) > 1:
        reason = f"It has several classes ({', '.join(dict.fromkeys(classes))}); an image has one."
    elif any(len(name) > LONGEST_CLASS for name in classes):
        reason = f"Its class has more than {LONGEST_CLASS:,} signs; that is a text, not a name."
    elif not known_part and record.split.strip():
        reason = f"“{record.split.strip()}” is not a part. Use train, val or test."
    elif not any(record.files) and not record.uploaded:
        reason = "It names no file."
    return reason


def _text(record: Record) -> str:
    """All that is stored of a record, in one: a lone surrogate, which JSON can hold, is no text."""
    said = "".join((*record.files, *record.classes, record.group, record.split, record.uploaded))
    said += "".join((*record.others, *record.others.values())) if record.others else ""
    return said + "".join((*record.columns, *record.columns.values())) if record.columns else said


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
