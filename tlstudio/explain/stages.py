"""What a network has computed half way: the maps after its stages, kept while a picture passes through, with their gradients."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from torch import Tensor, nn

MOST = 3  # stages that are looked at: the last three resolutions, or three depths where there is only one


def places_of(backbone: Any) -> list[nn.Module]:
    """The modules after which maps are taken, from the image to the head; empty where timm names none.

    Of a network that shrinks its maps, the end of each of the last resolutions (with strides of 8, 16 and 32 as a rule); of a
    plain transformer, a third, two thirds and all of its blocks.
    """
    known = dict(backbone.named_modules())
    told = getattr(backbone, "feature_info", None) or ()
    named = [(one["reduction"], known[one["module"]]) for one in told if one.get("module") in known]
    last_of_each = list(dict(named).values())
    if len(last_of_each) > 1:
        return last_of_each[-MOST:]
    blocks = [module for _, module in named]
    return [blocks[len(blocks) * k // MOST - 1] for k in range(1, MOST + 1)] if len(blocks) >= MOST else blocks


class Tap:
    """Keeps what the modules give out for the time of a `with` block: `maps`, one tensor for each, in their order.

    shallow: the gradient ends at the first of the modules, which saves the way back through the large maps before it.
    """

    def __init__(self, modules: list[nn.Module], *, shallow: bool = True) -> None:
        self._modules, self._shallow = modules, shallow
        self._kept: dict[int, Tensor] = {}
        self._hooks: list[Any] = []

    @property
    def maps(self) -> list[Tensor]:
        return [self._kept[k] for k in range(len(self._modules))]

    def __enter__(self) -> Tap:
        # First of all hooks, so that what the network reads off the maps itself is read off these.
        self._hooks = [
            module.register_forward_hook(self._keeper(k), prepend=True) for k, module in enumerate(self._modules)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def _keeper(self, number: int) -> Any:
        def keep(_: nn.Module, __: tuple[Any, ...], result: Tensor) -> Tensor:
            if number == 0 and self._shallow:
                result = result.detach().requires_grad_(True)
            self._kept[number] = result
            return result.clone()  # what comes next may work in place

        return keep


def as_map(tensor: Tensor, backbone: Any) -> Tensor | None:
    """Features of pictures as (n, channels, rows, columns), from any of timm's layouts; None where they have no places."""
    if tensor.ndim == 4:
        last = tensor.shape[1] == tensor.shape[2] != tensor.shape[3]  # rows and columns of a square picture are alike
        return tensor.permute(0, 3, 1, 2) if last else tensor
    if tensor.ndim == 3:
        tokens = tensor[:, int(getattr(backbone, "num_prefix_tokens", 0)) :]
        rows, columns = _grid(backbone, tokens.shape[1])
        if rows * columns != tokens.shape[1]:
            return None
        return tokens.transpose(1, 2).reshape(len(tokens), -1, rows, columns)
    return None


def _grid(backbone: Any, tokens: int) -> tuple[int, int]:
    found = getattr(getattr(backbone, "patch_embed", None), "grid_size", None)
    if found is not None and found[0] * found[1] == tokens:
        return int(found[0]), int(found[1])
    edge = round(tokens**0.5)
    return edge, edge
