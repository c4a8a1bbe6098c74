"""The head on two views of an image: a network's final features, and the statistics of its stages.

On photographs of things the final features tell more, on scans and surfaces the stages do, and which it is shows only roughly in
a few images. So neither is chosen: a probe is fitted to each view, and the head is the mean of both, weighted by how well either
foretells images that it did not see and, where that says little, by whether the images are colour photographs at all. It is one
linear layer again.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tlstudio.domain.events import SILENT, Event, PassingReporter, Progress, Reporter
from tlstudio.storage.rowstore import RowStore
from tlstudio.training.linear import Features, Floats, Ints, LinearHead, Mask, softmax
from tlstudio.training.network import NetworkSpec
from tlstudio.training.probe import Probe, Regularisation, fit_probe

# The expected share of the stages in the head. These numbers and WEIGHT were found on chest X-rays, magnetic tiles, metal
# surfaces, digits, ants and bees with MobileNetV2 and EfficientNet-Lite 0: together 0.72 times the errors of scikit-learn's
# regression on final features. On sets that had no part in it (steel, brain scans, flowers; Lite 2, too) it is 0.73.
GREY_SHARE, COLOUR_SHARE = 0.7, 0.2
GREY = 3.0  # standard deviation of a pixel's three colours, in grey levels, below which images are grey on average
# Of what images left out say for either view. 1 would be right if they told as much as fresh images do, see `fit_views`.
WEIGHT = 0.3
LOOKED_AT = 64  # images that tell whether all are grey
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Views:
    """final: how many of the features, the first ones, are a network's final ones; the others are statistics of its stages.

    share: of the stages in the head, as it is expected before any image was left out, 0 … 1.
    """

    final: int
    share: float = 0.5

    def importance(self, width: int) -> Floats:
        """How much each of `width` standardised features counts where images are compared: (width,), by the share of its view."""
        stages = width - self.final
        if stages <= 0:
            return np.ones(width)
        each = math.sqrt((1 - self.share) / self.final), math.sqrt(self.share / stages)
        return np.repeat(each, (self.final, stages))


def views_of(spec: NetworkSpec, pixels: RowStore, keys: Sequence[str]) -> Views:
    """What a network's features are, and what is to be expected of them with images of these contents."""
    if not spec.staged or not keys:
        return Views(spec.final)
    return Views(spec.final, GREY_SHARE if colourfulness(pixels, keys) < GREY else COLOUR_SHARE)


def colourfulness(pixels: RowStore, keys: Sequence[str]) -> float:
    """Standard deviation of a pixel's three colours in grey levels, the mean over some of the images; 0 for grey ones."""
    some = [keys[int(i)] for i in np.linspace(0, len(keys) - 1, min(LOOKED_AT, len(keys)))]
    rows = pixels.rows(some)
    array = pixels.array()
    return float(np.mean([array[row][::4, ::4].astype(np.float32).std(axis=2).mean() for row in rows]))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted head, how it came about, and what it said of each training image while that image was left out.

    regularisation: of the probe of each view. share: of the stages. folds, held_out and judged: as of a Probe.
    """

    head: LinearHead
    regularisation: tuple[Regularisation, ...]
    share: float
    folds: int
    held_out: Floats
    judged: Mask


def fit_views(
    features: Features,
    labels: Ints,
    classes: int,
    *,
    views: Views,
    units: Sequence[Hashable] | None = None,
    again: Fitted | None = None,
    settings: Sequence[float] = (),
    seed: int = 0,
    leave_out: bool = True,
    reporter: Reporter = SILENT,
) -> Fitted:
    """Fits the head to features (n, d) and labels (n,) in 0 … classes-1; images of one of `units` are left out together.

    again: fit as strongly held back, and weighted, as this one was. The rest is as in `fit_probe`.

    The weight of the stages against the final features is their share in the expectation times exp(WEIGHT * n * d), where n is
    the number of units and d by how many nats more likely they find the truth of an image left out, in the mean: what Bayesian
    averaging of two models comes to (Yao et al. 2018, doi 10.1214/17-BA1091), tempered, for both were tuned on the same images.
    """
    sides = (slice(0, views.final), slice(views.final, None)) if features.shape[1] > views.final else (slice(None),)
    probes = [
        fit_probe(
            features[:, side],
            labels,
            classes,
            units=units,
            regularisation=None if again is None else again.regularisation[number],
            settings=settings,
            seed=seed,
            leave_out=leave_out,
            reporter=_Share(reporter, number, len(sides)),
        )
        for number, side in enumerate(sides)
    ]
    if len(probes) == 1:
        one = probes[0]
        return Fitted(one.head, (one.regularisation,), 0.0, one.folds, one.held_out, one.judged)
    share = again.share if again is not None else share_of_stages(probes, labels, units, views.share)
    return _mean(probes, share)


def share_of_stages(probes: Sequence[Probe], labels: Ints, units: Sequence[Hashable] | None, expected: float) -> float:
    """The share of the second of two probes, 0 … 1, by what both said of images left out; `expected` where there are none."""
    judged = probes[0].judged
    if not judged.any():
        return expected
    truth = labels[judged]
    likely = [np.log(np.maximum(p.held_out[judged][np.arange(len(truth)), truth], TINY)) for p in probes]
    n = len(truth) if units is None else len({str(u) for u, out in zip(units, judged, strict=True) if out})
    gain = float((likely[1] - likely[0]).mean())
    return float(expit(math.log(expected / (1 - expected)) + WEIGHT * n * gain))


def _mean(probes: Sequence[Probe], share: float) -> Fitted:
    """Of the logits, for images seen as for those left out."""
    final, stages = probes
    shares = np.float32(1 - share), np.float32(share)
    head = LinearHead(
        np.hstack([shares[0] * final.head.weight, shares[1] * stages.head.weight]),
        shares[0] * final.head.bias + shares[1] * stages.head.bias,
    )
    judged = final.judged
    held_out = np.full_like(final.held_out, np.nan)
    said = [np.log(np.maximum(probe.held_out[judged], TINY)) for probe in probes]
    held_out[judged] = softmax((1 - share) * said[0] + share * said[1])
    return Fitted(head, (final.regularisation, stages.regularisation), share, final.folds, held_out, judged)


class _Share(PassingReporter):
    """Tells the progress of one of several probes as that of them all."""

    def __init__(self, reporter: Reporter, number: int, count: int) -> None:
        super().__init__(reporter)
        self._number, self._count = number, count

    def report(self, event: Event) -> None:
        if isinstance(event, Progress):
            done = self._number * event.total + event.done
            event = Progress(event.stage, done, self._count * event.total, unit=event.unit)
        super().report(event)
