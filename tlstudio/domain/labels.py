"""Labels and what surrounds them: looking for images, suggestions of a model, what happened to an image, a second person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tlstudio.domain.values import Interval, Refusal, Split


class Mark(StrEnum):
    """What an image can be looked for by besides its class and split."""

    UNSURE = "unsure"
    LEFT_OUT = "left_out"
    NOTE = "note"
    SUGGESTED = "suggested"


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """Which images are wanted; an empty query means all.

    text: somewhere in the file name, the group or the note, in any case. label: a class name, None for all; unlabeled: only those
    without a class. only: ids of the images that come into question, None for all.
    """

    text: str = ""
    label: str | None = None
    unlabeled: bool = False
    split: Split | None = None
    mark: Mark | None = None
    only: tuple[int, ...] | None = None

    @property
    def active(self) -> bool:
        """True when it may leave images out."""
        return self != ImageQuery()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a model says of an image without a class; never a label by itself.

    confidence: calibrated probability of `label`, 0 … 1. priority: 1 for the image whose label would teach the model most.
    """

    image: int
    label: str
    confidence: float
    priority: int


@dataclass(frozen=True, slots=True)
class SuggestedFile:
    """A suggestion as the command line tells it."""

    file: Path
    label: str
    confidence: float
    priority: int

    def to_json(self) -> dict[str, Any]:
        return {"file": str(self.file), "class": self.label, "confidence": self.confidence, "priority": self.priority}


@dataclass(frozen=True, slots=True)
class AcceptResult:
    """Suggestions that became labels, as one change. waiting: how many suggestions are left."""

    accepted: int
    waiting: int
    images: tuple[SuggestedFile, ...]

    def to_json(self) -> dict[str, Any]:
        return {"accepted": self.accepted, "waiting": self.waiting, "images": [each.to_json() for each in self.images]}


@dataclass(frozen=True, slots=True)
class SuggestResult:
    """Suggestions for the images without a class, those that teach most first.

    learned_from: labeled training images behind them. held_back: test images without a class, which get no suggestion because
    their labels have to be the user's alone. refused: images that can't be read any more.
    """

    run: str
    learned_from: int
    suggestions: tuple[SuggestedFile, ...]
    held_back: int = 0
    refused: tuple[Refusal, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "learned_from": self.learned_from,
            "held_back": self.held_back,
            "refused": [{"file": r.path, "reason": r.reason} for r in self.refused],
            "suggestions": [each.to_json() for each in self.suggestions],
        }


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that happened to an image: who, when, and what changed from what to what.

    kind: `import`, `label` (an edit), `undo` or `redo`. field: `class`, `unsure`, `excluded`, `note`, `split`, `group_name` or
    `alike`. before, after: class names for `class`, else the values as text; None for nothing. Equal ones of `class` mean that
    the label was looked at and kept. at: seconds since the epoch. author: empty when unknown.
    """

    at: float
    author: str
    kind: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Matched:
    """Files looked up in the project: the ids of the images they are, and the files that are none of its images."""

    images: tuple[int, ...]
    unknown: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class UnusedRow:
    """A row of another person's table that was not used. where: its place, such as `Row 17`."""

    where: str
    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class between two people. both: images that both give it; agreement: `both` among the images that either gives it.

    kappa: Cohen's kappa of this class against the rest; None where it is undefined.
    """

    mine: int
    theirs: int
    both: int
    agreement: Interval
    kappa: Interval | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An image that two people label differently. settled: the user has looked and kept the own label, or marked it unsure."""

    image: int
    file: Path
    mine: str
    theirs: str
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two people's labels for the same images.

    n: images labeled by both and not left out. agreement: share of them with equal labels. kappa: Cohen's kappa, None where it
    is undefined (both know one class only). groups: independent groups behind the intervals. confusion[i][j]: images that the
    user calls class i and the other person class j.
    """

    annotator: str
    n: int
    groups: int
    agreement: Interval
    kappa: Interval | None
    classes: tuple[str, ...]
    per_class: dict[str, ClassAgreement]
    confusion: tuple[tuple[int, ...], ...]
    disagreements: tuple[Disagreement, ...] = ()
    unused: tuple[UnusedRow, ...] = ()
    only_theirs: int = 0  # images that the other person labeled and the user has not
    only_mine: int = 0

    def to_json(self) -> dict[str, Any]:
        def plain(value: Interval | None) -> dict[str, float] | None:
            return None if value is None else value.to_json()

        return {
            "annotator": self.annotator,
            "n": self.n,
            "groups": self.groups,
            "agreement": self.agreement.to_json(),
            "kappa": plain(self.kappa),
            "classes": list(self.classes),
            "per_class": {
                name: {
                    "mine": c.mine,
                    "theirs": c.theirs,
                    "both": c.both,
                    "agreement": c.agreement.to_json(),
                    "kappa": plain(c.kappa),
                }
                for name, c in self.per_class.items()
            },
            "confusion": [list(row) for row in self.confusion],
            "disagreements": [
                {"file": str(d.file), "mine": d.mine, "theirs": d.theirs, "settled": d.settled}
                for d in self.disagreements
            ],
            "unused": [{"row": u.where, "file": u.file, "reason": u.reason} for u in self.unused],
            "only_mine": self.only_mine,
            "only_theirs": self.only_theirs,
        }
