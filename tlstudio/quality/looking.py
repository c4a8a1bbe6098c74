"""What is measured on each image, on its small picture of at most about 200 pixels: as much as a model sees of it."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy import ndimage

VERSION = 1  # raised whenever the same picture would give other numbers
CLIPPED = 4  # grey levels from either end that count as black or white
CHROMA_SHARE = 0.99  # a few stray pixels make no colour picture

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Measures:
    """mean, spread: of the grey values, 0 … 255. black, white: share of clipped pixels, 0 … 1.

    detail: base-2 logarithm of the contrast at a scale of one pixel over that at two; about -0.5 in a sharp photograph, and
    lower the more it is blurred, whatever it shows. NaN where there is nothing to be sharp. chroma: distance between the
    largest and the smallest of red, green and blue that 99 % of the pixels stay below; near 0 in a grey picture.
    """

    mean: float
    spread: float
    black: float
    white: float
    detail: float
    chroma: float

    def to_row(self) -> npt.NDArray[np.float32]:
        """(WIDTH,) float32, for the cache."""
        return np.array(astuple(self), dtype=np.float32)

    @staticmethod
    def from_row(row: npt.NDArray[np.float32]) -> Measures:
        return Measures(*(float(value) for value in row))


WIDTH = len(fields(Measures))


def measure(picture: Picture) -> Measures:
    """Measures a small picture, uint8 (height, width, 3)."""
    grey = to_grey(picture)
    chroma = picture.max(axis=2) - picture.min(axis=2)
    return Measures(
        mean=float(grey.mean()),
        spread=float(grey.std()),
        black=float((grey <= CLIPPED).mean()),
        white=float((grey >= 255 - CLIPPED).mean()),
        detail=_detail(grey),
        chroma=float(np.quantile(chroma, CHROMA_SHARE)),
    )


def to_grey(picture: Picture) -> npt.NDArray[np.float32]:
    """(height, width, 3) -> (height, width) float32, 0 … 255: the luma of ITU-R BT.601."""
    return np.asarray(picture, np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def _detail(grey: npt.NDArray[np.float32]) -> float:
    """Contrast of neighbouring octaves (differences of Gaussians).

    In photographs it is about the same in each (Field and Brady 1997, Vision Research 37:3367), and blur takes the finer first.
    """
    blurred = [ndimage.gaussian_filter(grey, sigma) for sigma in (0.7, 1.4, 2.8)]
    fine, coarse = float((blurred[0] - blurred[1]).std()), float((blurred[1] - blurred[2]).std())
    if coarse < 0.25 or fine <= 0.0:
        return float("nan")
    return float(np.log2(fine / coarse))
