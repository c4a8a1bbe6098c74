"""What the decoder library leaves undone in deep TIFF and PNG files: byte orders, inverted grey, the low byte of 16-bit colour.

The library reads a file through a raw mode, a name such as `RGB;16B` that says how the stored bytes become a picture. It keeps
the high byte of 16-bit colour only. Asked for the other byte order it keeps the low byte: two looks give all 16 bits.
"""

from __future__ import annotations

import sys

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from tlstudio.domain.errors import ImageRefused
from tlstudio.images.refusals import CUT_OFF

Deep = npt.NDArray[np.uint16]

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
PHOTOMETRIC, PLANAR, BITS, SAMPLE_FORMAT, SAMPLES, EXTRA_SAMPLES = 262, 284, 258, 339, 277, 338
WHITE_IS_ZERO, BLACK_IS_ZERO = 0, 1
SIGNED = 2
SEPARATE = 2

# Kinds of pixels that the library can unpack but does not look for: double precision, unsigned 32 bits in Motorola order.
TiffImagePlugin.OPEN_INFO.setdefault((b"II", 1, (3,), 1, (64,), ()), ("F", "F;64F"))
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 1, (3,), 1, (64,), ()), ("F", "F;64BF"))
TiffImagePlugin.OPEN_INFO.setdefault((b"MM", 1, (1,), 1, (32,), ()), ("I", "I;32B"))

# libtiff hands out values in the processor's own byte order, whatever the order in the file.
NATIVE = {
    "I;16S": "I;16NS",
    "I;16BS": "I;16NS",
    "I;32S": "I;32NS",
    "I;32BS": "I;32NS",
    "I;32B": "I;32N",
    "F;32F": "F;32NF",
    "F;32BF": "F;32NF",
    "F;64F": "F;64NF",
    "F;64BF": "F;64NF",
}
OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
LA_16 = "LA;16B"


def correct_byte_order(image: ImageFile.ImageFile) -> None:
    """Changes how an opened TIFF image will be unpacked where the library would mix up its bytes."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    for i, tile in enumerate(image.tile):
        raw = _raw_mode(tile)
        if tile.codec_name == "libtiff" and raw in NATIVE:
            image.tile[i] = _with_raw_mode(tile, NATIVE[raw])
        elif tile.codec_name == "raw" and len(raw) == 1 and raw in "RGBA" and _bits(image) == 16:
            order = "L" if image.tag_v2.prefix == b"II" else "B"
            image.tile[i] = _with_raw_mode(tile, f"{raw};16{order}")


def need_all(image: ImageFile.ImageFile) -> None:
    """Raises ImageRefused where a TIFF file lists fewer pieces than its picture has: the library leaves the rest black."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or not image.tile:
        return
    boxes = {tile.extents for tile in image.tile if tile.extents is not None}
    if sum((right - left) * (low - high) for left, high, right, low in boxes) < image.width * image.height:
        raise ImageRefused(CUT_OFF)


def deep_grey(image: Image.Image, upright: Image.Image) -> npt.NDArray[np.generic] | None:
    """A loaded grey picture's values with the width and sign of its file, (height, width); None for 8 unsigned bits and colour.

    upright: the same picture after it was turned, which no longer knows its file.
    """
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    signed = tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED
    if upright.mode == "L" and signed:
        return np.asarray(upright).view(np.int8)
    if upright.mode == "I" and not signed and tags.get(BITS, (1,))[0] == 32:
        return np.asarray(upright).view(np.uint32)
    return np.asarray(upright) if upright.mode in DEEP_MODES else None


def is_inverted(image: Image.Image) -> bool:
    """Whether the smallest value of a deep grey picture is white; the library turns round 8 bits only."""
    return isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO


def count_channels(image: Image.Image) -> int:
    """Samples of a pixel that are no transparency; 0 for what is no TIFF file."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    extra = image.tag_v2.get(EXTRA_SAMPLES, ())
    clear = sum(kind in (1, 2) for kind in (extra if isinstance(extra, tuple) else (extra,)))
    return int(image.tag_v2.get(SAMPLES, 1)) - clear


def has_channels(image: Image.Image) -> bool:
    """Whether a pixel has more than a picture, or its 16 bits lie in planes: the library then takes the first channel for all,
    mixes them up, or gives the high bytes alone.
    """
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    samples, grey = int(image.tag_v2.get(SAMPLES, 1)), image.tag_v2.get(PHOTOMETRIC) in (WHITE_IS_ZERO, BLACK_IS_ZERO)
    planes = samples > 1 and image.tag_v2.get(PLANAR) == SEPARATE
    plain = image.mode in ("LA", "La") and not planes
    return samples > 4 or (grey and samples > 1 and not plain) or (planes and _bits(image) > 8)


def has_deep_colour(image: ImageFile.ImageFile) -> bool:
    """Whether an opened picture has 16 bits a colour, and all of them can be had.

    Only the high bytes come out of what is stored plane by plane and compressed, or with colours multiplied by their alpha.
    """
    raw = {_raw_mode(tile) for tile in image.tile}
    return raw == {LA_16} or (bool(raw) and all(_is_deep_colour(image, name) for name in raw))


def deep_colour(image: ImageFile.ImageFile, twin: ImageFile.ImageFile) -> Deep:
    """All 16 bits of a colour picture, upright: uint16, (height, width, 3) or with alpha (height, width, 4).

    image, twin: the same file, opened twice and not yet loaded.
    """
    if {_raw_mode(tile) for tile in image.tile} == {LA_16}:
        return _deep_grey_alpha(image)
    for i, tile in enumerate(twin.tile):
        name = _raw_mode(tile)
        twin.tile[i] = _with_raw_mode(tile, name[:-1] + OTHER_BYTE[name[-1]])
    high, low = _upright(image).astype(np.uint16), _upright(twin).astype(np.uint16)
    return high * np.uint16(256) + low


def on_black(values: Deep) -> Deep:
    """16-bit colour (height, width, 3), transparency (a fourth channel) laid on black."""
    if values.shape[2] == 3:
        return values
    return (values[:, :, :3].astype(np.uint32) * values[:, :, 3:] // 65_535).astype(np.uint16)


def _deep_grey_alpha(image: ImageFile.ImageFile) -> Deep:
    """PNG of 16-bit grey with 16-bit alpha: its four bytes a pixel are read as if they were four channels."""
    image.tile = [_with_raw_mode(tile, "RGBA") for tile in image.tile]
    pairs = np.ascontiguousarray(_upright(image)).view(">u2").astype(np.uint16)
    return pairs[:, :, (0, 0, 0, 1)]


def _is_deep_colour(image: ImageFile.ImageFile, raw: str) -> bool:
    kind, _, bits = raw.partition(";")
    if bits not in ("16B", "16L", "16N") or kind not in ("RGB", "RGBA", "RGBX", "R", "G", "B", "A"):
        return False
    planar = isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PLANAR) == SEPARATE
    return not (planar and bits == "16N")


def _upright(image: Image.Image) -> npt.NDArray[np.uint8]:
    image.load()
    return np.asarray(ImageOps.exif_transpose(image))


def _bits(image: TiffImagePlugin.TiffImageFile) -> int:
    return int(image.tag_v2.get(BITS, (1,))[0])


def _raw_mode(tile: ImageFile._Tile) -> str:
    raw = tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args
    return raw if isinstance(raw, str) else ""


def _with_raw_mode(tile: ImageFile._Tile, raw: str) -> ImageFile._Tile:
    args = (raw, *tile.args[1:]) if isinstance(tile.args, tuple) else raw
    return tile._replace(args=args)
