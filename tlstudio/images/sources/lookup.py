"""The files that a list means: where it names them, else by their names, else by the names they were uploaded under."""

from __future__ import annotations

import ntpath
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tlstudio.images import address
from tlstudio.images.scan import NO_COLUMNS, Steps, name_of, suffix_of
from tlstudio.images.sources.tree import Presence, Tree


class Record(NamedTuple):
    """One image as a list names it.

    where: the place in the list, for people ("Row 17"). files: how the file may be called, the best way first. classes: none
    for an image without a label. base: the folder that relative names start from. uploaded: the name that the file was given when
    it was uploaded to where the list comes from, which is its own name with some signs left out or exchanged; see `cleaned`.
    others: what other people say its class is, {person: class}.
    """

    where: str
    files: tuple[str, ...]
    base: str
    classes: tuple[str, ...] = ()
    group: str = ""
    split: str = ""
    columns: Mapping[str, str] = NO_COLUMNS
    trouble: str = ""
    uploaded: str = ""
    others: Mapping[str, str] = NO_COLUMNS


class Place(NamedTuple):
    """Where a file was found. by_name: its name alone says so; the list names another folder, or none."""

    place: str
    by_name: bool = False


class Lookup:
    """Finds the files that a list names: where it says, else by their names anywhere below the tree's root.

    A file of the right name in another folder than the one named is another file: `p2/1.png` is not `p1/1.png`.
    """

    def __init__(self, tree: Tree, steps: Steps) -> None:
        self._tree, self._steps, self._presence = tree, steps, Presence(tree)
        self._by_name: dict[str, list[str]] | None = None
        self._by_upload: dict[str, list[str]] | None = None

    def find(self, record: Record) -> tuple[Place | None, str]:
        """The file, or None and the reason."""
        for text in record.files:
            place = self._there(text, record.base)
            if place is not None:
                return Place(place), ""
        reason = ""
        for text in record.files:
            found, why = self._named(text)
            if found is not None:
                return found, ""
            reason = reason or why
        if record.uploaded:
            found, why = self._uploaded(record.uploaded)
            if found is not None:
                return found, ""
            reason = why or reason
        return None, reason or "The file is not there."

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

    def _named(self, text: str) -> tuple[Place | None, str]:
        """A file of the same name, with or without its suffix, whose folders don't contradict the ones named.

        Of several the one counts whose folders agree the furthest. The folder of the source itself may be called anything.
        """
        parts = [_same(p) for p in text.replace("\\", "/").split("/") if p not in ("", ".", "..")]
        places = self._index().get(parts[-1], []) if parts else []
        if not places:
            return None, ""
        agree = {place: n for place in places if (n := _agreement(self._folders(place), parts[:-1])) is not None}
        if not agree:
            named, there = text.replace("\\", "/").rsplit("/", 1)[0], "/".join(self._parts(min(places))[:-1])
            return None, f"The list names it in “{named}”, and the file of this name lies in “{there}”."
        best = [place for place, n in agree.items() if n == max(agree.values())]
        if len(best) > 1:
            return None, f"Several files are called {name_of(best[0])}; the list does not say which one is meant."
        return Place(best[0], by_name=agree[best[0]] == 0), ""

    def _uploaded(self, name: str) -> tuple[Place | None, str]:
        """The one file that can have got this name when it was uploaded."""
        if self._by_upload is None:
            self._by_upload = {}
            for places in self._index().values():
                for place in places:
                    for key in upload_keys(name_of(place)):
                        there = self._by_upload.setdefault(key, [])
                        if place not in there:
                            there.append(place)
        places = next((p for key in uploads(name) if (p := self._by_upload.get(key))), [])
        exact = [place for place in places if name_of(place) == name]
        if len(places) == 1 or len(exact) == 1 == len({name_of(place).casefold() for place in places}):
            return Place((exact or places)[0], by_name=True), ""
        if places:
            names = " and ".join(sorted({name_of(place) for place in places})[:2])
            return None, f"Several files may be the one that was uploaded as {name}: {names}."
        return None, ""

    def _index(self) -> dict[str, list[str]]:
        from tlstudio.images.sources.parts import images_below

        if self._by_name is None:
            self._by_name = {}
            for entry in images_below(self._tree, str(self._tree.root)):
                self._steps.step()
                name = _same(entry.name)
                for key in {name, name.removesuffix(suffix_of(name))}:
                    self._by_name.setdefault(key, []).append(entry.place)
        return self._by_name

    def _parts(self, place: str) -> list[str]:
        """The folders and the name of a file below the root."""
        return place[len(str(self._tree.root)) :].replace(os.sep, "/").strip("/").split("/")

    def _folders(self, place: str) -> list[str]:
        return [_same(part) for part in self._parts(place)[:-1]]


def _same(name: str) -> str:
    """A name as it is compared: in small letters, accents composed (macOS takes them apart)."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _agreement(mine: Sequence[str], named: Sequence[str]) -> int | None:
    """How many of the last folders are the same; None where two that stand for the same one differ."""
    shorter = min(len(mine), len(named))
    if list(mine[len(mine) - shorter :]) != list(named[len(named) - shorter :]):
        return None
    return shorter


# --- uploaded files -------------------------------------------------------------------------------------------------------

# What Django adds to a name that there is already, or that is too long. https://docs.djangoproject.com/en/stable/ref/files/storage/
_ADDED = re.compile(r"_[A-Za-z0-9]{7}$")


def cleaned(name: str) -> str:
    """A file's name as a web server writes it: spaces become `_`, and only letters, figures and `-_.` stay.

    django.utils.text.get_valid_filename; Label Studio and others are built upon it.
    """
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_")).casefold()


def upload_keys(name: str) -> set[str]:
    """The names that this file may have got when it was uploaded, from a system that composes accents or takes them apart."""
    return {cleaned(unicodedata.normalize(form, name)) for form in ("NFC", "NFD")}


def uploads(name: str) -> list[str]:
    """Keys to look an uploaded name up by: as it is, then without what was added to tell it from others."""
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    plain = _ADDED.sub("", stem)
    return [*upload_keys(name), *(upload_keys(plain + suffix) if plain != stem else ())]


def is_absolute(text: str) -> bool:
    """Whether a name starts at a root or a drive, on any system."""
    return text[:1] in ("/", "\\") or (":" in text and bool(ntpath.splitdrive(text)[0]))
