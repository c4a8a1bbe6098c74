"""What an import is asked to do, what can be told before it runs, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlstudio.domain.values import Refusal, Split

# Keys of readings: class folders; folders called like parts, taken for parts, or for classes.
FOLDERS, PARTS, CLASSES = "folders", "parts", "classes"
MOST_NAMES = 5000  # that a preview carries
# What a column of a table can say of an image.
ROLES = ("path", "class", "group", "split")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import and how to divide it.

    source: a folder, a ZIP file, or a file that lists images. group_from: None (what the source itself says), `none` (every
    image on its own), `folder` (the folder that holds the image, below the class folder), `name:REGEX` (the first group of
    the expression, or the whole match, searched in the file name), `column:NAME` (of a table) or `dicom:KEYWORD` (a tag,
    kept as a keyed hash). may_ask: to stop where names suggest groups and group_from is None; else every image is on its own
    then. copy: copy the files into the project. Fractions of the whole, 0 … 0.9; ignored for images whose part the source
    names. reading: a `Reading.key`, empty for the only one there is. columns: {role: column} where the names don't tell.
    pages: `first` or `all` of files that hold several. encoding: the code page of a table's text, or of the names in a ZIP
    file, where the bytes don't tell; empty to find it out. near_duplicates: whether they stay on one side of a split; None: as
    the project has it, and a new project keeps them together. changed: what is done about images of the project whose files were
    exchanged: `take` the new ones, `keep` the old ones, or `ask` by an error.
    """

    source: Path
    project: Path
    name: str = ""
    test_fraction: float = 0.2
    val_fraction: float = 0.15
    seed: int = 0
    copy: bool = False
    group_from: str | None = None
    reading: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    pages: str = "first"
    may_ask: bool = True
    near_duplicates: bool | None = None
    encoding: str = ""
    changed: str = "take"


@dataclass(frozen=True, slots=True)
class EncodingWay:
    """One encoding that can be chosen. key: Python's name. caption: what people call it. sample: what the text says in it, where
    that is likely."""

    key: str
    caption: str
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How text was read that does not say its encoding itself.

    ways: what it can be read in, the likely ones first and with a sample. sure: whether one is far likelier than the others, or
    was stated by the user. lines: the first lines, as read, that depend on the choice.
    """

    key: str
    caption: str
    ways: tuple[EncodingWay, ...] = ()
    sure: bool = True
    stated: bool = False
    lines: tuple[str, ...] = ()

    def sentence(self) -> str:
        """`Read as cp1251 (Windows, Cyrillic): “1.png,трещина”.`; empty where nothing in it depends on the choice."""
        if not self.lines:
            return ""
        named = f"{self.key} ({self.caption})" if self.caption else self.key
        return f"Read as {named}: {', '.join(f'“{line}”' for line in self.lines)}."


@dataclass(frozen=True, slots=True)
class GroupGuess:
    """File names that seem to tell what belongs together: shown as an example, never applied by itself.

    rule: a value for ImportRequest.group_from. groups: how many it makes, those of one image included. shared: how many of them
    have two images or more; images: how many images those have.
    """

    rule: str
    groups: int
    example_group: str
    examples: tuple[str, ...]
    shared: int = 0
    images: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a source. key: `folders`, `parts`, `classes`, `unlabeled`, or the name of the file that lists it."""

    key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class TablePreview:
    """The head of a table and what its columns are taken for: {role: column}."""

    columns: tuple[str, ...]
    mapping: dict[str, str]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a source holds, seen without decoding: for the page before the import.

    reading: how it was understood; readings: all the ways there are, this one included. splits: empty when the source names
    no parts. groups: how many groups the source itself names. columns: what `column:` can take. pages: all pages of the
    `paged` files that hold several; 0 where the `paged` files lie in an archive and only may hold several. tags: DICOM keywords
    that the files carry and `dicom:` can take. problem: why nothing can be imported yet, as a sentence. names: file names to try
    a rule for groups on, all of them or MOST_NAMES spread over the source. foldered: how many images lie in a folder inside their
    class folder. encoding: how text was read that does not say it itself. by_name: sentences on files that were found by
    their names alone, and on whose word was taken where several people spoke; empty without any. divided: the source says of
    every image which part it is for.
    """

    source: Path
    classes: dict[str, int]
    splits: dict[str, int]
    samples: dict[str, tuple[Path, ...]]
    refused: tuple[Refusal, ...]
    guess: GroupGuess | None
    suggested_project: Path
    reading: Reading = field(default_factory=lambda: Reading("folders", ""))
    readings: tuple[Reading, ...] = ()
    unlabeled: int = 0
    groups: int = 0
    columns: tuple[str, ...] = ()
    table: TablePreview | None = None
    paged: int = 0
    pages: int = 0
    tags: tuple[str, ...] = ()
    problem: str = ""
    names: tuple[str, ...] = ()
    foldered: int = 0
    encoding: Encoding | None = None
    by_name: str = ""
    divided: bool = False

    @property
    def images(self) -> int:
        """Images with and without a class, each file counted once."""
        return sum(self.classes.values()) + self.unlabeled


@dataclass(frozen=True, slots=True)
class ImportedClass:
    """One line of what an import did. label: None for the images without a class.

    added: by this import. total, splits: what the project holds of it now, in all and in each part.
    """

    label: str | None
    added: int
    total: int
    splits: dict[str, int]


@dataclass(frozen=True, slots=True)
class EmptyParts:
    """Parts without an image (without one that has a class, once there are classes). what, remedy: sentences for people."""

    parts: tuple[Split, ...]
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """images: how many were added, or were there and taken anew because their files have changed. classes, splits, groups,
    unlabeled: what the project holds now, older images included. changed: how many of `images` were taken anew.

    rows: the same in one table, class by class, those without a class last. empty: the parts that have no image and should.
    warnings: sentences on what will make the figures wrong. by_name: how many images were found by the names of their files
    alone.
    """

    images: int
    refused: tuple[Refusal, ...]
    classes: dict[str, int]
    splits: dict[str, int]
    groups: int
    project: Path
    unlabeled: int = 0
    recognised: str = ""
    rows: tuple[ImportedClass, ...] = ()
    empty: EmptyParts | None = None
    warnings: tuple[str, ...] = ()
    by_name: int = 0
    changed: int = 0

    @property
    def total(self) -> int:
        """Images in the project now."""
        return sum(row.total for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "images": self.images,
            "changed": self.changed,
            "refused": [{"file": r.path, "reason": r.reason} for r in self.refused],
            "classes": self.classes,
            "splits": self.splits,
            "groups": self.groups,
            "project": str(self.project),
            "unlabeled": self.unlabeled,
            "recognised": self.recognised,
            "total": self.total,
            "table": [
                {"class": row.label, "added": row.added, "total": row.total, "splits": row.splits} for row in self.rows
            ],
            "empty_parts": [part.value for part in self.empty.parts] if self.empty else [],
            "empty_reason": f"{self.empty.what} {self.empty.remedy}" if self.empty else "",
            "warnings": list(self.warnings),
            "found_by_name": self.by_name,
        }
