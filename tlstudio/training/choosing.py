"""Which of a training's candidates becomes the model, by validation images and by what rehearsals found out, and its figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tlstudio.evaluation.contest import Field, left_out_winners, winner
from tlstudio.training.candidates import AVERAGE, HALF_WAY, LAST, PROBE, SOUP, Candidate, Score, numbered

FEW = 200  # images to learn from

Chances = npt.NDArray[np.float64]
Said = npt.NDArray[np.int32]
Distances = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each kind of candidate said of images that it had not learned from.

    said: kind -> probabilities (n, classes). truth (n,) class numbers. rows (n,): which images these are, as whoever collected
    them counts. units (n,): what each is grouped with; empty where each stands by itself.
    """

    said: dict[str, Chances]
    truth: Ints
    rows: Ints
    units: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        said = {kind: chances.tolist() for kind, chances in self.said.items()}
        return {"said": said, "truth": self.truth.tolist(), "rows": self.rows.tolist(), "units": list(self.units)}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Evidence:
        """Raises KeyError, TypeError or ValueError for anything but what `to_json` gave."""
        said = {str(kind): np.array(chances, np.float64) for kind, chances in data["said"].items()}
        units = tuple(str(unit) for unit in data["units"])
        return Evidence(said, np.array(data["truth"], np.int64), np.array(data["rows"], np.int64), units)


def joined(parts: Sequence[Evidence]) -> Evidence:
    """All of them as one, with the kinds that each of them knows."""
    kinds = [kind for kind in parts[0].said if all(kind in part.said for part in parts)]
    return Evidence(
        {kind: np.concatenate([part.said[kind] for part in parts]) for kind in kinds},
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.rows for part in parts]),
        tuple(unit for part in parts for unit in part.units),
    )


class Course:
    """What the model said of the validation images after each epoch: all of them were looked at, and the best was taken."""

    def __init__(self, predicted: Sequence[Said] = (), errors: Sequence[Distances] = ()) -> None:
        """Each (n,), one an epoch."""
        self.predicted = list(predicted)
        self.errors = list(errors)

    def add(self, score: Score) -> None:
        self.predicted.append(np.array(score.predicted, np.int32))
        self.errors.append(np.array(score.errors, np.float32))


@dataclass(frozen=True, slots=True)
class Choice:
    """taken: what the training hands out. said: (n,), what is said of each image by what would have been taken without it."""

    taken: Candidate
    said: Ints


def likeliest_first(kinds: Iterable[str], images: int) -> list[str]:
    """Kinds of candidates, the probe left out, in the order in which they are the best guess after learning from so many images.

    Half of the way back to the probe is the safest where images are few: measured with MobileNetV2 and 5 to 20 images a class,
    the whole way was better on handwritten digits only, and on magnetic tiles worse by a quarter. With 300 images of metal
    surfaces and a weaker network the whole way was better.
    """
    first = (HALF_WAY, AVERAGE) if images < FEW else (AVERAGE, HALF_WAY)
    order = (*first, LAST, SOUP)
    return sorted((kind for kind in kinds if kind != PROBE), key=order.index)


def choose(
    probe: Candidate,
    rivals: Sequence[Candidate],
    truth: Ints,
    *,
    units: Sequence[str] = (),
    course: Course | None = None,
    best: Candidate | None = None,
) -> Choice:
    """The candidate to hand out, by labels (n,). rivals: the likeliest first.

    course, best: of the epochs, of which the best is a candidate, too, behind the rivals. Nothing but what is better by more than
    luck takes the probe's place, and luck is reckoned over everything that was looked at, see `contest.winner`.
    """
    sound = [rival for rival in rivals if rival.score.sound]
    looked = course if course is not None and best is not None and best is not probe else Course()
    if not probe.score.sound or not len(truth):
        return Choice(probe, np.array(probe.score.predicted, np.int64))
    everyone = [probe, *sound]
    predicted = np.array([*(c.score.predicted for c in everyone), *looked.predicted], np.int64)
    field = Field(
        hits=predicted == truth,
        errors=np.array([*(c.score.errors for c in everyone), *looked.errors], np.float64),
        weights=np.array(probe.score.weights),
        units=numbered(units, len(truth)),
        order=tuple(range(1, len(everyone))),
        checkpoints=tuple(range(len(everyone), len(predicted))),
    )
    taken = winner(field)
    if taken == 0:
        return Choice(probe, predicted[0])
    said = predicted[left_out_winners(field), np.arange(len(truth))]
    return Choice(everyone[taken] if taken < len(everyone) else best or probe, said)
