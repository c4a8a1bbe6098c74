"""Labels that are probably wrong: confident learning on what a model says of images that it did not learn from.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70:1373. A class's
threshold is the mean probability that images labeled so get for it; an image above the threshold of another class than its
own counts as a confident disagreement. Suspects are ranked by self-confidence, the probability of the label as it is given.

Two things are added, for few false alarms. A weak model disagrees with many labels that are right, and confident learning
takes all of it for noise. So the probabilities are first brought to honesty by one temperature (Guo et al. 2017, ICML), and
only labels that then have less than one chance in twenty are told: on a weak model that is a short list. And where the model
takes many images of one group for another class, the group looks unlike the rest of its class, which is no proof of many wrong
labels: the worst of them stands for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.quality.evidence import paths

Probabilities = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

UNLIKELY = 0.05  # what the model must give the label less than
LEAST_IMAGES = 30  # below this the model knows too little to accuse a label
# From this many suspects, and this share of a group's images under one label, it is the group that is unusual.
CROWD, CROWD_SHARE = 3, 0.3


@dataclass(frozen=True, slots=True)
class Suspect:
    """An image by its place in the list, how likely its label is (0 … 1), and the class that the model sees instead."""

    index: int
    self_confidence: float
    instead: int


def find_suspects(probabilities: Probabilities, labels: Ints) -> list[Suspect]:
    """The suspects among images with out-of-fold probabilities (n, classes) and labels (n,), least likely label first.

    Rows of NaN, for images that no fold left out, are passed over.
    """
    judged = np.flatnonzero(np.isfinite(probabilities).all(axis=1))
    if len(judged) < LEAST_IMAGES:
        return []
    honest = calibrated(probabilities[judged], labels[judged])
    given = honest[np.arange(len(judged)), labels[judged]]
    confident = confident_classes(honest, labels[judged])
    instead = honest.argmax(axis=1)
    # Above no threshold at all, the model takes no class for likely; its favourite then speaks for it.
    against = np.where(confident >= 0, confident, instead) != labels[judged]
    rows = np.flatnonzero(against & (instead != labels[judged]) & (given < UNLIKELY))
    rows = rows[np.argsort(given[rows], kind="stable")]
    return [Suspect(int(judged[row]), float(given[row]), int(instead[row])) for row in rows]


def confident_classes(probabilities: Probabilities, labels: Ints) -> Ints:
    """The likeliest class above its threshold, for each image; -1 where none is. (n, classes), (n,) -> (n,)."""
    classes = probabilities.shape[1]
    mine = [probabilities[labels == k, k] for k in range(classes)]
    thresholds = np.array([values.mean() if len(values) else np.inf for values in mine])
    above = probabilities >= thresholds
    return np.where(above.any(axis=1), np.where(above, probabilities, -1.0).argmax(axis=1), -1)


def calibrated(probabilities: Probabilities, labels: Ints) -> Probabilities:
    """The probabilities at the one temperature that makes the labels likeliest, (n, classes)."""
    logs = np.log(np.maximum(probabilities, 1e-12))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return -float(np.log(np.maximum(_softmax(logs / np.exp(log_temperature))[rows, labels], 1e-12)).mean())

    found = minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded")
    return _softmax(logs / np.exp(float(found.x)))


def _softmax(logits: Probabilities) -> Probabilities:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def without_crowds(suspects: Sequence[Suspect], images: Sequence[ImageRow]) -> list[Suspect]:
    """The suspects, with only the worst of copies of one file, and of a group in which many are."""
    sizes = Counter(_kin(image) for image in images)
    accused = Counter(_kin(images[s.index]) for s in suspects)
    crowds = {kin for kin, n in accused.items() if n >= CROWD and n >= CROWD_SHARE * sizes[kin]}
    told: set[Hashable] = set()
    kept = []
    for suspect in suspects:
        image = images[suspect.index]
        names: set[Hashable] = {image.content, _kin(image)} if _kin(image) in crowds else {image.content}
        if not names & told:
            kept.append(suspect)
        told |= names
    return kept


def _kin(image: ImageRow) -> Hashable:
    """What an image's own kind is: the images of its group, or its near-duplicates, that carry its label."""
    return (image.label, *(("group", image.group) if image.group is not None else ("alike", image.alike or image.id)))


def suspect_finding(images: Sequence[ImageRow], suspects: Sequence[Suspect], classes: Sequence[str]) -> Finding | None:
    """The finding for suspects among `images`; those that the user marked for another look already are not told again."""
    left = [s for s in suspects if not images[s.index].unsure]
    if not left:
        return None
    n = len(left)
    worst = left[0]
    example = f"“{images[worst.index].label}” that looks like “{classes[worst.instead]}”"
    return Finding(
        "label_suspect",
        Severity.HIGH if n > 0.05 * len(images) else Severity.MEDIUM,
        n,
        paths(images[s.index] for s in left),
        f"{n:,} label{'' if n == 1 else 's'} may be wrong, first {example}",
        "Wrong labels teach the model mistakes, and in the test images they make it look worse than it is.",
        notes=tuple(classes[s.instead] for s in left),
        repair=Repair.LOOK_AGAIN,
        single=True,
    )
