"""What a heat map says of one picture, and what was measured to believe it or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tlstudio.domain.values import Refusal

LEVEL = 0.05  # how often a map that knows nothing of the model may pass the first test
LEAST_DROP = 0.1  # of the probability; less than that nobody would call a reason
MOST_LIKE = 0.5  # rank correlation with the map of a model that has learned nothing


class Verdict(StrEnum):
    """What the tests of a heat map found. Only one that holds is shown."""

    HOLDS = "holds"
    FAILS = "fails"
    UNTESTED = "untested"  # there is nothing that hiding a part could take away


class Reason(StrEnum):
    """Why a heat map is shown, or what decided that it is not."""

    PROVEN = "proven"
    NOTHING = "nothing_speaks"
    STEADY = "answer_stays"
    PLACES = "other_places_do_as_much"
    SMALL = "too_little"
    PICTURE = "shows_the_picture"

    @property
    def verdict(self) -> Verdict:
        if self is Reason.PROVEN:
            return Verdict.HOLDS
        return Verdict.UNTESTED if self in (Reason.NOTHING, Reason.STEADY) else Verdict.FAILS


@dataclass(frozen=True, slots=True)
class Proof:
    """The tests of one heat map.

    before: the class's probability for the whole picture. after: with the hottest `share` of the picture hidden; elsewhere: with
    as much hidden at other places, on average; lowest: of all that was tried. as_much: how many of the `trials` other places took
    as much from the class. No trials: the map is empty, or the model has a single class. likeness: rank correlation
    with the map of the same model with shuffled weights, -1 … 1; None where the first test had decided already.
    """

    share: float
    before: float
    after: float
    elsewhere: float
    lowest: float
    as_much: int
    trials: int
    likeness: float | None = None

    @property
    def p(self) -> float:
        """Chance that a map which knows nothing of the model does as well as this."""
        return (1 + self.as_much) / (1 + self.trials)

    @property
    def reason(self) -> Reason:
        if not self.trials:
            return Reason.NOTHING
        if self.before - self.lowest < LEAST_DROP:
            return Reason.STEADY
        if self.p > LEVEL:
            return Reason.PLACES
        if self.elsewhere - self.after < LEAST_DROP:
            return Reason.SMALL
        if self.likeness is not None and abs(self.likeness) > MOST_LIKE:
            return Reason.PICTURE
        return Reason.PROVEN

    @property
    def verdict(self) -> Verdict:
        return self.reason.verdict

    @property
    def shown(self) -> bool:
        """Whether people may see the map."""
        return self.verdict is Verdict.HOLDS

    def compared(self, likeness: float) -> Proof:
        """With what the second test found."""
        return replace(self, likeness=likeness)

    def sentence(self) -> str:
        """For people: what was done, what came of it, and what decided."""
        hiding = (
            f"lowers the probability from {_percent(self.before)} to {_percent(self.after)}; hiding as much elsewhere, to"
            f" {_percent(self.elsewhere)} on average"
        )
        return {
            Reason.PROVEN: (
                f"Hiding the marked {_percent(self.share)} of the picture {hiding}. With shuffled weights, the model marks"
                " other parts. So the heat map shows what the model uses."
            ),
            Reason.NOTHING: "No heat map: no part of the picture speaks for this class against another.",
            Reason.STEADY: (
                "No heat map: whatever part is hidden, the probability falls by less than"
                f" {100 * LEAST_DROP:.0f} percentage points. No single part decides."
            ),
            Reason.PLACES: (
                "No heat map: hiding the parts that it would mark changes the answer no more than hiding others. Of"
                f" {self.trials} other places as large, {self.as_much} took away as much."
            ),
            Reason.SMALL: (
                f"No heat map: hiding the parts that it would mark {hiding}. That is too little to call them the reason."
            ),
            Reason.PICTURE: (
                "No heat map: the model marks the same parts when its weights are shuffled and it knows nothing any more. The"
                " map would show the picture, not the model."
            ),
        }[self.reason]

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "p": self.p,
            "verdict": self.verdict.value,
            "reason": self.reason.value,
            "sentence": self.sentence(),
        }


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One explained picture.

    label: the class that is explained, confidence: the model's for it. picture: the file written, the image beside its heat map.
    heat: PNG of the map to lay over the picture, clear where it is cold; empty where a picture was asked for. Neither is there
    for a heat map that failed its test.
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
