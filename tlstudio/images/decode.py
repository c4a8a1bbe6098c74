"""A file becomes an RGB picture. Only the formats below, only within the size limit, and every refusal has a plain reason.

Never runs in the window, and where many files or strange ones are read in the processes of `guard`: a decoder that crashes
must not take anything else along.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageChops, ImageFile, ImageOps, UnidentifiedImageError

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import channels, colours, depth, dicom, directories, png, tiff
from tlstudio.images.address import split
from tlstudio.images.limits import MAX_PIXELS, check_size
from tlstudio.images.refusals import refusing
from tlstudio.storage.files import open_regular

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
TIFF = frozenset({".tif", ".tiff"})
PLAIN = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".gif"})
SUFFIXES = dicom.SUFFIXES | TIFF | PLAIN
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Pillow warns at MAX_IMAGE_PIXELS and fails at twice that: half our limit lets it fail where we do.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Size warnings and damaged tags or profiles are no news: the pixels decide. Set once, because changing filters isn't thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.preinit()

T = TypeVar("T")
NEWEST = PreprocessSpec()
GREY = frozenset({"1", "L", "LA", "La"})
# Photographs of some phones hold a second, hidden picture; the library then calls the JPEG file MPO.
JPEG = ("JPEG", "MPO")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's first bytes say: the format, and width and height in pixels as the picture is seen upright.

    channels: how many there are to choose from, where it is more than a picture can show or each is a page of its own; else 0.
    """

    format: str
    width: int
    height: int
    channels: int = 0


def looks_like_image(path: Path) -> bool:
    """Whether a file is worth trying: by the ending of its name, or because it is a DICOM file inside, whatever its name.

    Files from a scanner's disc are often called `IM000001`, or by numbers with dots between them.
    """
    return path.suffix.lower() in SUFFIXES or dicom.has_magic(path)


def read_header(path: Path) -> Header:
    """Opens without decoding. Raises ImageRefused with the reason."""
    file, page = split(path)
    with refusing(path):
        if _is_dicom(file):
            width, height = dicom.read_size(file, page)
            return Header("DICOM", width, height)
        return _read_or_channels(file, lambda: _header(file, page), lambda: _header_of_channels(file, page))


def _header(file: Path, page: int) -> Header:
    with _opened(file, page) as image:
        width, height = image.size
        # Pillow gives a TIFF's size as it is seen upright, every other format's as it is stored.
        if image.format != "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            width, height = height, width
        return Header(image.format or "", width, height, _choice(file, page, tiff.count_channels(image)))


def _header_of_channels(file: Path, page: int) -> Header:
    found = channels.facts(file, page)
    return Header("TIFF", found.width, found.height, _choice(file, page, found.channels))


def _choice(file: Path, page: int, inside: int) -> int:
    """See `Header.channels`. inside: channels of a pixel, 0 for what is no TIFF file."""
    pages = len(directories.channel_pages(file, page)) if inside else 1
    return pages if pages > 1 else inside if inside > channels.MOST else 0


def _read_or_channels(file: Path, read: Callable[[], T], read_channels: Callable[[], T]) -> T:
    """What Pillow makes of a file; of a TIFF file that it has no mode for, what is made of its channels."""
    try:
        return read()
    except UnidentifiedImageError:
        if not directories.is_tiff(file):
            raise
    return read_channels()


def load_rgb(path: Path, *, least: int | None = None, spec: PreprocessSpec = NEWEST) -> Image.Image:
    """The whole picture, upright, 8-bit RGB. Raises ImageRefused with the reason.

    least: a JPEG may be decoded at a reduced scale as long as both edges stay at least this many pixels (libjpeg's own
    scaling, several times faster); None for full size.
    spec: its depth and version say how more than 8 bits become 8 and whether colour profiles count; its channels, which of them
    are the picture.

    Transparency is laid on black.
    """
    file, page = split(path)
    with refusing(path):
        if _is_dicom(file):
            from tlstudio.images.dicom_pixels import load_frame

            return load_frame(file, page, spec)
        if spec.version == 1:
            return _load_as_version_1(file, page, least)
        planes = _chosen(file, page, spec)
        if planes is not None:
            return channels.to_rgb(planes, spec)
        return _read_or_channels(
            file,
            lambda: _load(file, page, least, spec),
            lambda: channels.to_rgb(channels.read(file, page, spec.channels), spec),
        )


def _chosen(file: Path, page: int, spec: PreprocessSpec) -> channels.Planes | None:
    """The channels that are asked for of a TIFF file that has more than a picture shows, or has them in pages."""
    if spec.channels is None or not directories.is_tiff(file):
        return None
    there = _read_or_channels(file, lambda: _header(file, page), lambda: _header_of_channels(file, page)).channels
    return channels.read(file, page, spec.channels) if there else None


def load_deep(path: Path, spec: PreprocessSpec = NEWEST) -> depth.Deep | None:
    """The values of a picture of more than 8 bits, upright; None for one of 8. Raises ImageRefused with the reason.

    spec: its channels say which are meant.

    Colour profiles are left alone: they speak of what a screen shows, not of what was measured.
    """
    file, page = split(path)
    with refusing(path):
        if _is_dicom(file):
            from tlstudio.images.dicom_pixels import deep_frame

            return deep_frame(file, page)
        planes = _chosen(file, page, spec)
        if planes is not None:
            return channels.to_deep(planes)
        return _read_or_channels(
            file,
            lambda: _load_deep(file, page, spec),
            lambda: channels.to_deep(channels.read(file, page, spec.channels)),
        )


def _load_deep(file: Path, page: int, spec: PreprocessSpec) -> depth.Deep | None:
    with _opened(file, page) as image:
        if tiff.has_channels(image):
            return channels.to_deep(channels.read(file, page, spec.channels))
        tiff.correct_byte_order(image)
        if tiff.has_deep_colour(image):
            with _opened(file, page) as twin:
                tiff.correct_byte_order(twin)
                values = tiff.on_black(png.with_alpha(image, tiff.deep_colour(image, twin)))
                return _deep(channels.pick(values, spec.channels, values.shape[2]))
        grey = tiff.deep_grey(image, _upright(image)) if image.mode in tiff.DEEP_MODES else None
        if grey is None:
            return None
        if spec.channels is not None:
            channels.need(spec.channels, 1)
        clear = png.clear_grey(image, grey)
        return _deep(grey if clear is None else np.where(clear, 0, grey), inverted=tiff.is_inverted(image))


def _deep(values: depth.Values, *, inverted: bool = False) -> depth.Deep:
    return depth.Deep(
        values,
        values.reshape(-1),
        depth.finite_range(values) or (0.0, 0.0),
        inverted,
        grid=float(values.dtype.kind in "iu"),
    )


def sheets(path: Path) -> directories.Sheets:
    """See `address.sheets`."""
    with suppress(ImageRefused), refusing(path):
        if _is_dicom(path):
            return directories.Sheets(tuple(range(1, dicom.count_frames(path) + 1)))
        return directories.sheets(path)
    return directories.Sheets((1,))


def _load(file: Path, page: int, least: int | None, spec: PreprocessSpec) -> Image.Image:
    newest = spec.version >= 3
    with _opened(file, page, mapped=not newest) as image:
        if newest and tiff.has_channels(image):
            return channels.to_rgb(channels.read(file, page, spec.channels), spec)
        tiff.correct_byte_order(image)
        if newest:
            png.correct_transparency(image)
        if tiff.has_deep_colour(image):
            with _opened(file, page, mapped=not newest) as twin:
                tiff.correct_byte_order(twin)
                values = tiff.deep_colour(image, twin)
                return _shallow_colour(png.with_alpha(image, values) if newest else values, image, spec)
        if least is not None and image.format in JPEG:
            image.draft("RGB", (least, least))
        # Pillow turns round the inks of every CMYK JPEG, as Adobe's files need it; others store ink as it is.
        turned = image.mode == "CMYK" and image.format in JPEG and "adobe" not in image.info
        upright = _upright(image)
        if turned:
            upright = _with_profile(ImageChops.invert(upright), image)
        deep = tiff.deep_grey(image, upright)
        if deep is None:
            picture = colours.to_rgb(upright)
            return channels.pick_of(picture, spec.channels, 1 if upright.mode in GREY else 3)
        levels = depth.to_levels(deep, spec)
        levels = 255 - levels if tiff.is_inverted(image) else levels
        clear = png.clear_grey(image, deep) if newest else None
        grey = Image.fromarray(levels if clear is None else np.where(clear, np.uint8(0), levels))
        return channels.pick_of(grey.convert("RGB"), spec.channels, 1)


def _shallow_colour(values: tiff.Deep, image: Image.Image, spec: PreprocessSpec) -> Image.Image:
    levels = depth.to_levels(values[:, :, :3], spec)
    if values.shape[2] == 4:
        levels = np.dstack([levels, depth.by_range(values[:, :, 3], (0, 65535))])
    picture = colours.to_rgb(_with_profile(Image.fromarray(levels), image))
    return channels.pick_of(picture, spec.channels, 3)


def _with_profile(picture: Image.Image, origin: Image.Image) -> Image.Image:
    picture.info["icc_profile"] = origin.info.get("icc_profile")
    return picture


def _load_as_version_1(file: Path, page: int, least: int | None) -> Image.Image:
    """What models saw that were made before colour profiles and 16-bit colour counted."""
    with _opened(file, page, mapped=True) as image:
        if least is not None and image.format == "JPEG":
            image.draft("RGB", (least, least))
        upright = _upright(image)
        if upright.mode in tiff.DEEP_MODES:
            return Image.fromarray(depth.by_own_range(np.asarray(upright))).convert("RGB")
        return colours.to_rgb(upright, managed=False)


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    return ImageOps.exif_transpose(image)


def _is_dicom(file: Path) -> bool:
    """A DICOM file by what is inside, or by its name where it lacks the mark and is no other picture either."""
    if dicom.has_magic(file):
        return True
    if file.suffix.lower() not in dicom.SUFFIXES or not file.is_file():
        return False
    try:
        with Image.open(file, formats=FORMATS):
            return False
    except UnidentifiedImageError:
        return file.stat().st_size > 0


@contextmanager
def _opened(file: Path, page: int, *, mapped: bool = False) -> Iterator[ImageFile.ImageFile]:
    """Opens one page of an image that is small enough and has pixels.

    mapped: by its name, as versions 1 and 2 did. The library then maps a plain TIFF file into memory, and gives one that is to be
    turned by 90 degrees its rows in the length of its columns.
    """
    with _at_page(file, page) as opened, Image.open(file if mapped and page == 1 else opened, formats=FORMATS) as image:
        check_size(image.width, image.height)
        tiff.need_all(image)
        yield image


@contextmanager
def _at_page(file: Path, page: int) -> Iterator[BinaryIO]:
    """An opened file as if it began with this page. Reduced copies and masks are no pages."""
    if page == 1:
        with open_regular(file) as opened:
            yield opened
        return
    try:
        there = directories.opened_at(file, page)
    except EOFError:
        raise ImageRefused(f"The file has no page {page}.", path=file) from None
    with there as opened:
        yield opened


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Silences what libtiff and libjpeg print to the process's standard error while damaged files are read.

    Redirects file descriptor 2 of the whole process; what the program itself says meanwhile must go elsewhere.
    """
    try:
        saved = os.dup(2)
    except OSError:
        yield  # a windowed program may have no standard error at all
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
