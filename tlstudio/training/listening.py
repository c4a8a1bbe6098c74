"""Lets a long step hear that the user has pressed Ctrl+C.

Python looks at signals between its own instructions only, and the way back through a network on a processor is one call of
several seconds. Here an instruction of Python's stands after each layer of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook


@contextmanager
def interruptible(device: torch.device) -> Iterator[None]:
    """For the way forth and back of what is not compiled. A graphics processor only takes notes and needs nothing of the kind."""
    if device.type != "cpu":
        yield
        return
    handle = register_module_forward_hook(_listen)
    try:
        yield
    finally:
        handle.remove()


def _listen(module: nn.Module, given: object, result: object) -> None:
    if isinstance(result, Tensor) and result.requires_grad:
        result.register_hook(_go_on)  # type: ignore[no-untyped-call]


def _go_on(gradient: Tensor) -> None:
    """That it is called is all: what a signal raises comes out of it."""
