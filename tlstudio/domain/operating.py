"""Operating points: one class that must not be missed, the threshold on its probability, and what follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.values import Interval, Split

# Where a threshold was chosen: on the validation images, or, in a project without any, on training images while left out.
VALIDATION, LEFT_OUT = "val", "left_out"


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
    """An image is given the class `name` when its probability is at least `threshold`, else the likeliest other class.

    wanted: the sensitivity that the threshold was chosen for. chosen_on: VALIDATION or LEFT_OUT. images: how many images of the
    class it was chosen on.
    """

    name: str
    wanted: float
    threshold: float
    chosen_on: str
    images: int


@dataclass(frozen=True, slots=True)
class PointFigures:
    """What an operating point does on n images, `positives` of them of its class, from `groups` independent groups.

    found: positives that are flagged, that is, given the class. flagged: all that are. Intervals are 95 %, None where there is no
    image to measure on. accuracy: of the labels that the decision rule gives. cautions: sentences for the user.
    """

    point: OperatingPoint
    n: int
    positives: int
    found: int
    flagged: int
    groups: int
    sensitivity: Interval | None
    specificity: Interval | None
    ppv: Interval | None
    npv: Interval | None
    accuracy: Interval
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
            "chosen_on": self.point.chosen_on,
            "n": self.n,
            "positives": self.positives,
            "found": self.found,
            "flagged": self.flagged,
            "sensitivity": plain(self.sensitivity),
            "specificity": plain(self.specificity),
            "ppv": plain(self.ppv),
            "npv": plain(self.npv),
            "accuracy": self.accuracy.to_json(),
            "note": " ".join(self.cautions),
        }


@dataclass(frozen=True, slots=True)
class ThresholdCurve:
    """Sensitivity and specificity, 0 … 1, of every threshold that makes a difference, ascending from 0 to 1.

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
