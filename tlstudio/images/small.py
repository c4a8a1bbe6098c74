"""The small pictures of a project as pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images.decode import load_rgb
from tlstudio.images.inspect import THUMBNAIL, shrink
from tlstudio.storage.files import open_regular


def read_small(path: Path) -> npt.NDArray[np.uint8] | None:
    """A thumbnail file as uint8 (height, width, 3), RGB; None when it is missing or damaged."""
    try:
        with open_regular(path) as file, Image.open(file, formats=("JPEG",)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError):
        return None


def make_small(path: Path) -> bytes:
    """The thumbnail of an image, as JPEG. Decodes the user's file: to be called in a guarded process. Raises ImageRefused."""
    return shrink(load_rgb(path, least=2 * THUMBNAIL), THUMBNAIL)


def read_grey(path: Path, edge: int) -> npt.NDArray[np.uint8]:
    """An image as grey values (height, width), its longer edge reduced to `edge` where it is larger; see `make_small`."""
    picture = load_rgb(path, least=edge).convert("L")
    scale = edge / max(picture.size)
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.BOX)
    return np.asarray(picture)
