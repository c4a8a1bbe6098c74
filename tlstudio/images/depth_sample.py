"""One range for the values of a whole data set, from a sample of its images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images import depth
from tlstudio.images.decode import NEWEST, load_deep
from tlstudio.images.guard import DECODERS

IMAGES = 256  # looked at, spread evenly over all
VALUES = 4096  # taken of each, so that every image counts alike
PERCENTILES = (0.5, 99.5)

Sampled = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DepthRange:
    """The values that become black and white in every image. images: how many of more than 8 bits they were measured on."""

    low: float
    high: float
    images: int


def measure_range(
    paths: Sequence[Path],
    told: Callable[[int, int], None],
    cancelled: Callable[[], object],
    spec: PreprocessSpec = NEWEST,
) -> DepthRange | None:
    """Percentiles 0.5 and 99.5 of the values of at most IMAGES of these; None where none of them has more than 8 bits.

    The values are those after a rescaling that a file asks for, such as Hounsfield units, without what a scanner filled up around
    the picture. The same files in the same order give the same range. told: called with how many are done, and of how many.
    cancelled: asked while files are read; raises when the user cancels. spec: its channels say which of them count. Files that
    can't be read are passed over.
    """
    step = max(1.0, len(paths) / IMAGES)
    chosen = [paths[int(k * step)] for k in range(min(IMAGES, len(paths)))]
    found: list[Sampled] = []
    for done, (_, values) in enumerate(
        DECODERS.in_order(partial(sample_values, spec=spec), chosen, waiting=cancelled), start=1
    ):
        if values is not None and not isinstance(values, Refusal):
            found.append(values)
        told(done, len(chosen))
    span = depth.percentiles(np.concatenate(found), *PERCENTILES) if found else None
    if span is None:
        return None
    low, high = span
    return DepthRange(low, high if high > low else low + 1.0, len(found))


def sample_values(path: Path, spec: PreprocessSpec = NEWEST) -> Sampled | None:
    """VALUES values of a picture of more than 8 bits, drawn evenly and always the same; None for one of 8.

    Runs in a guarded process. Raises ImageRefused.
    """
    deep = load_deep(path, spec)
    if deep is None:
        return None
    flat = deep.inside.reshape(-1)
    return flat[np.random.default_rng(0).integers(0, flat.size, VALUES)].astype(np.float32)
