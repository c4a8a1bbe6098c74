"""What a report is made from: numbers and the names of classes. Whoever fills this in has opened the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tlstudio.domain.cards import ModelCard
from tlstudio.domain.findings import Finding
from tlstudio.domain.packing import Elsewhere
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.results import Evaluation
from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import Split


@dataclass(frozen=True, slots=True)
class Images:
    """The project's images in numbers.

    classes: labeled images of each class in each split, in the user's order. excluded: what a person left out of each split;
    it counts nowhere else. grouped: images with a group; torn: groups with images in more than one split. seed: of the division
    at the import. torn_copies: what is known of copies and near-duplicates in more than one part, as a sentence; empty for none.
    """

    classes: Mapping[str, Mapping[Split, int]]
    unlabeled: int
    refused: int
    groups: int
    grouped: int
    torn: int
    seed: str
    excluded: Mapping[Split, int] = field(default_factory=dict)
    torn_copies: str = ""

    @property
    def labeled(self) -> int:
        return sum(sum(counts.values()) for counts in self.classes.values())

    @property
    def total(self) -> int:
        """Images that count."""
        return self.labeled + self.unlabeled

    def of(self, split: Split) -> int:
        """Labeled images in a split."""
        return sum(counts.get(split, 0) for counts in self.classes.values())


@dataclass(frozen=True, slots=True)
class Training:
    """How the run came about. learned, held: images it learned from and was chosen by.

    card: None where the pretrained model has left this machine and no card came with the program. weights_hash: SHA-256 of
    the pretrained weights, hex. fingerprint: SHA-256 over contents and labels of the training images, hex. elsewhere: where it
    was trained, if that was on another machine.
    """

    run: RunRow
    learned: int
    held: int
    card: ModelCard | None
    license: str
    weights_hash: str
    preprocess: PreprocessSpec
    fingerprint: str
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before anything is measured.

    made: seconds since the epoch. measured_on: the split whose `available` images are measured.
    """

    project: str
    made: float
    images: Images
    training: Training
    measured_on: Split
    available: int
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a report is made from.

    units[i]: what prediction i is grouped with. unknown: labeled images of the split whose class the model does not know;
    seen: measured images that the model learned from.
    """

    known: Known
    evaluation: Evaluation
    units: tuple[str, ...]
    findings: tuple[Finding, ...]
    unknown: int = 0
    seen: int = 0

    @property
    def unreadable(self) -> int:
        """Images that should have been measured and whose files are gone."""
        return self.known.available - self.evaluation.n
