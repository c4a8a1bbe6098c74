"""What a source holds, seen without decoding: the files that may be images, and what is said of each."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tlstudio.domain.events import SILENT, Progress, Reporter
from tlstudio.domain.safe_text import storable
from tlstudio.domain.values import Refusal, Split
from tlstudio.images.refusals import KNOWN_OTHERS

SPLIT_NAMES = {
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VAL,
    "valid": Split.VAL,
    "validation": Split.VAL,
    "dev": Split.VAL,
    "test": Split.TEST,
    "testing": Split.TEST,
}
# What only a folder's name says, besides.
PART_WORDS = {
    **SPLIT_NAMES,
    "tests": Split.TEST,
    "tst": Split.TEST,
    "trn": Split.TRAIN,
    "eval": Split.TEST,
    "evaluation": Split.TEST,
    "holdout": Split.TEST,
    "heldout": Split.TEST,
    "develop": Split.VAL,
    "development": Split.VAL,
    "validate": Split.VAL,
    "validating": Split.VAL,
}
BAD_FILE_NAME = "The file's name can't be read. Rename it."
BAD_FOLDER_NAME = "The folder's name can't be read. Rename it."
# One for all files that have none: an empty one for each of a hundred thousand costs more than to find them.
NO_COLUMNS: Mapping[str, str] = {}


@contextmanager
def uncollected() -> Iterator[None]:
    """For a scan: it makes objects by the hundred thousand, keeps them, and makes no circles of them.

    Python's collector looks for circles among all of them again and again meanwhile, for a third of the time and for nothing.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be an image, or one page of it.

    place: its address (see tlstudio.images.address) as text, because a path object costs more than everything else that a scan
    does; inside a ZIP file, the archive's path followed by the name in it. label: None for an image to be labeled here. inner:
    the folders between the class folder and the file, `/`-separated, or empty. group: what the source says it belongs to.
    sheet: the file whose pages it and others are, None for a file of its own.
    columns: what the source says besides. others: what other people say its class is, {person: class}.
    """

    place: str
    label: str | None
    split: Split | None
    inner: str
    group: str | None = None
    sheet: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: NO_COLUMNS)
    others: Mapping[str, str] = field(default_factory=lambda: NO_COLUMNS)

    @property
    def path(self) -> Path:
        return Path(self.place)

    @property
    def name(self) -> str:
        return name_of(self.place)


@dataclass(frozen=True, slots=True)
class Scan:
    """columns: what `column:` can take here; empty where the source has none. by_name: how many files of a list were found by
    their names alone, not in the folders that it names.

    divided: the source says of every image which part it is for, and nothing is taken from one part for another: a list that was
    written here, or that says `train` of all. A folder `train` alone is no such word: nothing beside it was held back. told: a
    sentence on whose word was taken, where several people spoke.
    """

    found: tuple[Found, ...]
    refused: tuple[Refusal, ...]
    columns: tuple[str, ...] = ()
    by_name: int = 0
    divided: bool = False
    told: str = ""

    def classes(self) -> dict[str, int]:
        return dict(sorted(Counter(f.label for f in self.found if f.label is not None).items()))

    def unlabeled(self) -> int:
        return sum(1 for f in self.found if f.label is None)

    def splits(self) -> dict[str, int]:
        """Counts by the parts that the source names; empty where it names none."""
        named = Counter(f.split.value for f in self.found if f.split is not None)
        return {s.value: named.get(s.value, 0) for s in Split} if named else {}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user says of a source. columns: {role: column}; a role that is missing is found by the column's name."""

    columns: Mapping[str, str] = field(default_factory=dict)


class Steps:
    """Counts files and tells now and then how far a scan is; raises Cancelled where the reporter does."""

    EVERY = 500

    def __init__(self, stage: str = "Looking through the files", reporter: Reporter = SILENT, total: int = 0) -> None:
        self._stage, self._reporter, self._total, self._done = stage, reporter, total, 0

    def step(self) -> None:
        if self._done % self.EVERY == 0:
            self._reporter.report(Progress(self._stage, self._done, self._total))
        self._done += 1


def readable(name: str) -> bool:
    """Whether a name can be stored and shown; bytes that are no UTF-8 come from the system as lone surrogates."""
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(place: str | Path) -> str:
    """A path as text that can be stored and shown, with � for what can't be read."""
    return storable(str(place))


def why_not(name: str) -> str:
    """Why a file of this name is no image, for a file whose suffix is not one of the known ones."""
    other = KNOWN_OTHERS.get(suffix_of(name))
    return (
        f"{other} files can't be read. Save it as PNG, JPEG or TIFF."
        if other
        else "The file is not an image of a known format."
    )


DIGITS = re.compile(r"(\d+)")


def natural_key(name: str) -> list[str | int]:
    """Sort key that puts `image 9` before `image 10`: text and numbers in turn, so that like is compared with like."""
    parts: list[str | int] = list(DIGITS.split(name.lower()))
    parts[1::2] = map(int, parts[1::2])
    return parts


def name_of(place: str) -> str:
    """The last part of a place."""
    cut = place.rfind("/")
    if os.sep != "/":
        cut = max(cut, place.rfind(os.sep))
    return place[cut + 1 :]


def suffix_of(name: str) -> str:
    """The ending of a name with its dot, in small letters; empty for a name without one."""
    dot = name.rfind(".")
    return name[dot:].lower() if 0 < dot < len(name) - 1 else ""
