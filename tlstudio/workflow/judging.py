"""Which images a training is judged on, what it reached on them, and why one candidate became the model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.events import Confusion
from tlstudio.domain.values import Interval, Split
from tlstudio.evaluation.intervals import share_interval
from tlstudio.evaluation.metrics import balanced_accuracy, confusion
from tlstudio.images.splits import divide
from tlstudio.training.candidates import PROBE, Score
from tlstudio.workflow.run_data import Sample

INNER_VAL = 0.15  # share of the training images held back for choosing when the project has no validation images

MOST_CLASSES = 50  # of a confusion matrix that is told with every epoch


def labels_of(samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
    """(n,) int64, in 0 … classes-1."""
    return np.array([s.label for s in samples], dtype=np.int64)


def hold_back(train: list[Sample], classes: int, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Cuts a validation part from the training images, groups staying together. Raises NotEnoughImages."""
    parts = divide([str(s.label) for s in train], [s.unit for s in train], test=0.0, val=INNER_VAL, seed=seed)
    kept = [s for s, part in zip(train, parts, strict=True) if part is Split.TRAIN]
    held = [s for s, part in zip(train, parts, strict=True) if part is Split.VAL]
    if not held or len({s.label for s in kept}) < classes:
        raise NotEnoughImages(
            "There are too few images to hold some back for choosing the best epoch.",
            remedy="Use the quick mode, or add images.",
        )
    return kept, held


def judge(samples: Sequence[Sample], probabilities: npt.NDArray[np.float64], classes: int) -> tuple[Interval, float]:
    """Accuracy with its interval, and balanced accuracy, of probabilities (n, classes)."""
    return judge_answers(samples, probabilities.argmax(axis=1), classes)


def judge_answers(samples: Sequence[Sample], predicted: npt.NDArray[np.int64], classes: int) -> tuple[Interval, float]:
    """The same of the classes that were said, (n,)."""
    truth = labels_of(samples)
    units: list[Hashable] = [s.unit for s in samples]
    return share_interval(predicted == truth, units), balanced_accuracy(truth, predicted, classes) or 0.0


def confusion_of(samples: Sequence[Sample], predicted: Sequence[int], classes: int) -> Confusion:
    """What is taken for what; empty where the predictions are not known, or for more classes than a table can show."""
    if len(predicted) != len(samples) or classes > MOST_CLASSES:
        return ()
    counts = confusion(labels_of(samples), np.asarray(predicted, dtype=np.int64), classes)
    return tuple(tuple(int(n) for n in row) for row in counts)


def interval_of(score: Score, samples: Sequence[Sample]) -> Interval:
    """A candidate's accuracy with its interval."""
    return share_interval(np.array(score.hits, dtype=bool), [s.unit for s in samples])


def why(chosen: str, probe: Score, best: Score, *, rehearsed: bool = False) -> str:
    """One sentence for people on what was chosen, and on which images. rehearsed: on those that rehearsals left out, too."""
    if chosen == PROBE:
        return nothing_better(rehearsed=rehearsed)
    where = _where(rehearsed)
    if best.share > probe.share:
        kind = "accuracy" if best.share == best.accuracy else "balanced accuracy"
        return f"Better {kind} on {where} by more than luck: {best.share:.1%}, against {probe.share:.1%} for the first result."
    return f"As accurate on {where} as the first result, and nearer to the truth by more than luck."


def corrected(figure: Interval, measured: Interval, *, rehearsed: bool) -> str:
    """One sentence on which figure is which. figure: what it comes to when each image has no part in the choice."""
    told = f"{figure.value:.1%}, corrected for having been chosen by them from {measured.value:.1%}"
    return f"The figure of this training on {_where(rehearsed)} is {told}."


def nothing_better(*, rehearsed: bool) -> str:
    """Why the first result stays."""
    return (
        f"Nothing that training tried beat the first result on {_where(rehearsed)} by more than luck, so that is kept."
    )


def _where(rehearsed: bool) -> str:
    return "images that were left out" if rehearsed else "the validation images"
