"""The one full look at a new file: can it be decoded, how large is it, what are its bytes; and its small picture."""

from __future__ import annotations

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageStat

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.values import Refusal
from tlstudio.images.decode import load_rgb, read_header

THUMBNAIL = 208
VIEW = 1600


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file that can be used.

    content: SHA-256 in hex. width, height: pixels, as seen upright. size: of the file in bytes. thumbnail: JPEG of at most
    THUMBNAIL px.
    """

    path: Path
    content: str
    width: int
    height: int
    size: int
    thumbnail: bytes


def inspect(path: Path) -> Inspected | Refusal:
    """Decodes the whole file once; what can't be decoded comes back as a Refusal with its reason."""
    try:
        header = read_header(path)
        picture = load_rgb(path, least=2 * THUMBNAIL)
        small = shrink(picture, THUMBNAIL)
        return Inspected(path, content_key(path), header.width, header.height, path.stat().st_size, small)
    except ImageRefused as error:
        return Refusal(str(path), error.what)
    except OSError as error:
        return Refusal(str(path), f"The file can't be read: {error.strerror or error}.")


def content_key(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex: the key of everything that is made from it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shrink(picture: Image.Image, edge: int) -> bytes:
    """A JPEG whose longer edge is at most `edge` pixels; smaller pictures keep their size."""
    scale = min(1.0, edge / max(picture.size))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = (
        picture
        if size == picture.size
        else picture.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC)
    )
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def write_once(path: Path, data: bytes) -> None:
    """Writes a cache file that can be made again: whole or not at all, without waiting for the disk."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def grey_spread(small: Path) -> float | None:
    """Standard deviation of a small picture's grey values (0 … 255), None when it is missing or damaged."""
    try:
        with Image.open(small, formats=("JPEG",)) as picture:
            return float(ImageStat.Stat(picture.convert("L")).stddev[0])
    except (OSError, SyntaxError, ValueError):
        return None
