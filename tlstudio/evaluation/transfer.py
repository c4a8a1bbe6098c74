"""Does the pretrained model help? The model must beat, on the same images, what can be had without it, by a margin that matters.

And it must be owed to the pretraining: what the pretrained model sees has to tell the classes apart better than what the same
network sees that has learned nothing. A network with random weights beats thumbnails, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

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

SIMPLE = (Method.MAJORITY, Method.THUMBNAILS)  # what can be had without any network
CHANCE = 0.05  # p below which a difference counts as shown
WORTH = 0.02  # a difference matters from here on: two points of accuracy
FEW_GROUPS = 6  # with fewer not even all of them agreeing would be shown: 2 / 2 ** 5 is above CHANCE
LOPSIDED = 0.75  # share of one class from which plain accuracy says too little


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures, before they are put into words.

    gains: of the model over each of the others. pretraining: of the first result over the untrained network; None where one of
    them can't be had. balanced: they are about balanced accuracy. harmed: adjusting the pretrained model lost to the first
    result. unowed: the model beats the simple ways, while its pretrained features beat those of the untrained network by nothing
    that matters. needed: images that would show on which side of the margin lies what is undecided, None where no number would.
    """

    baselines: dict[Method, Baseline]
    gains: dict[Method, Gain]
    pretraining: Gain | None
    balanced: bool
    verdict: Verdict
    harmed: bool
    unowed: bool
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
    def few_groups(self) -> bool:
        return self.groups < min(self.n, FEW_GROUPS)

    @property
    def test(self) -> str:
        return MCNEMAR if self.groups == self.n and not self.balanced else BY_GROUP


def compare(truth: Ints, said: Mapping[Method, Ints], units: Sequence[Hashable], *, tuned: bool) -> Comparison:
    """Compares answers (n,) of each way with labels (n,); `units[i]` is what image i is grouped with.

    The pretrained model helps where the model is better than every simple way and the first result better than the untrained
    network, each for certain by more than WORTH: all of it has to be shown, so no single test allows for the others (an
    intersection-union test, Berger 1982, Technometrics 24:295). It does not where one of these gains is below WORTH for certain,
    or where a model that was adjusted is worse than the first result by more than that. Anything else can't be told from these
    images. Where one class makes up more than LOPSIDED of them, all of this is about balanced accuracy.
    """
    hits = {method: answers == truth for method, answers in said.items()}
    balanced = float(np.bincount(truth).max()) / len(truth) > LOPSIDED

    def gain(of: Method, over: Method) -> Gain:
        one, other = hits[of], hits[over]
        if balanced:
            difference = balanced_difference(one, other, truth, units)
            return Gain(over, difference, balanced_sign_test(one, other, truth, units), of)
        return Gain(over, difference_interval(one, other, units), sign_test(one, other, units), of)

    others = (m for m in Method if m in said and m is not Method.MODEL)
    gains: dict[Method, Gain] = {m: gain(Method.MODEL, m) for m in others}
    both = Method.PROBE in said and Method.UNTRAINED in said
    pretraining = gain(Method.PROBE, Method.UNTRAINED) if both else None
    baselines = {m: _baseline(m, hits[m], truth, units) for m in Method if m in said}
    groups = len({str(u) for u in units})
    simple = [gains[m] for m in SIMPLE if m in gains]
    harmed = tuned and Method.PROBE in gains and is_loss(gains[Method.PROBE])
    unowed = tuned and pretraining is not None and not matters(pretraining) and all(matters(each) for each in simple)
    verdict = _verdict(simple, pretraining, harmed=harmed, unowed=unowed)
    if groups < min(len(truth), FEW_GROUPS):
        verdict = Verdict.UNCLEAR
    asked = [*simple, *([] if pretraining is None else [pretraining])]
    undecided = [each for each in asked if not matters(each) and not is_small(each)]
    needed = [_images_needed(hits[each.of], hits[each.over]) for each in undecided] if not balanced else []
    most = None if not needed or None in needed else max(each for each in needed if each is not None)
    return Comparison(baselines, gains, pretraining, balanced, verdict, harmed, unowed, len(truth), groups, most)


def _verdict(simple: Sequence[Gain], pretraining: Gain | None, *, harmed: bool, unowed: bool) -> Verdict:
    if harmed:
        return Verdict.NEGATIVE
    if pretraining is not None and matters(pretraining) and all(matters(each) for each in simple):
        return Verdict.HELPS
    if any(is_small(each) for each in simple):
        return Verdict.NEGATIVE
    if pretraining is not None and is_small(pretraining) and not unowed:
        return Verdict.NEGATIVE
    return Verdict.UNCLEAR


def matters(gain: Gain) -> bool:
    """More than the margin, for certain."""
    return gain.difference.low > WORTH and gain.p < CHANCE


def is_small(gain: Gain) -> bool:
    """Less than the margin, for certain: no difference that matters, or a loss."""
    return gain.difference.high < WORTH


def is_loss(gain: Gain) -> bool:
    """A loss of more than the margin, for certain."""
    return gain.difference.high < -WORTH and gain.p < CHANCE


def _baseline(method: Method, hits: npt.NDArray[np.bool_], truth: Ints, units: Sequence[Hashable]) -> Baseline:
    parts = []
    for k in np.unique(truth):
        rows = np.flatnonzero(truth == k)
        parts.append(share_interval(hits[rows], [units[int(i)] for i in rows]))
    return Baseline(method, share_interval(hits, units), mean_interval(parts))


def _images_needed(ours: npt.NDArray[np.bool_], theirs: npt.NDArray[np.bool_]) -> int | None:
    """Independent images whose interval would lie on one side of the margin in four of five trials, were the difference as large
    as it is here; None where it lies on the margin itself. Connor 1987, Biometrics 43:207.
    """
    difference = ours.astype(np.float64) - theirs
    distance, spread = abs(float(difference.mean()) - WORTH), float(difference.var())
    if distance < WORTH / 4:
        return None
    return int(np.ceil(((1.96 + 0.84) / distance) ** 2 * max(spread, 1 / len(difference))))
