"""Features of a frozen backbone: one forward pass over the pixel cache, kept for the next run.

One view of each image: mirrored ones beside it did not pay (27.6 % errors of the probe against 27.2, on four sets of images with
5 to 20 of each class; 27.3 with the mean over both views also where it is used) and take as long again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tlstudio.domain.errors import OutOfMemory, memory_is_full
from tlstudio.domain.events import Progress, Reporter
from tlstudio.storage.clocks import working
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore
from tlstudio.training import ranks
from tlstudio.training.devices import release
from tlstudio.training.folding import folded
from tlstudio.training.network import Network
from tlstudio.training.stages import Stages

BATCH = 32
# Pixels that a processor looks at in one go: a layer of that many is done within a second, so that the user is heard.
PIXELS = BATCH * 256 * 256
WORTH_FOLDING = 50  # images; making the network lighter takes as long as it saves for so many

Batches = Iterator[tuple[Sequence[str], npt.NDArray[np.float32]]]


def feature_store(project: Project, network: Network) -> RowStore:
    """The project's features of this backbone at this preprocessing: float32, (n, features), keyed by content."""
    spec = network.spec
    return RowStore(project.cache / "features", spec.features_key(), (spec.features,), "float32")


def frozen_features(
    project: Project,
    network: Network,
    pixels: RowStore,
    keys: Sequence[str],
    *,
    device: torch.device,
    reporter: Reporter,
) -> npt.NDArray[np.float32]:
    """Features of the images with these contents, (len(keys), features); only those not known yet are computed.

    Waits while somebody else computes features of the same kind, and takes over what they found.
    """
    store = feature_store(project, network)
    missing = store.missing(keys)
    if missing:
        light = len(keys) >= WORTH_FOLDING  # of all: the features must not depend on where a run was cut short
        looking = without_norms(network, pixels, missing[0], device) if light else network
        with store.writer(len(missing), reporter) as writer:
            done, missing = 0, store.missing(missing)
            started = working()  # waiting for somebody else's is no measure of what is left
            for batch, rows in frozen_batches(network, looking, pixels, missing, device):
                for key, row in zip(batch, rows, strict=True):
                    writer.append(key, row)
                done += len(batch)
                left = (working() - started) / done * (len(missing) - done)
                reporter.report(Progress("Looking at the images with the pretrained model", done, len(missing), left))
    return np.asarray(store.take(keys), dtype=np.float32)


def without_norms(network: Network, pixels: RowStore, key: str, device: torch.device) -> Network:
    """The network for looking at many images; as it is where there is no memory for two."""
    network.place(device).eval()
    example = torch.from_numpy(np.ascontiguousarray(pixels.take([key]))).to(device)
    try:
        return folded(network, example)
    except RuntimeError as error:
        if not memory_is_full(error):
            raise
        return network


def frozen_batches(
    network: Network, looking: Network, pixels: RowStore, keys: Sequence[str], device: torch.device
) -> Batches:
    """As `embed_batches` of `looking`, which is `network` or a lighter one; with the other processes, where there are some."""
    if not keys or not ranks.leading():
        return embed_batches(looking, pixels, keys, device)
    ranks.look(network, pixels, keys, device, light=looking is not network)
    each = _batch(pixels.shape[0], device)
    return ranks.features_of(keys, lambda some: embedded(looking, pixels, some, device), each)


def embedded(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> npt.NDArray[np.float32]:
    """Features of these images, (len(keys), features)."""
    none = np.empty((0, network.spec.features), np.float32)
    return np.concatenate([none, *(rows for _, rows in embed_batches(network, pixels, keys, device))])


def embed_batches(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Batches:
    """Yields (keys, features (k, d) float32) over all keys; the batch is halved when memory runs out."""
    return each_batch(network, network.embed, pixels, keys, device=device)


def logit_batches(network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Batches:
    """Yields (keys, logits (k, classes) float32) over all keys; the batch is halved when memory runs out."""
    return each_batch(network, network, pixels, keys, device=device)


def stage_batches(stages: Stages, pixels: RowStore, keys: Sequence[str], device: torch.device) -> Batches:
    """Yields (keys, all blocks side by side (k, sum of widths) float32) over all keys; the batch is halved as above."""
    stages.to(device)
    return each_batch(stages.network, stages.flat, pixels, keys, device=device)


def mirrored_features(
    network: Network, pixels: RowStore, keys: Sequence[str], device: torch.device, axis: int = 2
) -> npt.NDArray[np.float32]:
    """Features of the same images mirrored, (len(keys), features). axis: 2 swaps left and right, 1 up and down."""

    def embed(rows: Tensor) -> Tensor:
        return network.embed(rows.flip(axis))

    return np.concatenate([rows for _, rows in each_batch(network, embed, pixels, keys, device=device)])


def each_batch(
    network: Network,
    function: Callable[[Tensor], Tensor],
    pixels: RowStore,
    keys: Sequence[str],
    *,
    device: torch.device,
    images: int = 0,
) -> Batches:
    """Yields (keys, what `function` makes of their pixels, on the host); the batch is halved when memory runs out.

    images: in one batch at first; 0 for as many as keep the user waiting for less than a second.
    """
    network.place(device).eval()
    array = pixels.array()
    size, start = images or _batch(array.shape[1], device), 0
    while start < len(keys):
        batch = keys[start : start + size]
        rows = torch.from_numpy(np.ascontiguousarray(array[pixels.rows(batch)]))
        result = _try(function, rows.to(device))
        if result is None:
            size //= 2
            if size == 0:
                raise OutOfMemory("One image does not fit into memory.", remedy="Choose a smaller model or input size.")
            release(device)
            continue
        yield batch, result
        start += len(batch)


def _batch(edge: int, device: torch.device) -> int:
    """Images of so many pixels high and wide that are looked at in one go."""
    return BATCH if device.type != "cpu" else max(1, min(BATCH, PIXELS // edge**2))


def _try(function: Callable[[Tensor], Tensor], rows: Tensor) -> npt.NDArray[np.float32] | None:
    """The result on the host, or None when the device's memory is full; recovery happens outside the handler."""
    try:
        with torch.inference_mode():
            return function(rows).float().cpu().numpy()
    except RuntimeError as error:
        if not memory_is_full(error):
            raise
        return None
