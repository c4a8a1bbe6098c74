"""Vetting pretrained weights: unknown ones are compared, built and shown an image in a process of its own, with limits.

A description of a few lines can ask for a network that fills the memory or takes for ever to build. Imports no torch by itself;
the process does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from tlstudio.catalog import weights
from tlstudio.catalog.config import CONFIG, WEIGHTS, ModelConfig, read_config
from tlstudio.catalog.tensors import check_numbers, read_tensors
from tlstudio.domain.errors import StudioError, WeightsRefused
from tlstudio.domain.values import Refusal
from tlstudio.images.guard import TOO_LARGE, TOO_LONG, Guard
from tlstudio.storage.places import models_dir

LIBRARY_SECONDS = 60.0  # for loading torch and timm, which is no stranger's doing
SECONDS = 8.0  # for small weights; with the loading of torch the user hears after less than 20
LEAST_SECONDS, IN_ALL = (
    4.0,
    16.0,
)  # where a busy computer takes long to load torch, so that the user need not wait for ever
SECONDS_PER_GIGABYTE = 30.0
IDLE_SECONDS = 5.0
MEMORY = 3 * 2**30  # bytes, torch among them, beside those that follow from the size of the weights
MEMORY_PER_BYTE = 5  # the file, its numbers in single precision, and a copy while they are put in


# Kept for a moment: who adds weights often adds several, and torch takes seconds to load.
GUARD = Guard(1, idle=IDLE_SECONDS, pictures=False)
_alone = threading.Lock()  # the guard's limits are those of one folder


def vet(folder: Path, waiting: Callable[[], object] | None = None) -> None:
    """Returns once these weights are known to be those of their network, and to work; raises WeightsRefused otherwise.

    waiting: called several times a second; what it raises ends the wait and the process. What came with the program is not
    vetted.
    """
    if folder.parent == models_dir() or weights.is_vetted(folder):
        return
    size = _size(folder)
    with _alone:
        started = time.monotonic()
        GUARD.memory = MEMORY + MEMORY_PER_BYTE * size
        GUARD.seconds = LIBRARY_SECONDS
        GUARD.call(load_libraries, folder, folder, waiting=waiting)
        left = max(LEAST_SECONDS, min(SECONDS, IN_ALL - (time.monotonic() - started)))
        GUARD.seconds = left + SECONDS_PER_GIGABYTE * size / 1e9
        before = weights.weights_hash(folder)
        try:
            found = GUARD.call(examine, folder.absolute(), folder, waiting=waiting)
        except WeightsRefused:
            weights.remember_vetted(folder, sound=False)
            raise
    if isinstance(found, Refusal):
        raise WeightsRefused(_why(found), remedy="Take the weights from the model's page again.", path=folder)
    if weights.weights_hash(folder) != before:
        raise WeightsRefused(
            "The weights change while they are read.", remedy="Wait until they are copied.", path=folder
        )
    weights.remember_vetted(folder, sound=True)


def load_libraries(folder: Path) -> bool:
    """Runs in the process: so that loading them is not charged to the weights."""
    import tlstudio.training.building  # noqa: F401

    return True


def examine(folder: Path) -> bool:
    """Runs in the process. Raises WeightsRefused."""
    import numpy as np
    import torch

    from tlstudio.training.building import build_pretrained, compare

    config = read_config(folder / CONFIG)
    entries = read_tensors(folder / WEIGHTS)
    compare(folder, config, entries, _arguments(config))
    check_numbers(folder / WEIGHTS)
    try:
        backbone = build_pretrained(folder, config, **_arguments(config)).eval()
        picture = np.random.default_rng(0).normal(0, 1, (1, 3, config.input_size, config.input_size)).astype(np.float32)
        with torch.inference_mode():
            features = backbone(torch.from_numpy(picture))
        good = features.ndim == 2 and features.shape[1] > 0 and bool(torch.isfinite(features).all())
    except StudioError:
        raise
    except Exception as error:  # whatever an architecture makes of arguments that it was not written for
        raise _useless(folder) from error
    if not good:
        raise _useless(folder)
    return True


def _arguments(config: ModelConfig) -> dict[str, object]:
    size = {"img_size": config.input_size} if config.fixed_input_size else {}
    return {**config.arguments, **size}


def _useless(folder: Path) -> WeightsRefused:
    return WeightsRefused(
        "With these weights the network makes no features of an image.",
        remedy="Take config.json and model.safetensors together from the model's page, or download the model again.",
        path=folder,
    )


def _size(folder: Path) -> int:
    try:
        return (folder / WEIGHTS).stat().st_size
    except OSError:
        return 0  # told by whoever opens it


def _why(found: Refusal) -> str:
    if found.reason == TOO_LONG:
        return "The network that is described beside these weights takes too long to build."
    if found.reason == TOO_LARGE:
        return "The network that is described beside these weights takes too much memory."
    return "These weights make the library that opens them crash."
