"""What a fine-tuning hands on: which candidate was taken, what it reached, and by which images that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlstudio.domain.values import Interval
from tlstudio.training.candidates import Score
from tlstudio.workflow.run_data import Sample

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which candidate became the model, why, and what it reached.

    accuracy, balanced_accuracy: corrected for having been chosen by these very images. measured: the accuracy without that
    correction; None where nothing was chosen.
    """

    chosen: str
    reason: str
    accuracy: Interval
    balanced_accuracy: float
    measured: Interval | None = None
    epochs: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What the model said of images that it had not learned from: probabilities (n, classes).

    said: classes, (n,), by what would have been chosen without the image; None where nothing was chosen.
    """

    samples: list[Sample]
    probabilities: npt.NDArray[np.float64]
    said: Ints | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What an epoch and the best so far reached on these images; where none is left to measure on, what is known from before."""

    score: Score
    best: Score
    samples: list[Sample]


@dataclass(frozen=True, slots=True)
class Tuned:
    """judged: None where the first result stays, and what was known of it."""

    outcome: Outcome
    judged: Judged | None
