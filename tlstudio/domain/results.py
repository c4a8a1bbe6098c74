"""Answers of the workflow functions: import, check, evaluate, export, predict. JSON keys are those of the commands table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tlstudio.domain.openings import UseOfTest
from tlstudio.domain.operating import PointFigures
from tlstudio.domain.predictions import Predictions
from tlstudio.domain.transfer import Transfer
from tlstudio.domain.values import Interval, Split


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of a recommendation. score: cross-validated accuracy of the probe; neighbours: of the nearest neighbours.

    seconds: that trying it took here. bytes: of its weights. images: on which it was tried. behind: it was clearly worse than the
    best on these, and so not tried on the rest.
    """

    model: str
    score: float
    interval: Interval
    seconds: float
    neighbours: Interval | None = None
    bytes: int = 0
    images: int = 0
    behind: bool = False


@dataclass(frozen=True, slots=True)
class NotTried:
    """A model on this machine that could not be compared, and why, as a sentence."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A model that is not on this machine and was not measured on these images.

    imagenet_top1: its published accuracy in percent on everyday photographs; None where nothing comparable is published.
    """

    model: str
    imagenet_top1: float | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """ranking: models tried on `images` images or on a part of them, best first. not_measured: those to download, by what is
    published of them.

    mismatch: what makes these images unlike those that the first of the ranking has learned from, as sentences.
    """

    ranking: tuple[Ranked, ...]
    images: int
    not_tried: tuple[NotTried, ...] = ()
    not_measured: tuple[Expected, ...] = ()
    mismatch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against the rest. An interval is None where it can't be measured (no image of the kind)."""

    sensitivity: Interval | None
    specificity: Interval | None
    ppv: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one run on one split. confusion[i][j]: images of class i predicted as j. auroc: None with one class present.

    All of them are about the most likely class; operating_point is about the decision rule kept with the run. ece: expected
    calibration error of the probabilities as they are given, ece_before: without the temperature, ece_chance: of a model whose
    confidence is exactly right, by chance, ece_limit: what it stays below in 95 of 100 such cases. calibration: why the
    temperature is what it is, in one sentence; empty for a run of an earlier version.
    """

    run: str
    split: Split
    n: int
    accuracy: Interval
    balanced_accuracy: Interval
    auroc: Interval | None
    ece: float
    per_class: dict[str, ClassFigures]
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    groups: int = 0  # independent groups behind the interval; equals n where no image shares a group
    temperature: float = 1.0
    ece_before: float | None = None
    ece_chance: float | None = None
    ece_limit: float | None = None
    calibration: str = ""
    operating_point: PointFigures | None = None
    folds: int = 0  # parts of a cross-validation over all images; 0 for images of one split
    corrected: Interval | None = None  # the accuracy corrected for the model having been chosen by these very images
    test_use: UseOfTest | None = None  # how often these images were opened; None where they are no test images
    transfer: Transfer | None = None  # the comparison with simpler ways, where there is one
    predictions: Predictions = field(default_factory=Predictions, repr=False)

    @property
    def images(self) -> str:
        """What was measured on, for people: `test images`, `images, each left out once`."""
        return "images, each left out once" if self.folds else f"{self.split.caption.lower()} images"

    @property
    def confidence_off(self) -> bool:
        """Whether the calibration error is larger than chance explains."""
        return self.ece_limit is not None and self.ece > self.ece_limit

    @property
    def chance_told(self) -> str:
        """What the calibration error has to be read beside, in one sentence; empty where that is not known."""
        if self.ece_chance is None or self.ece_limit is None:
            return ""
        told = (
            f"With as few images, a model whose confidence is exactly right shows {100 * self.ece_chance:.1f} % by chance, and"
            f" up to {100 * self.ece_limit:.1f} %"
        )
        if self.confidence_off:
            return f"{told}: this one's confidence is off by more than that."
        return f"{told}: nothing here shows that this one's confidence is off."

    def to_json(self) -> dict[str, Any]:
        def plain(value: Interval | None) -> dict[str, float] | None:
            return None if value is None else value.to_json()

        return {
            "run": self.run,
            "split": "folds" if self.folds else self.split.value,
            "folds": self.folds,
            "n": self.n,
            "groups": self.groups,
            "accuracy": self.accuracy.to_json(),
            "balanced_accuracy": self.balanced_accuracy.to_json(),
            "corrected": plain(self.corrected),
            "auroc": plain(self.auroc),
            "ece": self.ece,
            "ece_before": self.ece_before,
            "ece_chance": self.ece_chance,
            "ece_limit": self.ece_limit,
            "temperature": self.temperature,
            "calibration": self.calibration,
            "per_class": {
                name: {
                    "sensitivity": plain(c.sensitivity),
                    "specificity": plain(c.specificity),
                    "ppv": plain(c.ppv),
                    "n": c.n,
                }
                for name, c in self.per_class.items()
            },
            "confusion": [list(row) for row in self.confusion],
            "classes": list(self.classes),
            "operating_point": None if self.operating_point is None else self.operating_point.to_json(),
            "baselines": None if self.transfer is None else self.transfer.baselines_json(),
            "transfer": None if self.transfer is None else self.transfer.to_json(),
            "test_use": None if self.test_use is None else self.test_use.to_json(),
        }


@dataclass(frozen=True, slots=True)
class FoundAgain:
    """Missing images that were looked for. left: the paths of those that are still missing."""

    missing: int
    found: int
    left: tuple[str, ...]
    folder: Path

    def sentence(self) -> str:
        """For people: `18 of 20 missing images were found.`"""
        if not self.missing:
            return "No image is missing."
        images = "1 missing image" if self.missing == 1 else f"{self.missing:,} missing images"
        if not self.found:
            return (
                f"None of the {images} was found there."
                if self.missing > 1
                else f"The {images[2:]} was not found there."
            )
        if self.found == self.missing:
            return f"The {images[2:]} was found." if self.missing == 1 else f"All {images} were found."
        return f"{self.found:,} of {images} {'was' if self.found == 1 else 'were'} found."


@dataclass(frozen=True, slots=True)
class PredictSummary:
    """The end of a prediction over many images; the rows went out as `Predicted` events."""

    images: int
    ok: int
    uncertain: int
    unfamiliar: int
    refused: int
    csv: Path | None = None


@dataclass(frozen=True, slots=True)
class SectionLine:
    """A section of a report before it is written: its title, and in one line what it holds."""

    title: str
    holds: str


@dataclass(frozen=True, slots=True)
class ReportResult:
    """A report that was written. notes: what its reader may have to know, such as characters that the PDF can't show."""

    file: Path
    bytes: int
    run: str
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"run": self.run, "file": str(self.file), "bytes": self.bytes}
