"""Which of a training's candidates becomes the model, by validation images and by what rehearsals found out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.training.candidates import AVERAGE, HALF_WAY, LAST, PROBE, SOUP, Candidate

FEW = 200  # images to learn from

Chances = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each kind of candidate said of images that it had not learned from.

    said: kind -> probabilities (n, classes). truth (n,) class numbers. rows (n,): which images these are, as whoever collected
    them counts.
    """

    said: dict[str, Chances]
    truth: Ints
    rows: Ints

    def to_json(self) -> dict[str, Any]:
        said = {kind: chances.tolist() for kind, chances in self.said.items()}
        return {"said": said, "truth": self.truth.tolist(), "rows": self.rows.tolist()}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Evidence:
        """Raises KeyError, TypeError or ValueError for anything but what `to_json` gave."""
        said = {str(kind): np.array(chances, np.float64) for kind, chances in data["said"].items()}
        return Evidence(said, np.array(data["truth"], np.int64), np.array(data["rows"], np.int64))


def joined(parts: Sequence[Evidence]) -> Evidence:
    """All of them as one, with the kinds that each of them knows."""
    kinds = [kind for kind in parts[0].said if all(kind in part.said for part in parts)]
    return Evidence(
        {kind: np.concatenate([part.said[kind] for part in parts]) for kind in kinds},
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.rows for part in parts]),
    )


def likeliest_first(kinds: Iterable[str], images: int) -> list[str]:
    """Kinds of candidates, the probe left out, in the order in which they are the best guess after learning from so many images.

    Half of the way back to the probe is the safest where images are few: measured with MobileNetV2 and 5 to 20 images a class,
    the whole way was better on handwritten digits only, and on magnetic tiles worse by a quarter. With 300 images of metal
    surfaces and the starter the whole way was better.
    """
    first = (HALF_WAY, AVERAGE) if images < FEW else (AVERAGE, HALF_WAY)
    order = (*first, LAST, SOUP)
    return sorted((kind for kind in kinds if kind != PROBE), key=order.index)


def choose(probe: Candidate, rivals: Sequence[Candidate]) -> Candidate:
    """The candidate to hand out. rivals: the likeliest first.

    The first of them is the best guess there is, and another takes its place only when it convinces: the best of many on few
    images is mostly the luckiest. Nothing but what convinces takes the probe's place.
    """
    order = list(rivals) or [probe]
    for rival in order[1:]:
        if rival.score.sound and rival.score.convinces(order[0].score):
            order[0] = rival
    return next((rival for rival in order if rival.score.sound and rival.score.convinces(probe.score)), probe)
