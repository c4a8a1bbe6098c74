"""What a bundle says about its novelty score: how many images it rests on, what it calls unfamiliar wrongly, what it notices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noticed:
    """Of `images` pictures of one kind, so many were called unfamiliar. kind: for people, in the middle of a sentence."""

    kind: str
    images: int
    flagged: int

    @property
    def share(self) -> float:
        return self.flagged / self.images if self.images else 0.0

    def __str__(self) -> str:
        return f"{self.kind} {100 * self.share:.0f} %"


@dataclass(frozen=True, slots=True)
class NoveltyFacts:
    """images, units: it was made with; units are patients, parts, or images where nothing belongs together.

    promised: whether they are enough to promise that at most `false_alarms` of the images like them are called unfamiliar.
    wrongly: of images that neither the model nor the score was made with; None where there are none. strangers: pictures that
    are unlike the training images, made from them or drawn, kind by kind.
    """

    images: int
    units: int
    promised: bool
    false_alarms: float
    wrongly: Noticed | None = None
    strangers: tuple[Noticed, ...] = ()
    of_full: bool = False  # measured on the file in full precision, and kept in one with fewer bits

    @property
    def promise(self) -> str:
        """A sentence on images like those at home."""
        share = f"{100 * self.false_alarms:g} %"
        if not self.promised:
            made = f"{self.units:,} image{'s' * (self.units != 1)}"
            if self.units != self.images:
                made = f"{self.images:,} images of {self.units:,} groups"
            return (
                f"With {made} no limit for “unfamiliar” can be promised; it is set so that about {share} of the images"
                " like them should be called so."
            )
        told = f"Set so that at most about {share} of the images like those it learned from are called unfamiliar."
        if self.wrongly is None:
            return told
        return f"{told} Of {self.wrongly.images:,} that it did not learn from, it was {self.wrongly.flagged:,}."

    @property
    def notices(self) -> str:
        """A sentence on strangers; empty where none were tried."""
        if not self.strangers:
            return ""
        told = f"Of strangers like these it notices about: {_list(self.strangers)}."
        return told + " (Measured in full precision.)" if self.of_full else told


def _list(rows: Iterable[Noticed]) -> str:
    return ", ".join(map(str, rows))
