"""A file becomes an RGB picture. Only the formats below, only within the size limit, and every refusal has a plain reason.

Never runs in the window, and where many files or strange ones are read in the processes of `guard`: a decoder that crashes
must not take anything else along.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFile, ImageOps, UnidentifiedImageError

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import colours, depth, dicom, tiff
from tlstudio.images.address import split
from tlstudio.images.limits import MAX_PIXELS, TOO_LARGE, check_size

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
SUFFIXES = dicom.SUFFIXES | {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif")
}
KNOWN_OTHERS = {
    ".heic": "HEIC",
    ".heif": "HEIF",
    ".avif": "AVIF",
    ".svg": "SVG",
    ".pdf": "PDF",
    ".psd": "Photoshop",
    ".cr2": "camera raw",
    ".nef": "camera raw",
    ".arw": "camera raw",
    ".dng": "camera raw",
    ".jp2": "JPEG 2000",
    ".pgm": "PGM",
    ".ppm": "PPM",
    ".ico": "icon",
}
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Pillow warns at MAX_IMAGE_PIXELS and fails at twice that: half our limit lets it fail where we do.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Size warnings and damaged tags or profiles are no news: the pixels decide. Set once, because changing filters isn't thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.preinit()

NEWEST = PreprocessSpec()
# Photographs of some phones hold a second, hidden picture; the library then calls the JPEG file MPO.
JPEG = ("JPEG", "MPO")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's first bytes say: the format, and width and height in pixels as the picture is seen upright."""

    format: str
    width: int
    height: int


def looks_like_image(path: Path) -> bool:
    """Whether a file is worth trying: by the ending of its name, or, without a telling one, because it is a DICOM file inside.

    Files from a scanner's disc are often called `IM000001`, or by numbers with dots between them.
    """
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return True
    return (not suffix or suffix[1:].isdecimal()) and dicom.has_magic(path)


def read_header(path: Path) -> Header:
    """Opens without decoding. Raises ImageRefused with the reason."""
    file, page = split(path)
    with _refusing(path):
        if _is_dicom(file):
            width, height = dicom.read_size(file, page)
            return Header("DICOM", width, height)
        with _opened(file, page) as image:
            width, height = image.size
            # Pillow gives a TIFF's size as it is seen upright, every other format's as it is stored.
            if image.format != "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
                width, height = height, width
            return Header(image.format or "", width, height)


def load_rgb(path: Path, *, least: int | None = None, spec: PreprocessSpec = NEWEST) -> Image.Image:
    """The whole picture, upright, 8-bit RGB. Raises ImageRefused with the reason.

    least: a JPEG may be decoded at a reduced scale as long as both edges stay at least this many pixels (libjpeg's own
    scaling, several times faster); None for full size.
    spec: its depth and version say how more than 8 bits become 8 and whether colour profiles count.

    Transparency is laid on black.
    """
    file, page = split(path)
    with _refusing(path):
        if _is_dicom(file):
            from tlstudio.images.dicom_pixels import load_frame

            return load_frame(file, page, spec)
        if spec.version == 1:
            return _load_as_version_1(file, page, least)
        return _load(file, page, least, spec)


def load_deep(path: Path) -> depth.Deep | None:
    """The values of a picture of more than 8 bits, upright; None for one of 8. Raises ImageRefused with the reason.

    Colour profiles are left alone: they speak of what a screen shows, not of what was measured.
    """
    file, page = split(path)
    with _refusing(path):
        if _is_dicom(file):
            from tlstudio.images.dicom_pixels import deep_frame

            return deep_frame(file, page)
        with _opened(file, page) as image:
            tiff.correct_byte_order(image)
            if tiff.has_deep_colour(image):
                with _opened(file, page) as twin:
                    tiff.correct_byte_order(twin)
                    return _deep(tiff.on_black(tiff.deep_colour(image, twin)))
            values = tiff.deep_grey(image, _upright(image)) if image.mode in tiff.DEEP_MODES else None
            return None if values is None else _deep(values, inverted=tiff.is_inverted(image))


def _deep(values: depth.Values, *, inverted: bool = False) -> depth.Deep:
    return depth.Deep(
        values,
        values.reshape(-1),
        depth.finite_range(values) or (0.0, 0.0),
        inverted,
        grid=float(values.dtype.kind in "iu"),
    )


def count_pages(path: Path) -> int:
    """See `address.pages`."""
    with suppress(ImageRefused), _refusing(path):
        if _is_dicom(path):
            return dicom.count_frames(path)
        with _opened(path, 1) as image:
            return tiff.count_pages(image)
    return 1


def _load(file: Path, page: int, least: int | None, spec: PreprocessSpec) -> Image.Image:
    with _opened(file, page) as image:
        tiff.correct_byte_order(image)
        if tiff.has_deep_colour(image):
            with _opened(file, page) as twin:
                tiff.correct_byte_order(twin)
                return _shallow_colour(tiff.deep_colour(image, twin), image, spec)
        if least is not None and image.format in JPEG:
            image.draft("RGB", (least, least))
        # Pillow turns round the inks of every CMYK JPEG, as Adobe's files need it; others store ink as it is.
        turned = image.mode == "CMYK" and image.format in JPEG and "adobe" not in image.info
        upright = _upright(image)
        if turned:
            upright = _with_profile(ImageChops.invert(upright), image)
        deep = tiff.deep_grey(image, upright)
        if deep is None:
            return colours.to_rgb(upright)
        levels = depth.to_levels(deep, spec)
        return Image.fromarray(255 - levels if tiff.is_inverted(image) else levels).convert("RGB")


def _shallow_colour(values: tiff.Deep, image: Image.Image, spec: PreprocessSpec) -> Image.Image:
    levels = depth.to_levels(values[:, :, :3], spec)
    if values.shape[2] == 4:
        levels = np.dstack([levels, depth.by_range(values[:, :, 3], (0, 65535))])
    return colours.to_rgb(_with_profile(Image.fromarray(levels), image))


def _with_profile(picture: Image.Image, origin: Image.Image) -> Image.Image:
    picture.info["icc_profile"] = origin.info.get("icc_profile")
    return picture


def _load_as_version_1(file: Path, page: int, least: int | None) -> Image.Image:
    """What models saw that were made before colour profiles and 16-bit colour counted."""
    with _opened(file, page) as image:
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
def _opened(file: Path, page: int) -> Iterator[ImageFile.ImageFile]:
    """Opens one page of an image that is small enough and has pixels."""
    with Image.open(file, formats=FORMATS) as image:
        if not tiff.find_page(image, page):
            raise ImageRefused(f"The file has no page {page}.", path=file)
        check_size(image.width, image.height)
        yield image


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turns whatever a decoder throws into a refusal of this one file."""
    try:
        file, _ = split(path)
        if file.exists() and not file.is_file():
            raise ImageRefused("This is not a file.")  # opening a named pipe would wait for ever
        yield
    except ImageRefused as error:
        raise ImageRefused(error.what, path=path) from None
    except Image.DecompressionBombError:
        raise ImageRefused(TOO_LARGE, path=path) from None
    except UnidentifiedImageError:
        raise ImageRefused(_unknown(split(path)[0]), path=path) from None
    except FileNotFoundError:
        raise ImageRefused("The file is not there any more.", path=path) from None
    except PermissionError:
        raise ImageRefused("You are not allowed to read this file.", path=path) from None
    except MemoryError:
        raise ImageRefused("The picture does not fit into memory.", path=path) from None
    except Exception as error:
        # Decoders raise nearly anything for damaged files: OSError, SyntaxError, ValueError, struct.error, KeyError …
        # Their words are dropped: those of a DICOM reader may quote the patient's data.
        raise ImageRefused(_damage(error), path=path) from None


def _unknown(file: Path) -> str:
    with suppress(OSError):
        if file.stat().st_size == 0:
            return "The file is empty."
    other = KNOWN_OTHERS.get(file.suffix.lower())
    if other:
        return f"{other} files can't be read. Save it as PNG, JPEG or TIFF."
    return "The file is damaged or is not a picture."


def _damage(error: Exception) -> str:
    text = str(error).lower()
    if any(sign in text for sign in ("truncated", "not enough", "unexpected end", "cannot reshape", "insufficient")):
        return "The file is cut off: a part of the picture is missing."
    return "The file is damaged and can't be decoded."


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
