"""Why a file can't be read, in plain words, whatever its decoder says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from tlstudio.domain.errors import ImageRefused
from tlstudio.images.address import split
from tlstudio.images.limits import TOO_LARGE

CUT_OFF = "The file is cut off: a part of the picture is missing."
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


@contextmanager
def refusing(path: Path) -> Iterator[None]:
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
        return CUT_OFF
    return "The file is damaged and can't be decoded."
