"""What the decoder library leaves undone in PNG files: the one colour that is transparent, where samples have not 8 bits.

It gives that colour as the file has it (PNG specification, 11.3.2.1), and compares it with pixels that it has made 8 bits.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin

from tlstudio.images.depth import Values
from tlstudio.images.tiff import Deep

BITS = {"L;2": 2, "L;4": 4}


def correct_transparency(image: ImageFile.ImageFile) -> None:
    """Of grey of 2 and 4 bits, before it is loaded: the transparent level as the pixels will have it."""
    told = image.info.get("transparency")
    if isinstance(image, PngImagePlugin.PngImageFile) and isinstance(told, int) and image.tile:
        args = image.tile[0].args
        bits = BITS.get(args if isinstance(args, str) else str(args[0]) if args else "")
        if bits is not None:
            image.info["transparency"] = (told % 2**bits) * 255 // (2**bits - 1)


def clear_grey(image: Image.Image, values: Values) -> Values | None:
    """Where a grey picture of 16 bits is transparent, (height, width); None where it says nothing of the kind."""
    told = image.info.get("transparency")
    if not isinstance(image, PngImagePlugin.PngImageFile) or not isinstance(told, int):
        return None
    return np.asarray(values == told)


def with_alpha(image: Image.Image, values: Deep) -> Deep:
    """16-bit colour (height, width, 3 or 4), with alpha where the file makes a colour transparent."""
    told = image.info.get("transparency")
    if (
        not isinstance(image, PngImagePlugin.PngImageFile)
        or not isinstance(told, tuple)
        or values.shape[2] != len(told)
    ):
        return values
    clear = (values == np.array(told, np.uint16)).all(axis=2)
    return np.dstack([values, np.where(clear, 0, 65_535).astype(np.uint16)])
