"""Averages of the weights along a training: steadier than the last step's, and often better on images not seen."""

from __future__ import annotations

import torch
from torch import Tensor

from tlstudio.training.optimizer import Parameters

Weights = dict[str, Tensor]


def copied(parameters: Parameters) -> Weights:
    return {name: p.detach().clone() for name, p in parameters.items()}


def on_host(weights: Parameters | Weights) -> Weights:
    return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}


def put(parameters: Parameters, weights: Weights) -> None:
    """Writes the weights into the network that the parameters belong to."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])


def sound(weights: Weights) -> bool:
    """False when any of them is not a number."""
    return all(bool(torch.isfinite(value).all()) for value in weights.values())


class MovingAverage:
    """Exponential moving average after every step (Polyak and Juditsky 1992); short at first, so that the start is forgotten."""

    def __init__(self, parameters: Parameters, decay: float) -> None:
        self._decay = decay
        self._parameters = list(parameters.values())
        self.weights = copied(parameters)
        self._flat = list(self.weights.values())

    def update(self, step: int) -> None:
        """Takes in the weights after step `step`, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(self._flat, [p.detach() for p in self._parameters], 1 - decay)


class Soup:
    """Plain mean of the weights at the ends of the last epochs (model soup: Wortsman et al. 2022, arXiv 2203.05482)."""

    def __init__(self) -> None:
        self.weights: Weights = {}
        self.count = 0

    def add(self, weights: Weights) -> None:
        """Takes in weights on the host."""
        self.count += 1
        if self.count == 1:
            self.weights = {name: value.clone() for name, value in weights.items()}
            return
        for name, mean in self.weights.items():
            mean.lerp_(weights[name].to(mean.dtype), 1 / self.count)


def between(one: Weights, other: Weights, share: float) -> Weights:
    """`share` of the way from one to the other (WiSE-FT: Wortsman et al. 2022, arXiv 2109.01903)."""
    return {name: torch.lerp(value, other[name].to(value.device), share) for name, value in one.items()}
