"""Heat maps: how much each place of a picture speaks for one class.

Every method answers with float32 (size, size) in 0 … 1 over the prepared picture, 1 at the hottest place; all zeros where nothing
speaks for the class. None of them is right by itself: `proof.prove` measures whether a map says anything true of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from tlstudio.domain.errors import WrongUsage
from tlstudio.training.network import Network

Heat = npt.NDArray[np.float32]
Method = Callable[[Network, Tensor, int], Heat]

BATCH = 16
STEPS = 32  # of the path integral; more changes nothing that can be seen
WINDOW = 7  # the covering square is a seventh of the edge and moves by half of itself


def heat_map(network: Network, pixels: npt.NDArray[np.uint8], target: int, method: str) -> Heat:
    """How much each place of `pixels`, uint8 (size, size, 3), speaks for class number `target`.

    Runs where the network is. Raises WrongUsage for an unknown method.
    """
    if method not in METHODS:
        raise WrongUsage(f"“{method}” is not a kind of heat map.", remedy=f"Use {', '.join(METHODS)}.")
    batch = torch.from_numpy(np.array(pixels))[None].to(network.mean.device)
    return METHODS[method](network, batch, target)


def gradcam(network: Network, pixels: Tensor, target: int) -> Heat:
    """Grad-CAM (Selvaraju et al. 2017): the last feature maps, weighted by what each does for the class.

    Works on any timm backbone: convolutional maps in either layout, and a transformer's patch tokens. Where only the class token
    counts, the patches of the last layer can't matter any more, and those that enter the last block are taken instead.
    """
    backbone: Any = network.backbone
    # A gradient for the pixels makes the whole pass keep its graph, also where all weights are frozen.
    images = network.normalise(pixels).requires_grad_(True)
    with torch.enable_grad(), _Tap(_last_block(backbone)) as tap:
        features: Tensor = backbone.forward_features(images)
        features.retain_grad()
        network.head(backbone.forward_head(features))[0, target].backward()
        for tensor in (features, tap.seen):
            if tensor is None or tensor.grad is None:
                continue
            weights, maps = _maps(tensor.grad, backbone), _maps(tensor, backbone)
            if maps is not None and weights is not None and bool(weights.abs().max() > 0):
                heat = (weights.mean(dim=(1, 2), keepdim=True) * maps).sum(dim=0)
                network.zero_grad(set_to_none=True)
                return _scaled(heat.detach(), pixels.shape[1])
    network.zero_grad(set_to_none=True)
    return occlusion(network, pixels, target)


def integrated_gradients(network: Network, pixels: Tensor, target: int) -> Heat:
    """Integrated gradients (Sundararajan et al. 2017), from the blurred picture to the picture itself, summed over colours.

    What comes out is as fine as single pixels; a light blur makes it readable.
    """
    image = network.normalise(pixels)
    start = network.normalise(blurred(pixels))
    total = torch.zeros_like(image)
    positions = (torch.arange(STEPS, device=image.device) + 0.5) / STEPS
    for part in torch.split(positions, BATCH):
        path = start + part.view(-1, 1, 1, 1) * (image - start)
        path.requires_grad_(True)
        with torch.enable_grad():
            score = network.head(network.backbone(path))[:, target].sum()
            (gradient,) = torch.autograd.grad(score, path)
        total += gradient.sum(dim=0, keepdim=True)
    heat = ((image - start) * total / STEPS).sum(dim=1)[0]
    return _scaled(_soften(heat.clamp(min=0), max(1, pixels.shape[1] // 48)), pixels.shape[1])


def occlusion(network: Network, pixels: Tensor, target: int) -> Heat:
    """Occlusion (Zeiler and Fergus 2014): how much the score falls when a square there is blurred. Slow; asks only the model."""
    size = pixels.shape[1]
    edge = max(2, size // WINDOW)
    starts = sorted({*range(0, size - edge, max(1, edge // 2)), size - edge})
    places = [(top, left) for top in starts for left in starts]
    hidden, total, covered = blurred(pixels), np.zeros((size, size)), np.zeros((size, size))
    with torch.inference_mode():
        base = float(network(pixels)[0, target])
        for begin in range(0, len(places), BATCH):
            part = places[begin : begin + BATCH]
            trial = pixels.repeat(len(part), 1, 1, 1)
            for n, (top, left) in enumerate(part):
                trial[n, top : top + edge, left : left + edge] = hidden[0, top : top + edge, left : left + edge]
            for (top, left), score in zip(part, network(trial)[:, target].tolist(), strict=True):
                total[top : top + edge, left : left + edge] += base - score
                covered[top : top + edge, left : left + edge] += 1
    return _scaled(torch.from_numpy(total / covered), size)


METHODS: dict[str, Method] = {
    "gradcam": gradcam,
    "integrated-gradients": integrated_gradients,
    "occlusion": occlusion,
}


def blurred(pixels: Tensor) -> Tensor:
    """The same pictures, uint8 (n, size, size, 3), without their detail: what takes the place of hidden parts.

    A blur hides without the hard edges of a black square, which a model may read as a sign of something.
    """
    flat = pixels.permute(0, 3, 1, 2).float()
    return _soften(flat, max(2, pixels.shape[1] // 4)).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _soften(values: Tensor, radius: int) -> Tensor:
    """Three box blurs, which are nearly a Gaussian; (…, h, w), edges mirrored."""
    flat = values.reshape(-1, 1, *values.shape[-2:]).float()
    reach = min(radius, min(flat.shape[-2:]) - 1)
    for _ in range(3):
        flat = functional.avg_pool2d(functional.pad(flat, (reach,) * 4, mode="reflect"), 2 * reach + 1, stride=1)
    return flat.reshape(values.shape)


class _Tap:
    """Keeps what enters a module, with its gradient, for the time of a `with` block."""

    def __init__(self, module: nn.Module | None) -> None:
        self.seen: Tensor | None = None
        self._hook = None if module is None else module.register_forward_pre_hook(self._keep)

    def _keep(self, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        if inputs and isinstance(inputs[0], Tensor) and inputs[0].requires_grad:
            self.seen = inputs[0]
            self.seen.retain_grad()

    def __enter__(self) -> _Tap:
        return self

    def __exit__(self, *_: object) -> None:
        if self._hook is not None:
            self._hook.remove()


def _last_block(backbone: Any) -> nn.Module | None:
    blocks = getattr(backbone, "blocks", None)
    return blocks[-1] if isinstance(blocks, (nn.Sequential, nn.ModuleList)) and len(blocks) else None


def _maps(tensor: Tensor, backbone: Any) -> Tensor | None:
    """The first picture's features as (channels, rows, columns), from any of timm's layouts; None where they have no places."""
    if tensor.ndim == 4:
        last = tensor.shape[-1] == backbone.num_features != tensor.shape[1]
        return tensor[0].permute(2, 0, 1) if last else tensor[0]
    if tensor.ndim == 3:
        tokens = tensor[0, int(getattr(backbone, "num_prefix_tokens", 0)) :]
        rows, columns = _grid(backbone, len(tokens))
        return tokens.T.reshape(-1, rows, columns) if rows * columns == len(tokens) else None
    return None


def _grid(backbone: Any, tokens: int) -> tuple[int, int]:
    found = getattr(getattr(backbone, "patch_embed", None), "grid_size", None)
    if found is not None and found[0] * found[1] == tokens:
        return int(found[0]), int(found[1])
    edge = round(tokens**0.5)
    return edge, edge


def _scaled(heat: Tensor, size: int) -> Heat:
    """What speaks for the class, enlarged to the picture and divided by its maximum."""
    positive = heat.cpu().double().clamp(min=0)[None, None]
    large = functional.interpolate(positive, (size, size), mode="bilinear", align_corners=False)[0, 0]
    top = float(large.max())
    return (large / top if top > 0 else large).cpu().numpy().astype(np.float32)
