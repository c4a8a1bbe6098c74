"""Whether the pretrained model helps: what simpler ways reach on the very same images, and what that says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tlstudio.domain.values import Interval


class Method(StrEnum):
    """Ways to answer, from the simplest to the trained model."""

    MAJORITY = "majority"  # the most frequent class of the training images, always
    THUMBNAILS = "thumbnails"  # a linear classifier on pictures of 16 x 16 pixels
    UNTRAINED = "untrained"  # the same, on what a network of the same kind sees that has learned nothing
    PROBE = "probe"  # a linear classifier on what the pretrained model sees, itself unchanged
    MODEL = "model"  # the model that the run chose

    @property
    def caption(self) -> str:
        """At a bar or in a table."""
        return {
            "majority": "Most frequent class",
            "thumbnails": "Plain thumbnails",
            "untrained": "Same network, untrained",
            "probe": "First result",
            "model": "This model",
        }[self.value]


class Verdict(StrEnum):
    """What the comparison says of the pretrained model."""

    HELPS = "helps"
    NEGATIVE = "negative"  # no gain that matters, or a loss
    UNCLEAR = "unclear"  # too few images or groups to tell, or no way to know what it is owed to


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one way reaches on the measured images."""

    method: Method
    accuracy: Interval
    balanced_accuracy: Interval

    def to_json(self) -> dict[str, Any]:
        return {"accuracy": self.accuracy.to_json(), "balanced_accuracy": self.balanced_accuracy.to_json()}

    @staticmethod
    def from_json(method: str, data: dict[str, Any]) -> Baseline:
        return Baseline(
            Method(method), Interval.from_json(data["accuracy"]), Interval.from_json(data["balanced_accuracy"])
        )


@dataclass(frozen=True, slots=True)
class Gain:
    """How much better one way is than another, image by image; -1 … 1 with its 95 % interval. p: of the paired test."""

    over: Method
    difference: Interval
    p: float
    of: Method = Method.MODEL

    def to_json(self) -> dict[str, Any]:
        return {"of": self.of.value, "over": self.over.value, "difference": self.difference.to_json(), "p": self.p}

    @staticmethod
    def from_json(data: dict[str, Any]) -> Gain:
        difference = Interval.from_json(data["difference"])
        return Gain(Method(data["over"]), difference, float(data["p"]), Method(data["of"]))


@dataclass(frozen=True, slots=True)
class Transfer:
    """The comparison on `n` images of `groups` independent groups.

    images: which ones, for people, such as `test images`. baselines: simplest first, the model last. gains: of the model over
    each of the others, and of the first result over the untrained network. margin: what a gain must exceed to matter. balanced:
    the gains are about balanced accuracy, because one class is most of the images. sentence: the answer; tuning: what adjusting
    the pretrained model brought, empty where it was not adjusted or that is unknown. advice: what to try. test: the paired test,
    by name. tuned: the model is another one than the first result.
    """

    images: str
    n: int
    groups: int
    baselines: tuple[Baseline, ...]
    gains: tuple[Gain, ...]
    margin: float
    balanced: bool
    verdict: Verdict
    sentence: str
    tuning: str
    advice: tuple[str, ...]
    test: str
    tuned: bool

    def of(self, method: Method) -> Baseline | None:
        return next((b for b in self.baselines if b.method is method), None)

    def told_apart(self) -> tuple[Baseline, ...]:
        """For people: without the first result where that is the model itself."""
        return tuple(b for b in self.baselines if self.tuned or b.method is not Method.PROBE)

    def shown(self, baseline: Baseline) -> Interval:
        """The figure that the answer is about."""
        return baseline.balanced_accuracy if self.balanced else baseline.accuracy

    def baselines_json(self) -> dict[str, Any]:
        return {b.method.value: b.to_json() for b in self.baselines}

    def to_json(self) -> dict[str, Any]:
        """Without the baselines, which are an object of their own."""
        return {
            "verdict": self.verdict.value,
            "sentence": self.sentence,
            "tuning": self.tuning,
            "advice": list(self.advice),
            "images": self.images,
            "n": self.n,
            "groups": self.groups,
            "margin": self.margin,
            "balanced": self.balanced,
            "gains": [g.to_json() for g in self.gains],
            "test": self.test,
            "tuned": self.tuned,
        }

    @staticmethod
    def from_json(baselines: dict[str, Any], data: dict[str, Any]) -> Transfer:
        """Reads `baselines_json` and `to_json`. Raises KeyError, TypeError or ValueError for anything else, such as what earlier
        versions compared without a margin and without an untrained network."""
        return Transfer(
            images=str(data["images"]),
            n=int(data["n"]),
            groups=int(data["groups"]),
            baselines=tuple(Baseline.from_json(name, each) for name, each in baselines.items()),
            gains=tuple(Gain.from_json(each) for each in data["gains"]),
            margin=float(data["margin"]),
            balanced=bool(data["balanced"]),
            verdict=Verdict(data["verdict"]),
            sentence=str(data["sentence"]),
            tuning=str(data["tuning"]),
            advice=tuple(str(each) for each in data["advice"]),
            test=str(data["test"]),
            tuned=bool(data["tuned"]),
        )
