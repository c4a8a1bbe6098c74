"""Pictures that a model should call unfamiliar, to find out how many of each kind it does: its own altered, and drawn ones.

All are uint8 (n, size, size, 3), as the network takes them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Pixels = npt.NDArray[np.uint8]

BLUR = 0.02  # sigma, as a share of the edge
NOISE = 40.0  # standard deviation in grey levels
CROP = 0.5  # of the edge that is left, from the middle
DRAWN = 12  # of each kind of drawn pictures


def altered(pixels: Pixels, seed: int = 0) -> dict[str, Pixels]:
    """The same images blurred, noisy, inverted, on their side, and only their middle: {kind: (n, size, size, 3)}."""
    rng = np.random.default_rng(seed)
    size = pixels.shape[1]
    noisy = pixels + rng.normal(0, NOISE, (*pixels.shape[:3], 1))
    kinds: dict[str, npt.NDArray[np.generic]] = {
        "blurred images": gaussian_filter(pixels.astype(np.float32), (0, BLUR * size, BLUR * size, 0)),
        "noisy images": noisy,
        "inverted images": 255 - pixels,
        "images on their side": np.rot90(pixels, axes=(1, 2)),
        "their middle alone": _middle(pixels),
    }
    return {kind: _bytes(made) for kind, made in kinds.items()}


def drawn(size: int, seed: int = 0) -> dict[str, Pixels]:
    """Pictures of nothing: {kind: (n, size, size, 3)}."""
    rng = np.random.default_rng(seed)
    one = [np.broadcast_to(rng.uniform(0, 255, 3), (size, size, 3)) for _ in range(DRAWN)]
    noise = [rng.uniform(0, 255, (size, size, 3)) for _ in range(DRAWN)]
    black_and_white = [np.zeros((size, size, 3)), np.full((size, size, 3), 255.0)]
    return {
        "single colours, black and white": _bytes(np.stack([*black_and_white, *one])),
        "gradients": _bytes(
            np.stack([_gradient(size, rng, grey) for grey in (False, True) for _ in range(DRAWN // 2)])
        ),
        "noise": _bytes(np.stack(noise)),
    }


def _gradient(size: int, rng: np.random.Generator, grey: bool) -> npt.NDArray[np.float64]:
    """From one colour to another across the picture, in any direction."""
    begin, end = rng.uniform(0, 255, (2, 1 if grey else 3))
    while np.abs(begin - end).max() < 64:  # else it is hardly one
        end = rng.uniform(0, 255, len(begin))
    angle = rng.uniform(0, 2 * np.pi)
    down, across = np.mgrid[0:size, 0:size]
    along = across * np.cos(angle) + down * np.sin(angle)
    along = (along - along.min()) / np.ptp(along)
    return np.broadcast_to(begin + (end - begin) * along[..., None], (size, size, 3))


def _middle(pixels: Pixels) -> Pixels:
    """Enlarged to the whole size, by the nearest place."""
    size = pixels.shape[1]
    places = ((np.arange(size) + 0.5) * CROP + size * (1 - CROP) / 2).astype(np.int64)
    return np.ascontiguousarray(pixels[:, places][:, :, places])


def _bytes(values: npt.NDArray[np.generic]) -> Pixels:
    made: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return made
