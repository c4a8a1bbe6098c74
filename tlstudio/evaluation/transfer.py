"""Does the pretrained model help? It must beat, on the same images, what can be had without it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tlstudio.domain.transfer import Baseline, Gain, Method, Verdict
from tlstudio.evaluation.intervals import mean_interval, share_interval
from tlstudio.evaluation.paired import (
    BY_GROUP,
    MCNEMAR,
    balanced_difference,
    balanced_sign_test,
    difference_interval,
    sign_test,
)

Ints = npt.NDArray[np.int64]

SIMPLE = (Method.MAJORITY, Method.THUMBNAILS)  # what can be had without a pretrained model
CHANCE = 0.05  # p below which a difference counts as shown
WORTH = 0.02  # a gain that lies below this for certain is none that is worth a pretrained model
LOPSIDED = 0.75  # share of one class from which plain accuracy says too little


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures, before they are put into words.

    gains: of the model over each of the others. balanced: they are about balanced accuracy. harmed: adjusting the pretrained
    model lost to the first result. needed: images that would show a difference of this size, None where that can't be said.
    """

    baselines: dict[Method, Baseline]
    gains: dict[Method, Gain]
    balanced: bool
    verdict: Verdict
    harmed: bool
    n: int
    groups: int
    needed: int | None = None

    def rival(self) -> Method:
        """The better of the simple ways."""
        return max((m for m in SIMPLE if m in self.baselines), key=self.figure)

    def figure(self, method: Method) -> float:
        found = self.baselines[method]
        return found.balanced_accuracy.value if self.balanced else found.accuracy.value

    @property
    def test(self) -> str:
        return MCNEMAR if self.groups == self.n and not self.balanced else BY_GROUP


def compare(truth: Ints, said: Mapping[Method, Ints], units: Sequence[Hashable], *, tuned: bool) -> Comparison:
    """Compares answers (n,) of each way with labels (n,); `units[i]` is what image i is grouped with.

    The model helps where it is shown to be better than every simple way (the largest of their p counts: an intersection-union
    test, Berger 1982, Technometrics 24:295). It does not where it gains less than WORTH over one of them for certain, or where a
    model that was adjusted is shown to be worse than the first result. Anything else can't be told from these images. Where one
    class makes up more than LOPSIDED of them, all of this is about balanced accuracy.
    """
    hits = {method: answers == truth for method, answers in said.items()}
    balanced = float(np.bincount(truth).max()) / len(truth) > LOPSIDED
    ours = hits[Method.MODEL]
    gains: dict[Method, Gain] = {}
    for method in said:
        if method is Method.MODEL:
            continue
        if balanced:
            difference = balanced_difference(ours, hits[method], truth, units)
            p = balanced_sign_test(ours, hits[method], truth, units)
        else:
            difference, p = difference_interval(ours, hits[method], units), sign_test(ours, hits[method], units)
        gains[method] = Gain(method, difference, p)
    baselines = {m: _baseline(m, hits[m], truth, units) for m in Method if m in said}
    harmed = tuned and Method.PROBE in gains and _is_loss(gains[Method.PROBE])
    simple = [gains[m] for m in SIMPLE if m in gains]
    groups = len({str(u) for u in units})
    found = Comparison(baselines, gains, balanced, _verdict(simple, harmed), harmed, len(truth), groups)
    return found if balanced else replace(found, needed=_images_needed(ours, hits[found.rival()]))


def _verdict(simple: Sequence[Gain], harmed: bool) -> Verdict:
    if harmed:
        return Verdict.NEGATIVE
    if all(gain.p < CHANCE and gain.difference.value > 0 for gain in simple):
        return Verdict.HELPS
    if any(gain.difference.high < WORTH or _is_loss(gain) for gain in simple):
        return Verdict.NEGATIVE
    return Verdict.UNCLEAR


def _is_loss(gain: Gain) -> bool:
    return gain.p < CHANCE and gain.difference.value < 0


def _baseline(method: Method, hits: npt.NDArray[np.bool_], truth: Ints, units: Sequence[Hashable]) -> Baseline:
    parts = []
    for k in np.unique(truth):
        rows = np.flatnonzero(truth == k)
        parts.append(share_interval(hits[rows], [units[int(i)] for i in rows]))
    return Baseline(method, share_interval(hits, units), mean_interval(parts))


def _images_needed(ours: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> int | None:
    """Independent images that would show a difference as large as this one in four of five trials; None where there is hardly
    a difference to show. Connor 1987, Biometrics 43:207.
    """
    difference = ours.astype(np.float64) - theirs
    gain, disagree = abs(float(difference.mean())), float((difference != 0).mean())
    if gain < WORTH:
        return None
    return int(np.ceil(((1.96 * np.sqrt(disagree) + 0.84 * np.sqrt(max(0.0, disagree - gain**2))) / gain) ** 2))
