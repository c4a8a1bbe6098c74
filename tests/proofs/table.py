"""What a proof is, and how a table of them is printed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Trial:
    """How a proof is run.

    scale: share of the full number of draws, above 0 up to 1; a test takes little and allows for the error of that.
    seed: of every random number.
    images: folders of class folders to try the claim on; empty where there are none at hand.
    weights: a timm local directory `<architecture>.<tag>`; None means the bundled ones.
    """

    scale: float = 1.0
    seed: int = 0
    images: tuple[Path, ...] = ()
    weights: Path | None = None

    def draws(self, full: int) -> int:
        """So many draws instead of `full`, at least one."""
        return max(1, round(full * self.scale))


@dataclass(frozen=True, slots=True)
class Proof:
    """A claim, what was measured, and what it may be. Of the bounds at least one is given, both in the unit of `measured`."""

    claim: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""  # on how many draws, images, cells

    @property
    def holds(self) -> bool:
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"“{self.claim}” has no bound")
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= self.measured <= high  # never of a figure that is no number

    @property
    def bound(self) -> str:
        parts = [] if self.at_least is None else [f"at least {self.at_least:g}"]
        return " and ".join(parts + ([] if self.at_most is None else [f"at most {self.at_most:g}"]))


def markdown(proofs: Iterable[Proof]) -> str:
    """The table as the README quotes it."""
    lines = ["| claim | measured | bound | holds | from |", "|---|---|---|---|---|"]
    lines += [
        f"| {p.claim} | {p.measured:.4g} | {p.bound} | {'yes' if p.holds else '**no**'} | {p.note} |" for p in proofs
    ]
    return "\n".join(lines)
