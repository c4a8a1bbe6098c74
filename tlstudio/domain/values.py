"""The nouns of the program: images, classes, splits, groups, intervals."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path


class Split(enum.StrEnum):
    """The part of the data that an image belongs to."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"

    @property
    def caption(self) -> str:
        return {"train": "Training", "val": "Validation", "test": "Test"}[self.value]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % confidence interval; a share in 0 … 1 unless said otherwise."""

    value: float
    low: float
    high: float

    def percent(self) -> str:
        """For people: `91 % (88 to 94)`."""
        return f"{self.value:.0%} ({self.low * 100:.0f} to {self.high * 100:.0f})".replace("%", " %")

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}

    @staticmethod
    def from_json(data: dict[str, float]) -> Interval:
        return Interval(float(data["value"]), float(data["low"]), float(data["high"]))


@dataclass(frozen=True, slots=True)
class ImageClass:
    """What the user calls a label: its name, its place in the order and how many images carry it."""

    id: int
    name: str
    position: int
    count: int = 0


@dataclass(frozen=True, slots=True)
class ClassOverview:
    """label: None for the images without a class. contents: SHA-256 in hex, of some of its images."""

    label: str | None
    count: int
    splits: dict[Split, int] = field(default_factory=dict)
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of a project as every other room sees it.

    `content` is the SHA-256 of the file's bytes (hex): the key of the pixel cache, the thumbnails and the features.
    `label` is the class name, None while unlabeled. `group` is what a split must not divide. `excluded`: the user leaves it
    out of training and figures; `unsure`: the user wants to look again. `alike`: id of the first of its near-duplicates, None
    where it has none. `look`: perceptual hash in hex, None until computed.
    """

    id: int
    path: Path
    content: str
    width: int
    height: int
    label: str | None
    group: str | None
    split: Split
    excluded: bool = False
    unsure: bool = False
    note: str = ""
    alike: int | None = None
    look: str | None = None

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was not imported, and why, in words for the user."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """What the start page and the window's frame show of a project.

    trouble: why it can't be opened as it is, as a sentence: its database is damaged or gone, and there are backups.
    near_duplicates: whether they stay on one side of a split in it.
    """

    folder: Path
    name: str
    images: int = 0
    unlabeled: int = 0
    classes: tuple[ImageClass, ...] = ()
    splits: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    refused: int = 0
    best_accuracy: Interval | None = None
    opened_at: float = 0.0  # seconds since the epoch
    thumbnails: tuple[Path, ...] = ()
    trouble: str = ""
    near_duplicates: bool = True
