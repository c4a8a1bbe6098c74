"""Learning from images without labels: what the head is surest of is taken for true, and the head is fitted again.

Pseudo-labels (Lee 2013, ICML workshop on representation learning), taken class by class, for the surest images of a whole would
often be of one class. They help most sets and harm some, and which it is only labels tell. So the labeled images are left out in
turn, several times over, and the head with pseudo-labels is taken only where it was right more often than the one without. With
5 and 10 labeled images a class of six sets, on which SHARE and LEAST were chosen, 0.96 and 0.94 of the errors are left so, and
no set has more; taken always, 0.90 and 0.98, and up to 1.21 (MobileNetV2, `tests.bench.pseudo_labels`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tlstudio.domain.events import Progress, Reporter
from tlstudio.training.linear import Features, Floats, Ints, LinearHead, Mask
from tlstudio.training.probe import fold_masks
from tlstudio.training.views import Fitted, Views, fit_views

SHARE = 0.7  # of the images that are taken for a class, the surest
LEAST = 5  # labeled images, or groups of them, a class in the mean: fewer tell too little of what helps
REPEATS = 6  # times that the labeled images are left out in turn
LOOKS = 60_000  # at an image by all heads that are fitted for the decision; with many images it is repeated less often
MOST = 2000  # images without labels that are learned from
STAGE = "Trying what images without a class teach"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it. head: with pseudo-labels, or None where it is not better; it tells of the labeled images what it said of
    them while they were left out.

    before, after: share of the labeled images that were right while left out, without and with pseudo-labels, over all repeats.
    """

    head: Fitted | None
    before: float
    after: float


def fit_with(
    features: Features, labels: Ints, classes: int, unlabeled: Features, *, views: Views, first: Fitted
) -> LinearHead:
    """Fitted to features (n, d) with labels (n,), and to the surest of `unlabeled` (m, d), as strongly held back as `first`.

    first: fitted to the labeled images alone; what it says are the pseudo-labels.
    """
    taken, said = surest(first.head.probabilities(unlabeled))
    return _fit(
        np.concatenate([features, unlabeled[taken]]), np.concatenate([labels, said[taken]]), classes, views, first
    ).head


def _fit(features: Features, labels: Ints, classes: int, views: Views, first: Fitted) -> Fitted:
    """Held back, and weighted, as the first was."""
    return fit_views(features, labels, classes, views=views, again=first, leave_out=False)


def surest(chances: Floats) -> tuple[Mask, Ints]:
    """Which images' likeliest class is taken for true, (m,), and that class of each, (m,): of each class the surest SHARE."""
    said = chances.argmax(axis=1)
    taken = np.zeros(len(said), bool)
    for label in np.unique(said):
        rows = np.flatnonzero(said == label)
        count = max(1, round(SHARE * len(rows)))
        taken[rows[np.argsort(-chances[rows, label], kind="stable")[:count]]] = True
    return taken, said


def try_pseudo_labels(
    features: Features,
    labels: Ints,
    classes: int,
    unlabeled: Features,
    *,
    views: Views,
    units: Sequence[Hashable],
    first: Fitted,
    seed: int,
    reporter: Reporter,
) -> Tried:
    """Whether pseudo-labels help; arguments as for `fit_with` and `fit_views`. Where too few can be left out, nothing tells."""
    if len({str(unit) for unit in units}) < LEAST * classes:
        return Tried(None, 0.0, 0.0)
    looks = 2 * (len(labels) + len(unlabeled))
    hits: list[tuple[float, float]] = []
    held_out = np.full((len(labels), classes), np.nan)
    judged = np.zeros(len(labels), bool)
    folds = fold_masks(labels, units, seed)
    repeats = max(1, min(REPEATS, LOOKS // (looks * max(1, len(folds)))))
    for number in range(repeats if folds else 0):
        masks = folds if number == 0 else fold_masks(labels, units, seed + number)
        for done, mask in enumerate(masks):
            out = ~mask
            without = _fit(features[mask], labels[mask], classes, views, first)
            again = replace(first, head=without.head)
            pseudo = fit_with(features[mask], labels[mask], classes, unlabeled, views=views, first=again)
            found = [head.probabilities(features[out]) for head in (without.head, pseudo)]
            hits += zip(*((said.argmax(axis=1) == labels[out]).astype(float) for said in found), strict=True)
            if number == 0:
                held_out[out], judged[out] = found[1], True
            reporter.report(Progress(STAGE, number * len(folds) + done + 1, repeats * len(folds)))
    if not hits:
        return Tried(None, 0.0, 0.0)
    before, after = (float(share) for share in np.mean(hits, axis=0))
    if after <= before:
        return Tried(None, before, after)
    head = fit_with(features, labels, classes, unlabeled, views=views, first=first)
    return Tried(replace(first, head=head, folds=len(folds), held_out=held_out, judged=judged), before, after)
