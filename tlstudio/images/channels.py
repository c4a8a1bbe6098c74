"""TIFF files whose pixels are more than a picture: channels of a microscope, and kinds of values that Pillow has no mode for.

They are read by tifffile, which knows how values are arranged; what is compressed in a way that only libtiff can undo is handed
to it strip by strip.
"""

from __future__ import annotations

import io
import logging
import math
import struct
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import colours, depth, directories
from tlstudio.images.depth import Bytes, Deep, Values
from tlstudio.images.limits import MAX_PIXELS, TOO_LARGE, check_size
from tlstudio.images.refusals import CUT_OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tifffile import TiffPage

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = 0, 1, 2, 3
PHOTOMETRICS = {
    WHITE_IS_ZERO: "grey",
    BLACK_IS_ZERO: "grey",
    RGB: "RGB",
    PALETTE: "palette colours",
    4: "a mask",
    5: "CMYK",
    6: "YCbCr",
    8: "CIELAB",
    9: "CIELAB",
    10: "CIELAB",
    32803: "raw camera data",
    34892: "raw camera data",
}
PREMULTIPLIED, CLEAR = 1, 2  # kinds of alpha
ICC_PROFILE, ORIENTATION = 34675, 274
MOST = 3  # channels that a picture can show
# Compressions that libtiff undoes, in bytes that nobody has to interpret.
LENT = {5: "lzw_decode", 32773: "packbits_decode", 50000: "zstd_decode"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a page says of itself. width, height: as it is seen upright. channels: without transparency."""

    width: int
    height: int
    channels: int


@dataclass(frozen=True, slots=True)
class Planes:
    """Channels of a page, upright and as they are stored: (height, width, n).

    alpha: what is to be laid on black, (height, width). joint: the channels are the colours of one picture, so that one range
    counts for all of them; else each was measured on its own. inverted: the smallest value is white.
    """

    values: Values
    alpha: Values | None
    joint: bool
    inverted: bool
    profile: object


def facts(file: Path, page: int) -> Facts:
    """Without decoding. Raises ImageRefused where there is no such page, and whatever tifffile throws."""
    with _page(file, page) as found:
        return _facts(found)


def read(file: Path, page: int, chosen: Sequence[int] | None) -> Planes:
    """The first three channels of a page, or those that are chosen, counted from 1.

    Where channels are pages of their own, a choice is one among these. Raises ImageRefused with the reason for what can't be
    read, and whatever tifffile throws for what is damaged.
    """
    pages = directories.channel_pages(file, page)
    if chosen is None or len(pages) == 1:
        return _planes(file, page, chosen)
    need(chosen, len(pages))
    parts = [_planes(file, pages[number - 1], None) for number in chosen]
    if any(part.values.shape != parts[0].values.shape or part.values.shape[2] != 1 for part in parts):
        raise ImageRefused("The channels of the picture differ in size.")
    return replace(parts[0], values=np.concatenate([part.values for part in parts], axis=2))


def need(chosen: Sequence[int], there: int) -> None:
    """Raises ImageRefused where a chosen channel is not there."""
    if max(chosen) > there:
        held = "1 channel" if there == 1 else f"{there} channels"
        raise ImageRefused(f"The picture has {held}, and channel {max(chosen)} was chosen.")


def to_rgb(planes: Planes, spec: PreprocessSpec) -> Image.Image:
    """8-bit RGB: one channel as grey, two as red and green, three as red, green and blue."""
    if planes.joint:
        levels = depth.to_levels(planes.values, spec)
    else:
        levels = np.dstack([depth.to_levels(planes.values[:, :, k], spec) for k in range(planes.values.shape[2])])
    levels = shown(255 - levels if planes.inverted else levels)
    if planes.alpha is not None:
        full = (0.0, 1.0) if planes.alpha.dtype.kind == "f" else (0.0, float(np.iinfo(_whole(planes.alpha)).max))
        levels = np.dstack([levels, depth.by_range(planes.alpha, full)])
    picture = Image.fromarray(np.ascontiguousarray(levels))
    picture.info["icc_profile"] = planes.profile
    return colours.to_rgb(picture)


def to_deep(planes: Planes) -> Deep | None:
    """The values themselves, transparency laid on black; None for what has 8 unsigned bits."""
    values = planes.values
    if values.dtype in (np.uint8, np.bool_):
        return None
    if planes.alpha is not None:
        full = 1.0 if planes.alpha.dtype.kind == "f" else float(np.iinfo(_whole(planes.alpha)).max)
        share = planes.alpha.astype(np.float64)[:, :, None] / full
        values = (values.astype(np.float64) * share).astype(values.dtype)
    span = depth.finite_range(values) or (0.0, 0.0)
    inside = values.reshape(-1)
    if values.shape[2] == 2:
        values = np.concatenate([values, np.full_like(values[:, :, :1], span[0])], axis=2)
    grid = float(values.dtype.kind in "iu")
    return Deep(values[:, :, 0] if values.shape[2] == 1 else values, inside, span, planes.inverted, grid=grid)


def shown(levels: Bytes) -> Bytes:
    """One to three channels of 8 bits, (height, width, n), as RGB."""
    count = levels.shape[2]
    if count == 1:
        return np.repeat(levels, 3, axis=2)
    return np.concatenate([levels, np.zeros_like(levels[:, :, :1])], axis=2) if count == 2 else levels


def pick(values: depth.AnyValues, chosen: Sequence[int] | None, there: int) -> depth.AnyValues:
    """Channels of a picture, (height, width, n); all of them without a choice. Raises ImageRefused."""
    if chosen is None:
        return values
    need(chosen, there)
    picked: Any = values[:, :, [number - 1 for number in chosen]]
    return cast(depth.AnyValues, picked)


def pick_of(picture: Image.Image, chosen: Sequence[int] | None, there: int) -> Image.Image:
    """Channels of a picture that is RGB by now. there: how many it had, 1 for a grey one or 3. Raises ImageRefused."""
    if chosen is None:
        return picture
    return Image.fromarray(np.ascontiguousarray(shown(pick(np.asarray(picture), chosen, there))))


def _planes(file: Path, page: int, chosen: Sequence[int] | None) -> Planes:
    with _page(file, page) as found:
        there = _facts(found).channels
        _need_all(found, file.stat().st_size)
        kept = [number - 1 for number in chosen or range(1, min(there, MOST) + 1)]
        need([k + 1 for k in kept], there)
        extra = _extras(found)
        clear = CLEAR in extra
        colour = found.samplesperpixel - len(extra)
        stored = [
            k for k in range(found.samplesperpixel) if k < colour or extra[k - colour] not in (PREMULTIPLIED, CLEAR)
        ]
        values = _upright(_decoded(found), found)
        if values.dtype.kind not in "iufb":
            raise _unreadable(found)
        if values.dtype.kind == "b":
            values = values.astype(np.uint8) * np.uint8(255)
        profile = found.tags.get(ICC_PROFILE)
        return Planes(
            values[:, :, [stored[k] for k in kept]],
            values[:, :, colour + extra.index(CLEAR)] if clear else None,
            joint=found.photometric == RGB and chosen in (None, (1, 2, 3)),
            inverted=found.photometric == WHITE_IS_ZERO,
            profile=None if profile is None or len(kept) < MOST else profile.value,
        )


@contextmanager
def _page(file: Path, page: int) -> Iterator[TiffPage]:
    from tifffile import TiffFile, TiffPage

    _lend()
    try:
        opened = directories.opened_at(file, page)
    except EOFError:
        raise ImageRefused(f"The file has no page {page}.") from None
    with opened, TiffFile(opened) as tiff:
        found = tiff.pages[0]
        if not isinstance(found, TiffPage):
            raise ValueError("no page")
        if not all(type(number) is int for number in (found.imagewidth, found.imagelength, found.samplesperpixel)):
            raise ValueError("numbers that are lists of numbers")  # a damaged tag, of as many as its count says
        yield found


def _facts(page: TiffPage) -> Facts:
    width, height = page.imagewidth, page.imagelength
    check_size(width, height)
    if width * height * page.samplesperpixel > MOST * MAX_PIXELS:
        raise ImageRefused(TOO_LARGE)
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) or page.imagedepth != 1:
        raise _unreadable(page)
    if _orientation(page) >= 5:
        width, height = height, width
    clear = sum(kind in (PREMULTIPLIED, CLEAR) for kind in _extras(page))
    return Facts(width, height, page.samplesperpixel - clear)


def _need_all(page: TiffPage, size: int) -> None:
    """Raises ImageRefused where a piece of the picture is not in the file; tifffile would make it black without a word.

    size: of the file in bytes.
    """
    pieces = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    # A tile of neither place nor size is empty on purpose, as slide scanners leave what is beside the tissue.
    there = all(
        (begin > 0 < count and begin + count <= size) or (page.is_tiled and begin == 0 == count)
        for begin, count in pieces
    )
    bits = page.bitspersample if isinstance(page.bitspersample, int) else min(page.bitspersample)
    plain = page.compression == 1 and not page.is_tiled
    short = plain and sum(count for _, count in pieces) < page.size * bits // 8
    if len(pieces) < math.prod(page.chunked) or not there or short:
        raise ImageRefused(CUT_OFF)


def _extras(page: TiffPage) -> tuple[int, ...]:
    """What the samples beyond the colours are. Some writers leave it out; what is not said is a channel."""
    stated = tuple(int(kind) for kind in page.extrasamples)
    colours = 3 if page.photometric == RGB else 1
    missing = page.samplesperpixel - colours - len(stated)
    return stated + (0,) * max(0, missing) if missing >= 0 else stated[: page.samplesperpixel - colours]


def _orientation(page: TiffPage) -> int:
    tag = page.tags.get(ORIENTATION)
    return tag.value if tag is not None and isinstance(tag.value, int) and 1 <= tag.value <= 8 else 1


def _decoded(page: TiffPage) -> Values:
    """All samples, (height, width, samples), as they are stored."""
    try:
        values = page.asarray(maxworkers=1)
    except (NotImplementedError, KeyError, AttributeError):
        raise _unreadable(page) from None
    except ValueError as error:
        if "requires the" in str(error) or "not supported" in str(error):
            raise _unreadable(page) from None
        raise
    separate, _, height, width, contiguous = page.shaped
    values = values.reshape(separate, height, width, contiguous)
    return cast(Values, values[0] if separate == 1 else np.moveaxis(values[:, :, :, 0], 0, 2))


def _upright(values: Values, page: TiffPage) -> Values:
    """TIFF 6.0, Orientation: where the first row and column are to be seen."""
    orientation = _orientation(page)
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def _unreadable(page: TiffPage) -> ImageRefused:
    """The true reason: what the file holds, and how it is to be saved."""
    channels = "1 channel" if page.samplesperpixel == 1 else f"{page.samplesperpixel} channels"
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    kind = PHOTOMETRICS.get(int(page.photometric), "an unknown kind of colours")
    packed = "" if page.compression == 1 else f", compressed as {getattr(page.compression, 'name', page.compression)}"
    return ImageRefused(
        f"TIFF files of this kind can't be read ({channels} of {bits} bits, {kind}{packed})."
        " Save it as grey or RGB without compression."
    )


def _whole(values: Values) -> npt.DTypeLike:
    return values.dtype if values.dtype.kind in "iu" else np.uint8


@lru_cache(maxsize=1)
def _lend() -> None:
    """Gives tifffile what it lacks without the package imagecodecs, and keeps it from telling of files what it finds in them."""
    from tifffile import tifffile as library

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    codecs: Any = getattr(library, "imagecodecs")  # noqa: B009 - a name of the library that it does not export
    if codecs.__name__.endswith("._imagecodecs"):
        for number, name in LENT.items():
            setattr(codecs, name, _unpacker(number))


def _unpacker(compression: int) -> Callable[..., bytes]:
    """A function that undoes a compression with libtiff, which is handed the bytes as one row of a grey picture."""

    def unpack(data: bytes, /, *, out: Any = None) -> bytes:
        size = out if isinstance(out, int) else len(out)
        entries = (
            *((256, size), (257, 1), (258, 8), (259, compression), (262, 1)),
            *((273, 8), (277, 1), (278, 1), (279, len(data))),
        )
        place = 8 + len(data) + len(data) % 2
        table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        head = struct.pack("<2sHI", b"II", 42, place) + bytes(data) + b"\0" * (len(data) % 2)
        strip = head + struct.pack("<H", len(entries)) + table + bytes(4)
        with Image.open(io.BytesIO(strip), formats=("TIFF",)) as row:
            return row.tobytes()

    return unpack
