"""Operating points: one class that must not be missed, the threshold on its probability, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.values import Interval, Split

# Where a threshold was chosen: on the validation images, or, in a project without any, on training images while left out.
VALIDATION, LEFT_OUT = "val", "left_out"
WINS = 0.5  # a class that is as probable as this is the likeliest anyway, so a higher threshold changes nothing


@dataclass(frozen=True, slots=True)
class Wish:
    """Of the images of class `name`, the share `sensitivity` (above 0, up to 1) must be found."""

    name: str
    sensitivity: float

    def __post_init__(self) -> None:
        if not 0.0 < self.sensitivity <= 1.0:
            raise WrongUsage(
                f"{self.sensitivity:g} is no sensitivity.", remedy="Give a share above 0 and up to 1, such as 0.95."
            )

    @staticmethod
    def parse(text: str) -> Wish:
        """Reads `CLASS=VALUE`; the class may hold an equals sign itself. Raises WrongUsage."""
        name, mark, value = text.rpartition("=")
        try:
            sensitivity = float(value)
        except ValueError:
            sensitivity = math.nan
        if not (name and mark) or math.isnan(sensitivity):
            raise WrongUsage(
                f"“{text}” is not a class with its wanted sensitivity.",
                remedy="Write CLASS=VALUE, such as crack=0.95, or none to remove the threshold.",
            )
        return Wish(name, sensitivity)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """An image is given the class `name` when its probability is at least `threshold` or when it is the likeliest class.

    wanted: the sensitivity that the threshold was chosen for. chosen_on: VALIDATION or LEFT_OUT. images: how many images of the
    class it was chosen on; found: how many of them are given the class; independent: how many images of groups of their own they
    are worth. shown: the sensitivity that they prove with 95 % certainty. The last three are None where an earlier version chose.
    """

    name: str
    wanted: float
    threshold: float
    chosen_on: str
    images: int
    found: int | None = None
    independent: float | None = None
    shown: float | None = None

    @property
    def idle(self) -> bool:
        """Whether the class is given where it is the likeliest and nowhere else."""
        return self.threshold >= WINS

    @property
    def reached(self) -> bool | None:
        """Whether the images that it was chosen on prove the wanted sensitivity; None where that was not looked at."""
        return None if self.shown is None else self.shown >= self.wanted


@dataclass(frozen=True, slots=True)
class PointFigures:
    """What an operating point does on n images, `positives` of them of its class, from `groups` independent groups.

    found: positives that are flagged, that is, given the class; found_alone: those that would be without a threshold. flagged:
    all that are. Intervals are 95 %, None where there is no image to measure on. accuracy: of the labels that the rule gives.
    choice: in a sentence, what the images that the threshold was chosen on prove. cautions: sentences about the images here.
    """

    point: OperatingPoint
    n: int
    positives: int
    found: int
    found_alone: int
    flagged: int
    groups: int
    sensitivity: Interval | None
    specificity: Interval | None
    ppv: Interval | None
    npv: Interval | None
    accuracy: Interval
    choice: str = ""
    cautions: tuple[str, ...] = ()

    @property
    def false_alarms(self) -> int:
        return self.flagged - self.found

    def to_json(self) -> dict[str, Any]:
        def plain(value: Interval | None) -> dict[str, float] | None:
            return None if value is None else value.to_json()

        return {
            "class": self.point.name,
            "wanted": self.point.wanted,
            "threshold": self.point.threshold,
            "threshold_needed": not self.point.idle,
            "chosen_on": self.point.chosen_on,
            "shown": self.point.shown,
            "reached": self.point.reached,
            "n": self.n,
            "positives": self.positives,
            "found": self.found,
            "found_alone": self.found_alone,
            "flagged": self.flagged,
            "sensitivity": plain(self.sensitivity),
            "specificity": plain(self.specificity),
            "ppv": plain(self.ppv),
            "npv": plain(self.npv),
            "accuracy": self.accuracy.to_json(),
            "choice": self.choice,
            "note": " ".join(self.cautions),
        }


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Sensitivity and specificity, 0 … 1, of every threshold that makes a difference, ascending from 0 to WINS.

    A value holds from the threshold before it (exclusive) up to its own. Empty where there is no image to measure on.
    """

    thresholds: tuple[float, ...]
    sensitivity: tuple[float, ...]
    specificity: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ThresholdChoices:
    """Everything the window needs to choose a threshold for class `name` without asking again.

    steps: for each wanted sensitivity, ascending, what it does on the images of `split`. kept: the run's operating point now.
    unmeasured: images of the split that don't count, because the run has not looked at them or could not read them.
    """

    run: str
    name: str
    split: Split
    curve: ThresholdCurve
    steps: tuple[PointFigures, ...]
    kept: OperatingPoint | None
    unmeasured: int = 0
