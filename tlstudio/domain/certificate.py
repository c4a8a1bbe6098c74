"""The certificate of an exported file: what it answers, compared with the trained model, and what a smaller kind saves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the file decides at its operating point, compared with the trained model.

    name, threshold: of the operating point. differ: images that are given another class (ties with a margin under 1e-4 do not
    count); may_differ: how many of them the certificate allows. marks: images that are given the same class with another mark,
    such as uncertain. positives: images labeled `name`; found, found_trained: those of them that the file and the trained
    model flag; may_miss: how many fewer the certificate allows the file to flag.
    """

    name: str
    threshold: float
    differ: int
    may_differ: int
    marks: int
    positives: int
    found: int
    found_trained: int
    may_miss: int

    @property
    def held(self) -> bool:
        return self.differ <= self.may_differ and self.found_trained - self.found <= self.may_miss


class FileKind(StrEnum):
    """What the numbers of an exported file are; its value stands in the file.

    FULL: those of the trained model. INT8: 8 bits, for weights and computation. STORED_SMALL: weights of 8 bits, computation in
    full precision. HALF: 16 bits in floating point, for graphics processors. Only the first equals the model; the others keep its
    head and its novelty as they are, and come near.
    """

    FULL = "float32"
    INT8 = "int8"
    STORED_SMALL = "stored-small"
    HALF = "float16"

    @property
    def caption(self) -> str:
        """For people, and at the beginning of a sentence."""
        return {
            "float32": "Full precision",
            "int8": "8-bit numbers",
            "stored-small": "Stored small",
            "float16": "Half precision",
        }[self.value]

    @property
    def meaning(self) -> str:
        """What one gets, for people."""
        return {
            "float32": "the numbers of the trained model, and exactly its answers",
            "int8": "small, and faster where processors multiply bytes; nearly the same answers",
            "stored-small": "small on the disk; in use it takes the time and memory of full precision; nearly the same answers",
            "float16": "for graphics processors, about half the size; checked without one, untested on one",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near a file with fewer bits comes to the trained model on the images compared, and how near it has to come.

    differ: images that are given another class (ties with a margin under 1e-4 do not count). loss: the model's accuracy less
    the file's, a share that is negative where the file is right more often; low, high: its 95 % interval. unfamiliar: images
    that only one of this file and the file in full precision calls unlike the training images. may_…: how much the certificate
    allows.
    """

    differ: int
    may_differ: int
    loss: float
    low: float
    high: float
    may_lose: float
    unfamiliar: int
    may_be_unfamiliar: int

    @property
    def points(self) -> str:
        """What is lost, in percentage points."""
        low, high = (f"{100 * share:.1f}" for share in (self.low, self.high))
        return (
            f"{100 * self.loss:.1f} points lost (95 % interval {low} to {high}), up to {100 * self.may_lose:g} may be"
        )


@dataclass(frozen=True, slots=True)
class Saving:
    """What a file with fewer bits saves against the one in full precision, measured on the computer that exported it.

    bytes, full_bytes: sizes of both files. time: how many times as long it takes to answer one image, the median of `pairs` runs
    of both side by side on the processor; low, high: its 95 % interval. threads: that computed.
    """

    bytes: int
    full_bytes: int
    time: float
    low: float
    high: float
    pairs: int
    threads: int

    @property
    def size(self) -> float:
        """How many times the size."""
        return self.bytes / self.full_bytes

    @property
    def duration(self) -> str:
        """How long an image takes, for people."""
        threads = "one thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.time:.2f} times as long ({self.low:.2f} to {self.high:.2f}), {threads}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the exported file answers, compared with the trained model.

    images: held-out images compared, each decoded from its file. agreement: share with the same top class (ties with a margin
    under 1e-4 count as agreement). max_difference: largest difference of any probability. precision: a value of FileKind; a file
    in full precision must equal the model, the others must come near. accuracy, accuracy_trained: of the file and of the model
    on these images, only for those others; nearness and saving likewise. decisions: None without an operating point. In files
    of earlier versions any of the last three may be missing.
    """

    images: int
    agreement: float
    max_difference: float
    passed: bool
    split: str = "test"
    precision: str = FileKind.FULL.value
    accuracy: float | None = None
    accuracy_trained: float | None = None
    decisions: Decisions | None = None
    nearness: Nearness | None = None
    saving: Saving | None = None

    @property
    def kind(self) -> FileKind | None:
        """None for one that only a later version of the program knows."""
        return next((kind for kind in FileKind if kind.value == self.precision), None)
