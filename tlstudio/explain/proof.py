"""Does a heat map tell the truth about the model? Two tests; a map that fails either is not to be shown.

The first hides what the map calls important and sees what the model says then: the deletion test of Samek et al. (2017) and
Petsiuk et al. (2018), with controls of the map's own shape, the same map turned over and shifted to other places. The second asks
the same network with shuffled weights for its map (Adebayo et al. 2018): if that marks the same parts, the map shows the picture
and not the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr
from torch import Tensor

from tlstudio.domain.explanations import Proof
from tlstudio.explain.hiding import BATCH, Heat, Order, first, hidden_picture, log_odds, logistic, order_of, without
from tlstudio.explain.saliency import DEFAULT, heat_map
from tlstudio.training.network import Network

SHARES = (0.05, 0.15, 0.3)  # of the picture's area, hottest first
CONTROLS = 39  # at most one of which may do as much: by chance alone that happens once in twenty
GRID = 28  # cells a side on which two maps are compared


def proven_map(
    network: Network,
    pixels: npt.NDArray[np.uint8],
    target: int,
    learned_nothing: Callable[[], Network],
    method: str = DEFAULT,
) -> tuple[Heat, Proof]:
    """The heat map of a picture, uint8 (size, size, 3), for class number `target`, with its proof.

    learned_nothing: gives the network with shuffled weights; asked only where the first test has been passed. A map that is
    empty, or of a model with a single class, which has nothing to tell apart, can't pass.
    """
    picture = torch.from_numpy(np.array(pixels))[None].to(network.mean.device)
    hidden = hidden_picture(network, picture, target)
    heat = heat_map(network, picture, hidden, target, method)
    found = prove(network, picture, hidden, heat, target)
    if not found.shown:
        return heat, found
    other = heat_map(learned_nothing(), picture, hidden, target, method)
    return heat, found.compared(likeness(heat, other))


def prove(network: Network, picture: Tensor, hidden: Tensor, heat: Heat, target: int) -> Proof:
    """The first test: hides the hottest `SHARES`, and as much at other places, and compares what is left of the class.

    What decides is the class's log-odds, averaged over the shares. The same every time.
    """
    whole = float(logistic(log_odds(network, [picture], target))[0])
    if len(network.spec.classes) < 2 or not heat.any():
        return Proof(SHARES[0], whole, whole, whole, whole, as_much=0, trials=0)
    marked = order_of(heat)
    orders = [marked, *controls(marked, np.random.default_rng(0))]
    curves = deletion(network, picture, hidden, orders, target)
    averages = curves.mean(axis=1)
    after, elsewhere = logistic(curves[0]), logistic(curves[1:]).mean(axis=0)
    told = int(np.argmax(elsewhere - after))  # where the difference is plainest
    as_much = int((averages[1:] <= averages[0]).sum())
    lowest = float(logistic(curves).min())
    return Proof(SHARES[told], whole, float(after[told]), float(elsewhere[told]), lowest, as_much, CONTROLS)


def deletion(
    network: Network, picture: Tensor, hidden: Tensor, orders: Sequence[Order], target: int
) -> npt.NDArray[np.float64]:
    """Log-odds of the class after the first shares of the picture have been hidden: (orders, shares)."""
    parts = np.stack([first(order, share) for order in orders for share in SHARES])
    batches = (without(picture, hidden, parts[n : n + BATCH]) for n in range(0, len(parts), BATCH))
    return log_odds(network, batches, target).reshape(len(orders), len(SHARES))


def controls(order: Order, random: np.random.Generator) -> list[Order]:
    """The map at other places: the same shapes, as large, another aim."""
    size = order.shape[0]
    found = []
    for _ in range(CONTROLS):
        turned = np.rot90(order, int(random.integers(4)))
        turned = turned[:, ::-1] if random.integers(2) else turned
        shift = random.integers(size // 4, size - size // 4, 2)  # never back to where it was
        found.append(np.ascontiguousarray(np.roll(turned, (int(shift[0]), int(shift[1])), axis=(0, 1))))
    return found


def likeness(one: Heat, other: Heat) -> float:
    """Rank correlation (Spearman) of two maps of one size, -1 … 1, on a grid of cells; 0 where one of them is flat."""
    cells = [_cells(heat) for heat in (one, other)]
    if any(np.ptp(values) == 0 for values in cells):
        return 0.0
    return float(spearmanr(*cells).statistic)


def _cells(heat: Heat) -> npt.NDArray[np.float32]:
    edges = min(GRID, heat.shape[0])
    small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(heat)[None, None], edges)
    found: npt.NDArray[np.float32] = small.numpy().ravel()
    return found
