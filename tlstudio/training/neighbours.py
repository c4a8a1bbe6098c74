"""k nearest neighbours on frozen features: a second opinion on a pretrained model that needs no fitting."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from tlstudio.domain.events import SILENT, Progress, Reporter

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NEIGHBOURS = 20
TEMPERATURE = 0.07
ROWS = 512  # at once: the table of similarities of many images would not fit into memory


def neighbours_say(
    features: Floats, labels: Ints, classes: int, units: Sequence[Hashable], *, reporter: Reporter = SILENT
) -> Ints:
    """The class that images of other units speak for, (n,), -1 where there are none; features (n, d), labels (n,).

    Cosine similarity of centred features; the NEIGHBOURS nearest vote with exp(similarity / TEMPERATURE), as in Wu et al. 2018
    (arXiv 1805.01978).
    """
    centred = features - features.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    _, groups = np.unique([str(u) for u in units], return_inverse=True)
    nearest = min(NEIGHBOURS, len(labels))
    said = np.full(len(labels), -1, dtype=np.int64)
    for start in range(0, len(labels), ROWS):
        rows = slice(start, min(start + ROWS, len(labels)))
        alike = centred[rows] @ centred.T
        alike[groups[rows][:, None] == groups[None, :]] = -np.inf
        near = np.argpartition(-alike, nearest - 1, axis=1)[:, :nearest]
        similarity = np.take_along_axis(alike, near, axis=1)
        strength = np.exp((similarity - 1.0) / TEMPERATURE)  # 0 for images of the same unit
        votes = np.zeros((len(near), classes))
        np.add.at(votes, (np.arange(len(near))[:, None], labels[near]), strength)
        said[rows] = np.where(votes.max(axis=1) > 0, votes.argmax(axis=1), -1)
        reporter.report(Progress("Comparing neighbours", rows.stop, len(labels)))
    return said
