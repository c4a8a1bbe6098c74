"""What a heat map says of one picture, and what was measured to believe it or not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from tlstudio.domain.values import Refusal


class Verdict(StrEnum):
    """What the deletion test found."""

    HOLDS = "holds"
    FAILS = "fails"
    UNTESTED = "untested"  # the model keeps its answer whatever is hidden


@dataclass(frozen=True, slots=True)
class Proof:
    """The deletion test of one heat map.

    before: the class's probability for the whole picture. after: with the hottest `share` of the picture hidden; elsewhere: with
    as much hidden at other places, on average. p: share of placements that take the class away as fast; `holds` needs at most
    0.05 and a difference that matters.
    """

    share: float
    before: float
    after: float
    elsewhere: float
    p: float
    verdict: Verdict

    def sentence(self) -> str:
        """For people: what was done, what came of it, and what to make of it."""
        if self.verdict is Verdict.UNTESTED:
            return (
                "The model keeps its answer whatever part is hidden, so this heat map can't be tested on this picture."
            )
        told = (
            f"Hiding the hottest {self.share:.0%} of the picture changes the probability from {self.before:.0%} to"
            f" {self.after:.0%}; hiding as much elsewhere, to {self.elsewhere:.0%}."
        ).replace("%", " %")
        good = self.verdict is Verdict.HOLDS
        return f"{told} {'The heat map shows what the model uses.' if good else 'Don’t rely on this heat map.'}"

    def to_json(self) -> dict[str, Any]:
        return {
            "share": self.share,
            "before": self.before,
            "after": self.after,
            "elsewhere": self.elsewhere,
            "p": self.p,
            "verdict": self.verdict.value,
            "sentence": self.sentence(),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """One explained picture.

    label: the class that is explained, confidence: the model's for it. picture: the file written, the image beside its heat map.
    heat: PNG of the map to lay over the picture, clear where it is cold; empty where a picture was written.
    """

    file: Path
    label: str
    predicted: str
    confidence: float
    method: str
    proof: Proof
    picture: Path | None = None
    heat: bytes = b""

    def to_json(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "heat_map": None if self.picture is None else str(self.picture),
            "label": self.label,
            "predicted": self.predicted,
            "confidence": self.confidence,
            "method": self.method,
            "proof": self.proof.to_json(),
        }


@dataclass(frozen=True, slots=True)
class ExplainResult:
    """The answer of `explain`."""

    run: str
    images: tuple[Explanation, ...]
    refused: tuple[Refusal, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "images": [e.to_json() for e in self.images],
            "refused": [{"file": r.path, "reason": r.reason} for r in self.refused],
        }
