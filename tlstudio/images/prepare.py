"""The single place where a file becomes model input.

The cache, training, evaluation, the certificate and offline prediction all call `prepare`; normalisation is inside the model
graph. An exported model therefore can't see other pixels than the one that was trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_rgb

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Pixels = npt.NDArray[np.uint8]

WITHOUT_CONTRAST = 2.0  # standard deviation, in grey levels, below which a picture shows nothing; in every colour


def shows_something(pixels: Pixels) -> Any:
    """Whether it is not of one colour all over: of (..., size, size, 3), a boolean each, (...)."""
    return pixels.std(axis=(-3, -2)).max(axis=-1) >= WITHOUT_CONTRAST


def prepare(path: Path, spec: PreprocessSpec) -> Pixels:
    """Model input for a file or a page of one: uint8, (spec.size, spec.size, 3), RGB. Raises ImageRefused with the reason."""
    return prepare_and_keep(path, spec)[0]


def prepare_and_keep(path: Path, spec: PreprocessSpec) -> tuple[Pixels, Image.Image]:
    """`prepare`, and the decoded picture itself, at least twice as large as the model's input where the file is."""
    # Twice the wanted size keeps the antialiasing of the resize in charge of what is seen.
    picture = load_rgb(path, least=2 * spec.size, spec=spec)
    return fit_pixels(picture, spec), picture


def fit_pixels(image: Image.Image, spec: PreprocessSpec) -> Pixels:
    """Brings an RGB picture to the square of the specification: uint8, (spec.size, spec.size, 3)."""
    size = spec.size
    resample = FILTERS[spec.interpolation]
    width, height = image.size
    if spec.fit == "stretch":
        fitted = image.resize((size, size), resample)
    elif spec.fit == "crop":
        edge = min(width, height)
        left, top = (width - edge) / 2, (height - edge) / 2
        fitted = image.resize((size, size), resample, box=(left, top, left + edge, top + edge))
    else:
        scale = size / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        fitted = Image.new("RGB", (size, size))
        fitted.paste(image.resize(inner, resample), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return np.asarray(fitted, dtype=np.uint8)
