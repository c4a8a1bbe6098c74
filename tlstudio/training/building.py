"""Building a backbone: the one place that asks timm for a network, always by a name that timm knows and never by an address.

Pretrained weights are compared with the architecture before anything of size is allocated: timm by itself loads whatever tensors
happen to have a known name and leaves the others as they were drawn, which is a random network that is called pretrained.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from timm.models import _builder
from torch import Tensor, nn

from tlstudio.catalog.config import WEIGHTS, ModelConfig
from tlstudio.catalog.layouts import CLASSIFIERS, WORKED_OUT, check_architecture
from tlstudio.catalog.tensors import Tensor as Entry
from tlstudio.catalog.tensors import read_tensors
from tlstudio.domain.errors import StudioError, WeightsRefused, memory_is_full

State = dict[str, Tensor]
_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
    "U16": torch.uint16, "U32": torch.uint32, "U64": torch.uint64,
}  # fmt: skip
NAMED = 3  # tensors that a refusal names
_loading = threading.RLock()  # timm's loader is replaced while a network with weights is built


def build_backbone(architecture: str, arguments: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """The architecture without a head, freshly drawn. Raises UnknownModel for a name that timm does not know.

    arguments: of the architecture itself, as a description beside the weights or a run's own config states them.
    """
    return timm.create_model(
        check_architecture(architecture), pretrained=False, num_classes=0, **{**(arguments or {}), **more}
    )


def build_pretrained(folder: Path, config: ModelConfig, **more: Any) -> nn.Module:
    """The architecture with the weights of a folder. Raises WeightsRefused where they don't belong to it, before loading them."""
    entries = read_tensors(folder / WEIGHTS)
    arguments = {**config.arguments, **more}
    compare(folder, config, entries, arguments)

    def fill(model: nn.Module, state: State) -> None:
        wrong = _mismatch(model, state)
        if wrong:
            raise _not_of(config, wrong, folder)
        model.load_state_dict(state, strict=False)

    with _loader(config.architecture, lambda: load_file(folder / WEIGHTS), fill):
        model: nn.Module = _create(config, arguments)
    return model


def compare(folder: Path, config: ModelConfig, entries: dict[str, Entry], arguments: Mapping[str, Any]) -> None:
    """Raises WeightsRefused unless these tensors are the architecture's: names, shapes and kinds; its classifier may differ.

    Costs no memory: the architecture is built on torch's device `meta`, where tensors have a shape and no numbers.
    """
    found: list[str] = []

    def fill(model: nn.Module, state: State) -> None:
        found.extend([_mismatch(model, state), _surplus(model, state, config)])

    def read() -> State:
        return {name: torch.empty(e.shape, dtype=_DTYPES[e.dtype], device="meta") for name, e in entries.items()}

    try:
        with torch.device("meta"), _loader(config.architecture, read, fill):
            _create(config, arguments)
    except StudioError:
        raise
    except Exception as error:  # what timm makes of names and arguments that it was not written for is anybody's guess
        if memory_is_full(error):
            raise
        raise WeightsRefused(
            f"The network {config.architecture} can't be built as the description beside these weights (config.json) says.",
            remedy="Take config.json and model.safetensors together from the model's page.",
            path=folder,
        ) from error
    wrong = next((words for words in found if words), "")
    if wrong:
        raise _not_of(config, wrong, folder)


def _create(config: ModelConfig, arguments: Mapping[str, Any]) -> Any:
    return timm.create_model(check_architecture(config.architecture), pretrained=True, num_classes=0, **arguments)


@contextmanager
def _loader(architecture: str, read: Callable[[], State], fill: Callable[[nn.Module, State], None]) -> Iterator[None]:
    """Inside the block timm, which knows how to turn stored names into its own, takes the tensors from `read` and hands them to
    `fill`; nothing is looked for anywhere else.
    """

    def load(
        model: nn.Module, pretrained_cfg: Any = None, *_: Any, filter_fn: Callable[..., Any] | None = None, **__: Any
    ) -> None:
        if dict(pretrained_cfg or {}).get("architecture") != architecture:
            return  # a part that is an architecture itself; its tensors come with those of the whole
        state = read()
        if filter_fn is not None:
            try:
                state = filter_fn(state, model)
            except TypeError:  # some take one argument, as timm's own loader allows
                state = filter_fn(state)
        fill(model, state)

    with _loading:
        before = _builder.load_pretrained
        _builder.load_pretrained = load
        try:
            yield
        finally:
            _builder.load_pretrained = before


# --- comparing ---


def _mismatch(model: nn.Module, state: Mapping[str, Tensor]) -> str:
    """What the network has and the tensors lack, or have otherwise, in words; empty where they agree."""
    wanted = model.state_dict()
    needed = {name for name in wanted if not name.endswith(WORKED_OUT)}
    missing = sorted(needed - set(state))
    if missing:
        some = "all" if len(missing) == len(needed) else f"{len(missing):,} of {len(needed):,}"
        return f"{some} of its tensors are missing ({_listed(missing)})"
    other = sorted(name for name in wanted if name in state and wanted[name].shape != state[name].shape)
    if other:
        name = other[0]
        return f"{name} has the shape {_edges(state[name])} instead of {_edges(wanted[name])}"
    kinds = sorted(name for name in wanted if name in state and _kind(wanted[name]) != _kind(state[name]))
    if kinds:
        return f"{kinds[0]} is not made of the right kind of numbers"
    return ""


def _surplus(model: nn.Module, state: Mapping[str, Tensor], config: ModelConfig) -> str:
    """Tensors that neither the network nor any classifier of it has; empty where there are none."""
    heads = tuple(f"{name}." for name in (*config.classifiers, *CLASSIFIERS))
    own = {name for name, _ in model.named_buffers()} | set(model.state_dict())
    surplus = sorted(n for n in state if n not in own and not n.startswith(heads) and not n.endswith(WORKED_OUT))
    return f"they hold tensors that it does not have ({_listed(surplus)})" if surplus else ""


def _kind(tensor: Tensor) -> str:
    return "floating" if tensor.is_floating_point() else str(tensor.dtype == torch.bool)


def _edges(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"


def _listed(names: list[str]) -> str:
    return ", ".join(name[:80] for name in names[:NAMED]) + (" …" if len(names) > NAMED else "")


def _not_of(config: ModelConfig, wrong: str, folder: Path) -> WeightsRefused:
    return WeightsRefused(
        f"These weights don't belong to the network {config.architecture}: {wrong}.",
        remedy="Take config.json and model.safetensors together from the model's page, or download the model again.",
        path=folder,
    )
