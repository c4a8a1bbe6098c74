"""Openings of the test images: each is counted, because the best of many trainings that are compared by them looks too good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Way(StrEnum):
    """What the test images were opened for."""

    EVALUATE = "evaluate"
    FOLDS = "folds"  # a cross-validation over all images, these among them
    REPORT = "report"
    EXPORT = "export"  # the figures that a file carries
    EARLIER = "earlier"  # by a version that did not count; at least once


@dataclass(frozen=True, slots=True)
class Opening:
    """One look at figures of a run on the test images.

    moment: seconds since 1970. who: as the system knows them, empty where it does not. images: how many. marks: beginnings of
    the contents of some of them, by which they are known again.
    """

    moment: float
    who: str
    run: str
    way: Way
    images: int
    marks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Without the marks."""
        return {
            "time": round(self.moment, 3),
            "who": self.who,
            "run": self.run,
            "for": self.way.value,
            "images": self.images,
        }


@dataclass(frozen=True, slots=True)
class UseOfTest:
    """The openings of the test images that there are now, oldest first."""

    openings: tuple[Opening, ...] = ()

    @property
    def times(self) -> int:
        return len(self.openings)

    @property
    def trainings(self) -> int:
        return len({opening.run for opening in self.openings})

    @property
    def compared(self) -> bool:
        """Whether one training was held against another by them: from then on they are not kept for the end any more."""
        return self.trainings > 1

    def of(self, run: str) -> int:
        """How often they were opened for a run."""
        return sum(opening.run == run for opening in self.openings)

    @property
    def sentence(self) -> str:
        """For people; empty while they are closed."""
        if not self.openings:
            return ""
        times = "once" if self.times == 1 else f"{self.times:,} times"
        trainings = "1 training" if self.trainings == 1 else f"{self.trainings:,} trainings"
        told = f"These images have been used {times} to compare {trainings}"
        return f"{told}, so the best of them looks a little too good." if self.compared else f"{told}."

    def to_json(self) -> dict[str, Any]:
        return {
            "times": self.times,
            "trainings": self.trainings,
            "sentence": self.sentence,
            "openings": [opening.to_json() for opening in self.openings],
        }
