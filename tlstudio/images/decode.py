"""A file becomes an RGB picture. Only the formats below, only within the size limit, and every refusal has a plain reason.

Runs in the worker process or the command line, never in the window: a decoder that crashes must not take the window along.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from tlstudio.domain.errors import ImageRefused

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif"})
KNOWN_OTHERS = {
    ".dcm": "DICOM",
    ".dicom": "DICOM",
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
MAX_PIXELS = 300_000_000  # 17,000 x 17,000: larger than any camera, smaller than a bomb

ImageFile.LOAD_TRUNCATED_IMAGES = False
# Pillow warns at MAX_IMAGE_PIXELS and fails at twice that: half our limit lets it fail where we do.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Size warnings and damaged tags or profiles are no news: the pixels decide. Set once, because changing filters isn't thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
Image.preinit()

DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's first bytes say: the format, and width and height in pixels as the picture is seen upright."""

    format: str
    width: int
    height: int


def read_header(path: Path) -> Header:
    """Opens without decoding. Raises ImageRefused with the reason."""
    with _opened(path) as image:
        width, height = image.size
        # Pillow gives a TIFF's size as it is seen upright, every other format's as it is stored.
        if image.format != "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
            width, height = height, width
        return Header(image.format or "", width, height)


def load_rgb(path: Path, *, least: int | None = None) -> Image.Image:
    """The whole picture, upright, 8-bit RGB. Raises ImageRefused with the reason.

    least: a JPEG may be decoded at a reduced scale as long as both edges stay at least this many pixels (libjpeg's own
    scaling, several times faster); None for full size.

    16-bit and float values are scaled from the picture's own minimum … maximum to 0 … 255. Transparency is laid on black.
    """
    with _opened(path) as image:
        if least is not None and image.format == "JPEG":
            image.draft("RGB", (least, least))
        image.load()
        upright = ImageOps.exif_transpose(image)
        return _to_rgb(upright if upright is not None else image)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Opens an image and turns whatever its decoder throws into a refusal of this one file."""
    try:
        if path.exists() and not path.is_file():
            raise ImageRefused("This is not a file.", path=path)  # opening a named pipe would wait for ever
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_large(path)
            if image.width == 0 or image.height == 0:
                raise ImageRefused("The picture has no pixels.", path=path)
            yield image
    except ImageRefused:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except UnidentifiedImageError as error:
        raise ImageRefused(_unknown(path), path=path) from error
    except FileNotFoundError as error:
        raise ImageRefused("The file is not there any more.", path=path) from error
    except PermissionError as error:
        raise ImageRefused("You are not allowed to read this file.", path=path) from error
    except MemoryError as error:
        raise ImageRefused("The picture does not fit into memory.", path=path) from error
    except Exception as error:
        # Decoders raise nearly anything for damaged files: OSError, SyntaxError, ValueError, struct.error, KeyError …
        raise ImageRefused(_damage(error), path=path) from error


def _too_large(path: Path) -> ImageRefused:
    return ImageRefused(f"The picture is larger than {MAX_PIXELS // 1_000_000} megapixels.", path=path)


def _unknown(path: Path) -> str:
    with suppress(OSError):
        if path.stat().st_size == 0:
            return "The file is empty."
    other = KNOWN_OTHERS.get(path.suffix.lower())
    if other:
        return f"{other} files can't be read. Save it as PNG, JPEG or TIFF."
    return "The file is damaged or is not a picture."


def _damage(error: Exception) -> str:
    text = str(error).lower()
    if "truncated" in text or "not enough" in text or "unexpected end" in text:
        return "The file is cut off: a part of the picture is missing."
    return "The file is damaged and can't be decoded."


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in DEEP_MODES:
        return Image.fromarray(_deep_to_8bit(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _deep_to_8bit(values: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    """Scales a deep grey picture from its own range to 0 … 255 (uint8, same shape); values that are not finite become black.

    A picture that already lies within 0 … 255 as whole numbers is left as it is.
    """
    deep = np.asarray(values).astype(np.float64)
    finite = np.isfinite(deep)
    if not finite.any():
        return np.zeros(deep.shape, np.uint8)
    low, high = float(deep[finite].min()), float(deep[finite].max())
    if low >= 0 and high <= 255 and values.dtype.kind in "iub":
        return deep.astype(np.uint8)
    span = (high - low) or 1.0
    scaled = np.where(finite, (deep - low) * (255.0 / span), 0.0)
    return np.rint(scaled).astype(np.uint8)


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
