"""Does a heat map tell the truth about the model? Hide what it calls important and see what the model says then.

The deletion test of Samek et al. (2017) and Petsiuk et al. (2018), with controls of the map's own shape: the same map, turned
over and shifted to other places. A map that takes the class away faster than nearly all of them points at what the model uses;
one that does not is a pretty picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tlstudio.domain.explanations import Proof, Verdict
from tlstudio.explain.saliency import BATCH, Heat, blurred, heat_map
from tlstudio.training.network import Network

SHARES = (0.05, 0.15, 0.4)  # of the picture's area, hottest first
CONTROLS = 39  # p of two attempts, each at best 1/40, can just reach 0.05
LEVEL = 0.05
LEAST_DROP = 0.1  # of the probability; less than that nobody would call a reason
ATTEMPTS = ("gradcam", "integrated-gradients")  # quick and coarse first; fine and slower where that fails


def proven_map(
    network: Network, pixels: npt.NDArray[np.uint8], target: int, method: str | None = None
) -> tuple[str, Heat, Proof]:
    """The heat map of one method with its proof; without a method, the first of `ATTEMPTS` that holds, else the better one.

    p is multiplied by the number of methods that are allowed to try (Bonferroni).
    """
    methods = ATTEMPTS if method is None else (method,)
    found: list[tuple[str, Heat, Proof]] = []
    for name in methods:
        heat = heat_map(network, pixels, target, name)
        found.append((name, heat, prove(network, pixels, heat, target, attempts=len(methods))))
        if found[-1][2].verdict is Verdict.HOLDS:
            return found[-1]
    return min(found, key=lambda one: (one[2].p, one[2].after - one[2].elsewhere))


def prove(
    network: Network, pixels: npt.NDArray[np.uint8], heat: Heat, target: int, *, attempts: int = 1, seed: int = 0
) -> Proof:
    """Measures a heat map, (size, size), of one picture, uint8 (size, size, 3), for class number `target`.

    The same for the same seed. p: share of placements, the map's own counted, that lower the class's log-odds as much, averaged
    over `SHARES`, times `attempts`.
    """
    image = torch.from_numpy(np.array(pixels))[None].to(network.mean.device)
    maps = [heat, *_controls(heat, np.random.default_rng(seed))]
    before = float(_logistic(_log_odds(network, image, target))[0])
    curves = _deletion(network, image, maps, target)
    areas = curves.mean(axis=1)
    p = min(1.0, attempts * float((areas <= areas[0] + 1e-9).mean())) if heat.any() else 1.0
    after, elsewhere = _logistic(curves[0]), _logistic(curves[1:]).mean(axis=0)
    told = int(np.argmax(elsewhere - after))  # where the difference is plainest
    if before - _logistic(curves).min() < LEAST_DROP:
        verdict = Verdict.UNTESTED
    elif p <= LEVEL and elsewhere[told] - after[told] >= LEAST_DROP:
        verdict = Verdict.HOLDS
    else:
        verdict = Verdict.FAILS
    return Proof(SHARES[told], before, float(after[told]), float(elsewhere[told]), p, verdict)


def _deletion(network: Network, image: Tensor, maps: Sequence[Heat], target: int) -> npt.NDArray[np.float64]:
    """Log-odds of the class after the hottest shares of the picture have been blurred away: (maps, shares)."""
    whole, hidden = image[0].reshape(-1, 3), blurred(image)[0].reshape(-1, 3)
    odds, waiting = [], []
    for n, heat in enumerate(maps, start=1):
        order = torch.from_numpy(np.argsort(-heat, axis=None, kind="stable")).to(image.device)
        for share in SHARES:
            trial = whole.clone()
            where = order[: round(share * len(order))]
            trial[where] = hidden[where]
            waiting.append(trial.view(image.shape[1:]))
        if len(waiting) >= BATCH or n == len(maps):
            odds.append(_log_odds(network, torch.stack(waiting), target))
            waiting = []
    return np.concatenate(odds).reshape(len(maps), len(SHARES))


def _log_odds(network: Network, pixels: Tensor, target: int) -> npt.NDArray[np.float64]:
    """Of one class against all others; unlike the probability, it still tells differences where the model is very sure."""
    with torch.inference_mode():
        logits = network(pixels).cpu().double()
    others = [k for k in range(logits.shape[1]) if k != target]
    odds: npt.NDArray[np.float64] = (logits[:, target] - logits[:, others].logsumexp(dim=1)).cpu().numpy()
    return odds


def _logistic(log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-log_odds))


def _controls(heat: Heat, random: np.random.Generator) -> list[Heat]:
    """The map at other places: same heat, same shape, another aim."""
    size = heat.shape[0]
    found = []
    for _ in range(CONTROLS):
        turned = np.rot90(heat, int(random.integers(4)))
        turned = turned[:, ::-1] if random.integers(2) else turned
        shift = random.integers(size // 4, max(size // 4 + 1, size - size // 4), 2)  # never back to where it was
        found.append(np.ascontiguousarray(np.roll(turned, (int(shift[0]), int(shift[1])), axis=(0, 1))))
    return found
