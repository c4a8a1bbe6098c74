"""Heat maps: how much each place of a picture speaks for one class, against all the others.

Every method answers with float32 (size, size) in 0 … 1 over the prepared picture, 1 at the hottest place; all zeros where nothing
speaks for the class. They compare the picture with `hidden`, the same without what speaks for the class. None of them is right
by itself: `proof.prove` measures whether a map says anything true of the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.domain.errors import WrongUsage
from tlstudio.explain.borrowed import captum_class
from tlstudio.explain.hiding import BATCH, Heat, first, margin, order_of, softened, without
from tlstudio.explain.stages import Tap, as_map, places_of
from tlstudio.training.network import Network

Gradients = tuple[Tensor | None, ...]  # None where a stage has no say
Method = Callable[[Network, Tensor, Tensor, int], Heat]

ALONG = (0.0, 0.1, 0.3)  # hidden already where the stages are asked, shares of the picture
STEPS = 32  # of the path integral; more changes nothing that can be seen
WINDOW = 7  # the covering square is a seventh of the edge and moves by half of itself


def heat_map(network: Network, pixels: Tensor, hidden: Tensor, target: int, method: str) -> Heat:
    """How much each place of `pixels`, uint8 (1, size, size, 3), speaks for class number `target`; `hidden` is alike.

    Runs where the network is. Raises WrongUsage for an unknown method.
    """
    if method not in METHODS:
        raise WrongUsage(f"“{method}” is not a kind of heat map.", remedy=f"Use {', '.join(METHODS)}.")
    return METHODS[method](network, pixels, hidden, target)


def stages(network: Network, pixels: Tensor, hidden: Tensor, target: int) -> Heat:
    """What hiding a place would take from the class, at several stages of the network, asked again as more is hidden.

    At each stage the gradient of the class's log-odds times what hiding changes there, as in integrated gradients
    (Sundararajan et al. 2017), summed over channels; the stages, all in log-odds, are added up, so that fine ones give the place
    and coarse ones the sense. One gradient holds only for small changes. So it is taken again with the hottest tenth hidden, and
    again with three tenths: along the deletion curve (Samek et al. 2017) of the map itself. Three times forward and back in all.
    """
    modules = places_of(network.backbone)
    if not modules:
        return occlusion(network, pixels, hidden, target)
    with torch.no_grad(), Tap(modules) as tap:
        network(hidden)
        emptied = [kept.detach() for kept in tap.maps]
    heat = np.zeros(pixels.shape[1:3], np.float32)
    whole: list[Tensor] = []
    for share in ALONG:
        trial = without(pixels, hidden, first(order_of(heat), share)[None])
        with torch.enable_grad(), Tap(modules) as tap:
            score = margin(network(trial), target).sum()
            gradients: Gradients = torch.autograd.grad(score, tap.maps, allow_unused=True)
        whole = whole or [kept.detach() for kept in tap.maps]
        for full, empty, gradient in zip(whole, emptied, gradients, strict=True):
            if gradient is None:
                continue
            spoken = as_map((full - empty) * gradient, network.backbone)
            if spoken is not None:
                density = spoken.sum(dim=1)[0] * spoken[0, 0].numel()  # log-odds for each part of the picture’s area
                heat += _enlarged(density, pixels.shape[1]).numpy()
    return _scaled(torch.from_numpy(heat))


def gradcam(network: Network, pixels: Tensor, hidden: Tensor, target: int) -> Heat:
    """Grad-CAM (Selvaraju et al. 2017): the last feature maps, weighted by what each does for the class. Quick and coarse.

    Works on any timm backbone: convolutional maps in either layout, and a transformer's patch tokens. Where only the class token
    counts, the patches of the last layer can't matter any more, and those of two thirds of the way are taken instead.
    """
    modules = places_of(network.backbone)
    with torch.enable_grad(), Tap(modules) as tap:
        score = margin(network(pixels), target).sum()
        gradients: Gradients = torch.autograd.grad(score, tap.maps, allow_unused=True) if modules else ()
    for kept, gradient in reversed(list(zip(tap.maps, gradients, strict=True))):
        if gradient is None:
            continue
        maps, weights = as_map(kept.detach(), network.backbone), as_map(gradient, network.backbone)
        if maps is not None and weights is not None and bool(weights.abs().max() > 0):
            seen = (weights.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1)[0]
            return _scaled(_enlarged(seen.clamp(min=0), pixels.shape[1]))
    return occlusion(network, pixels, hidden, target)


def integrated_gradients(network: Network, pixels: Tensor, hidden: Tensor, target: int) -> Heat:
    """Integrated gradients (Sundararajan et al. 2017; captum), from the hidden picture to the picture itself.

    Summed over colours. What comes out is as fine as single pixels; a light blur makes it readable.
    """
    method = captum_class("attr._core.integrated_gradients", "IntegratedGradients")(_Asked(network, target))
    with torch.enable_grad():
        found = method.attribute(
            network.normalise(pixels), network.normalise(hidden), n_steps=STEPS, internal_batch_size=BATCH
        )
    heat = found.detach().sum(dim=1)[0].clamp(min=0).float()
    return _scaled(softened(heat, max(1, pixels.shape[1] // 48)).cpu())


def occlusion(network: Network, pixels: Tensor, hidden: Tensor, target: int) -> Heat:
    """Occlusion (Zeiler and Fergus 2014; captum): how much the score falls when a square there is hidden.

    Slow; asks only the model.
    """
    edge = max(2, pixels.shape[1] // WINDOW)
    method = captum_class("attr._core.occlusion", "Occlusion")(_Asked(network, target))
    with torch.inference_mode():
        found = method.attribute(
            network.normalise(pixels),
            sliding_window_shapes=(3, edge, edge),
            strides=(3, max(1, edge // 2), max(1, edge // 2)),
            baselines=network.normalise(hidden),
            perturbations_per_eval=BATCH,
        )
        return _scaled(found.mean(dim=1)[0].float().cpu())


METHODS: dict[str, Method] = {
    "stages": stages,
    "gradcam": gradcam,
    "integrated-gradients": integrated_gradients,
    "occlusion": occlusion,
}
DEFAULT = "stages"


class _Asked(nn.Module):
    """Normalised pictures -> log-odds of one class (n,)."""

    def __init__(self, network: Network, target: int) -> None:
        super().__init__()
        self._network, self._target = network, target

    def forward(self, images: Tensor) -> Tensor:
        return margin(self._network.decide(self._network.features(images)), self._target)


def _enlarged(values: Tensor, size: int) -> Tensor:
    """A map of any resolution at that of the picture."""
    flat = values.detach().float()[None, None]
    return functional.interpolate(flat, (size, size), mode="bilinear", align_corners=False)[0, 0].cpu()


def _scaled(heat: Tensor) -> Heat:
    """What speaks for the class, divided by its maximum."""
    positive = heat.double().clamp(min=0)
    top = float(positive.max())
    return (positive / top if top > 0 else positive).numpy().astype(np.float32)
