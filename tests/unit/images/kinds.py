"""What the tests of decoding share: a kind of file, the pictures that go in, and how they should come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_rgb, read_header

Array = npt.NDArray[np.generic]
HEIGHT, WIDTH = 10, 14
RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
GREY = RNG.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
ALPHA = RNG.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
INDEX = RNG.integers(0, 4, (HEIGHT, WIDTH), np.uint8)
PALETTE = np.array([[200, 10, 30], [0, 255, 0], [9, 90, 200], [255, 255, 255]], np.uint8)
FLAT = np.full((HEIGHT, WIDTH, 3), (180, 60, 90), np.uint8)
DEEP = np.linspace(1000, 61000, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.uint16)
DEEP_RGB = RNG.integers(300, 4096, (HEIGHT, WIDTH, 3), np.uint16)
DEEP_ALPHA = RNG.integers(0, 65536, (HEIGHT, WIDTH), np.uint16)
# TIFF 6.0 and Exif, Orientation: what brings the stored rows and columns to how they are seen.
UPRIGHT: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: np.rot90,
}


@dataclass(frozen=True)
class Kind:
    """A file to write, and the picture that must be read. tolerance: levels; above 1 only for lossy formats."""

    name: str
    write: Callable[[Path], object]
    expected: Array
    tolerance: int = 0


def grey(values: Array) -> Array:
    return np.repeat(values[:, :, None], 3, axis=2)


def on_black(colours: Array, alpha: Array) -> Array:
    return np.rint(colours.astype(float) * alpha[:, :, None] / 255)


def levels(values: Array, low: float | None = None, high: float | None = None) -> Array:
    """low … high, by default the picture's own minimum … maximum, as 0 … 255."""
    wide = values.astype(float)
    low, high = wide.min() if low is None else low, wide.max() if high is None else high
    return np.rint(np.clip((wide - low) / (high - low) * 255, 0, 255))


def spread(values: Array) -> Array:
    """A deep grey picture's own minimum … maximum as 0 … 255, as RGB."""
    return grey(levels(values))


def assert_reads(path: Path, expected: Array, tolerance: float = 0, *, spec: PreprocessSpec | None = None) -> None:
    """The file is read as these pixels (height, width, 3), and its header tells their size."""
    picture = load_rgb(path) if spec is None else load_rgb(path, spec=spec)
    height, width = expected.shape[:2]
    assert (picture.mode, picture.size) == ("RGB", (width, height))
    found = np.asarray(picture).astype(float)
    assert np.abs(found - np.asarray(expected, float)).max() <= tolerance + 1e-9
    header = read_header(path)
    assert (header.width, header.height) == (width, height)
