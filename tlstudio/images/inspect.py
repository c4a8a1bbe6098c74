"""The one full look at a new file: can it be decoded, how large is it, what are its bytes; and its small picture."""

from __future__ import annotations

import hashlib
import io
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageStat

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.values import Refusal
from tlstudio.images.address import split
from tlstudio.images.decode import load_rgb, read_header
from tlstudio.images.landmarks import landmarks_of
from tlstudio.images.looks import look
from tlstudio.storage.files import open_regular, part_of

State = tuple[int, int, int]
THUMBNAIL = 208
VIEW = 1600


@dataclass(frozen=True, slots=True)
class Inspected:
    """An image that can be used.

    path: its address, see `address`. content: see `content_key`. width, height: pixels, as seen upright. size: of the file in
    bytes. thumbnail: JPEG of at most THUMBNAIL px. look, landmarks: see `looks` and `landmarks`, of the thumbnail; the latter are
    int8 of landmarks.SHAPE, as bytes. channels: see `decode.Header`. state: of the file before it was read, see `file_state`.
    """

    path: Path
    content: str
    width: int
    height: int
    size: int
    thumbnail: bytes
    look: str = ""
    landmarks: bytes = b""
    channels: int = 0
    state: State = (0, 0, 0)


def inspect(path: Path, *, compared: bool = True) -> Inspected | Refusal:
    """Decodes the whole file once; what can't be decoded comes back as a Refusal with its reason.

    compared: whether to look for landmarks, which only a search for near-duplicates needs.
    """
    try:
        state = file_state(split(path)[0]) or (0, 0, 0)
        header = read_header(path)
        picture = load_rgb(path, least=2 * THUMBNAIL)
        small = shrink(picture, THUMBNAIL)
        size = split(path)[0].stat().st_size
        seen = Image.open(io.BytesIO(small))
        found = landmarks_of(seen).tobytes() if compared else b""
        key, told = content_key(path), look(seen)
        return Inspected(path, key, header.width, header.height, size, small, told, found, header.channels, state)
    except ImageRefused as error:
        return Refusal(str(path), error.what)
    except OSError as error:
        return Refusal(str(path), f"The file can't be read: {error.strerror or error}.")


def make_view(path: Path) -> bytes:
    """A JPEG of at most VIEW pixels. Raises ImageRefused."""
    return shrink(load_rgb(path, least=VIEW), VIEW)


def file_state(file: Path) -> State | None:
    """Bytes, and when content and entry were last changed, in nanoseconds: while they are the same, so is the file.

    None for what is not there, or is no file.
    """
    try:
        facts = file.stat()
    except (OSError, ValueError):
        return None
    return (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns) if stat.S_ISREG(facts.st_mode) else None


def content_now(path: Path) -> str | Refusal:
    """`content_key` of what a file holds by now; a Refusal where it can't be read."""
    try:
        if file_state(split(path)[0]) is None:
            return Refusal(str(path), "The file is not there any more.")
        return content_key(path)
    except OSError as error:
        return Refusal(str(path), f"The file can't be read: {error.strerror or error}.")


def key_of_picture(path: Path) -> str:
    """`content_key`; refuses what is no picture before all its bytes are read. Raises ImageRefused, OSError."""
    read_header(path)
    return content_key(path)


def content_key(path: Path) -> str:
    """The key of everything that is made from an image, in hex: the SHA-256 of its file's bytes.

    For a page other than the first, the SHA-256 of that and the page's number.
    """
    file, page = split(path)
    if page == 1:
        return _file_hash(file)
    facts = file.stat()
    whole = _known_hash(file, facts.st_size, facts.st_mtime_ns)
    return hashlib.sha256(f"{whole}#page={page}".encode("ascii")).hexdigest()


def _file_hash(file: Path) -> str:
    with open_regular(file) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@lru_cache(maxsize=64)
def _known_hash(file: Path, size: int, changed: int) -> str:
    """The hash of a file that many pages ask for, one after another; size and time tell whether it is still the same."""
    return _file_hash(file)


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
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = part_of(path)
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
        with open_regular(small) as file, Image.open(file, formats=("JPEG",)) as picture:
            return float(ImageStat.Stat(picture.convert("L")).stddev[0])
    except (OSError, SyntaxError, ValueError):
        return None
