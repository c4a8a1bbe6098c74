"""Gaussian blurs of small grey pictures, several widths in one go.

Blurring is linear in rows and in columns, so that a small picture is blurred by two products of matrices: on pictures of about a
hundred pixels a side less than half of what filtering line by line takes, with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.float32]
REACH = 3.0  # widths from its middle after which a Gaussian ends


def blurred(picture: Grey, widths: Sequence[float]) -> Grey:
    """(len(widths), height, width): the picture (height, width) blurred by each width, in pixels; mirrored at its edges."""
    height, width = picture.shape
    several = tuple(widths)
    down: Grey = (_stacked(height, several) @ picture).reshape(len(several), height, width)
    result: Grey = down @ _stacked(width, several).reshape(len(several), width, width).transpose(0, 2, 1)
    return result


@lru_cache(maxsize=512)
def _stacked(length: int, widths: tuple[float, ...]) -> Grey:
    """The matrices that blur a line of so many pixels, one below the other, (len(widths) * length, length)."""
    return np.concatenate([_matrix(length, width) for width in widths])


def _matrix(length: int, width: float) -> Grey:
    reach = int(REACH * width + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / width) ** 2)
    # The line goes on as its own mirror picture, edge pixel included, for as long as it takes.
    at = (np.arange(length)[:, None] + offsets) % (2 * length)
    at = np.where(at < length, at, 2 * length - 1 - at)
    matrix = np.zeros((length, length), np.float32)
    np.add.at(matrix, (np.arange(length)[:, None], at), weights / weights.sum())
    return matrix
