"""What a network in training says of the images that it is judged by, with its own weights or any others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch

from tlstudio.evaluation.contest import sureness
from tlstudio.training import averaging, candidates
from tlstudio.training.averaging import Weights
from tlstudio.training.batches import Data
from tlstudio.training.candidates import PROBE, Score
from tlstudio.training.choosing import Chances, Evidence, Ints
from tlstudio.training.features import logit_batches
from tlstudio.training.network import Network
from tlstudio.training.optimizer import Parameters

T = TypeVar("T")


class Validation:
    """Looks at the validation images of `data`, of which there may be none.

    balanced: classes count alike. evidence: what rehearsals found out about the kinds of candidates; it counts beside the images.
    """

    def __init__(
        self,
        network: Network,
        data: Data,
        parameters: Parameters,
        device: torch.device,
        *,
        balanced: bool,
        evidence: Evidence | None = None,
    ) -> None:
        self._network = network
        self._data = data
        self._parameters = parameters
        self._device = device
        self._balanced = balanced
        self._evidence = evidence
        self._sure: float | None = None

    def probabilities(self) -> Chances:
        """What the network as it is now says, (n, classes); no augmentation, full precision."""
        batches = logit_batches(self._network, self._data.pixels, self._data.val_keys, self._device)
        parts = [torch.from_numpy(logits) for _, logits in batches]
        if not parts:
            return np.empty((0, self._network.head.out_features))
        return np.asarray(torch.cat(parts).double().softmax(dim=1).numpy())

    def hold(self, said: Chances) -> Score:
        """What is there already says this, (n, classes): from here on all are compared as if they were as sure as it may be."""
        before = [] if self._evidence is None else [self._evidence.said[PROBE]]
        everything = np.concatenate([*before, said])
        self._sure = sureness(everything.argmax(axis=1) == self.truth) if len(everything) else None
        return self.score(said)

    def now(self) -> Score:
        """The network as it is now, on the validation images alone."""
        return self.score(self.probabilities())

    def score(self, said: Chances) -> Score:
        """said: probabilities of the validation images, (n, classes)."""
        return candidates.score(said, self._data.val_labels, balanced=self._balanced, sure=self._sure)

    def score_of(self, kind: str, said: Chances) -> Score:
        """A kind of candidate by what it said of the validation images, and its like of those of the rehearsals."""
        if self._evidence is None:
            return self.score(said)
        everything = np.concatenate([self._evidence.said[kind], said])
        return candidates.score(everything, self.truth, balanced=self._balanced, sure=self._sure)

    @property
    def truth(self) -> Ints:
        """Of the images that the candidates are chosen by: those of the rehearsals, and then the validation images."""
        before = [] if self._evidence is None else [self._evidence.truth]
        return np.concatenate([*before, self._data.val_labels])

    @property
    def units(self) -> tuple[str, ...]:
        """What these are grouped with."""
        return (*(() if self._evidence is None else self._evidence.units), *self._data.val_units)

    def with_weights(self, weights: Weights, measure: Callable[[], T]) -> T:
        """Measures other weights and puts the trained ones back."""
        trained = averaging.copied(self._parameters)
        averaging.put(self._parameters, weights)
        try:
            return measure()
        finally:
            averaging.put(self._parameters, trained)
