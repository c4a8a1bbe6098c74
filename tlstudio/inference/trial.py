"""A model's trial: two pictures drawn by a rule, and what the model answered to them when it was exported.

Asked of it again whenever it is opened for use. So a file that is whole and yet answers otherwise here, for a defect of the
computer or of its libraries, or because its weights are no numbers, is found out before it looks at an image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlstudio.domain.bundle import Trial
from tlstudio.domain.certificate import FileKind

RULE = 1
SUM = 1e-3  # by which probabilities may miss 1
BLOCK = 8  # pixels of one colour
# By how much the answers of two computers may differ: they add up in another order, and round to 8 or 16 bits at other places.
MAY_DIFFER = {FileKind.FULL: 1e-3, FileKind.STORED_SMALL: 1e-3, FileKind.INT8: 0.05, FileKind.HALF: 0.05}

Answers = npt.NDArray[np.float32]


def trial_pictures(size: int) -> npt.NDArray[np.uint8]:
    """uint8 (2, size, size, 3): blocks of colours without any order, and a slope from dark to light, each channel another way.

    In whole numbers only, so that they are the same on every computer and under every version of numpy.
    """
    y, x, c = np.meshgrid(np.arange(size), np.arange(size), np.arange(3), indexing="ij")
    count = (y // BLOCK * 8191 + x // BLOCK) * 3 + c
    mixed = (count.astype(np.uint64) * np.uint64(2654435761)) % np.uint64(2**32)
    blocks = (mixed >> np.uint64(24)).astype(np.uint8)
    slope = (np.select([c == 0, c == 1], [x, y], (x + y) // 2) * 255 // max(1, size - 1)).astype(np.uint8)
    return np.stack([blocks, slope])


def usable(probabilities: Answers, novelty: Answers, images: int, classes: int) -> npt.NDArray[np.bool_]:
    """Which of so many images got an answer that can be one, (images,): finite, in 0 … 1, together 1 within SUM.

    None where the answers have another shape than (images, classes) and (images,).
    """
    if probabilities.shape != (images, classes) or novelty.shape != (images,):
        return np.zeros(images, bool)
    wide = probabilities.astype(np.float64)
    finite = np.isfinite(wide).all(axis=1) & np.isfinite(novelty)
    with np.errstate(invalid="ignore"):
        inside = ((wide >= 0) & (wide <= 1)).all(axis=1)
        whole = np.abs(wide.sum(axis=1) - 1) <= SUM
    good: npt.NDArray[np.bool_] = finite & inside & whole
    return good


def record(probabilities: Answers, novelty: Answers) -> Trial:
    """What the file keeps of its answers to `trial_pictures`."""
    return Trial(
        rule=RULE,
        probabilities=tuple(tuple(round(float(p), 6) for p in row) for row in probabilities),
        novelty=tuple(round(float(value), 6) for value in novelty),
    )


def passes(trial: Trial, probabilities: Answers, novelty: Answers, kind: FileKind | None) -> bool:
    """Whether these usable answers are the recorded ones. kind: None for one that only a later version knows."""
    expected, told = np.array(trial.probabilities), np.array(trial.novelty)
    if expected.shape != probabilities.shape or told.shape != novelty.shape:
        return False
    limit = max(MAY_DIFFER.values()) if kind is None else MAY_DIFFER[kind]
    near = np.abs(probabilities - expected).max() <= limit
    return bool(near and (np.abs(novelty - told) <= limit * (1 + np.abs(told))).all())
