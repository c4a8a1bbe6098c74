"""DICOM files: recognising them, their size and frames, and the few facts about them that may leave the file.

Nothing that names a patient is ever returned, logged or put into a message: no name, number, date or private element. The
reader's own warnings and log records quote the values they complain about, so they are silenced, and its errors are dropped.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import os
import struct
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tlstudio.domain.errors import ImageRefused, WrongUsage
from tlstudio.images.address import split
from tlstudio.images.limits import TOO_LARGE, check_size
from tlstudio.storage.files import open_regular

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

# Endings that are tried even where the file lacks DICOM's mark; `.img` has it, or is a disk's image or another program's.
SUFFIXES = frozenset({".dcm", ".dicom", ".ima", ".dic", ".dc3", ".acr"})
MAGIC_AT, MAGIC = 128, b"DICM"
HEAD = MAGIC_AT + len(MAGIC)  # bytes that tell
# How files begin that lack preamble and mark, those of ACR-NEMA among them: with the length of a group, in every encoding.
BARE = (b"\x02\0\0\0UL\4\0", b"\x08\0\0\0UL\4\0", b"\x08\0\0\0\4\0\0\0", b"\0\x08\0\0UL\0\4", b"\0\x08\0\0\0\0\0\4")
META_BYTES = 4096  # the header before the data set is a few hundred bytes
META_LENGTH_BYTES = 12
PLAIN, DEFLATED = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.1.99"
MAX_INFLATED = 2**29  # bytes that a compressed data set may become: more than any picture in it, less than a bomb
MOST_INFLATED = 1032  # bytes that one byte can become (zlib's technical details)
PIECE = 2**20
# What tells a pixel's height and width, the first that is there.
SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")
SIZE = ("Rows", "Columns", "NumberOfFrames", *SPACINGS)
SQUARE = 0.01  # a pixel whose height is this near its width counts as square
OBLONG = 10.0  # beyond it the numbers are none of a picture
# Pieces that are read before the pixels, two or so for each element: some hundred, some hundred thousand with many frames.
MAX_PIECES = 500_000
SMALLEST_FRAME = 8  # bytes of a compressed frame's own header
# Values that are no short text: nobody's group, and too large to look at.
NO_GROUPS = frozenset({"SQ", "UN", "OB", "OW", "OF", "OD", "OL", "OV"})


def is_dicom(head: bytes) -> bool:
    """Whether a file's first HEAD bytes are those of a DICOM file: with its mark, or as such files begin that lack it."""
    return head[MAGIC_AT:HEAD] == MAGIC or head.startswith(BARE)


def has_magic(path: Path) -> bool:
    """Whether a file is a DICOM file by its first bytes; False for what can't be read."""
    try:
        if not path.is_file():
            return False
        with open_regular(path) as file:
            return is_dicom(file.read(HEAD))
    except OSError:
        return False


def read_size(path: Path, frame: int = 1) -> tuple[int, int]:
    """Width and height in square pixels. Raises ImageRefused where there is no picture, or no such frame (counted from 1)."""
    with silent(), opened(path) as file:
        data = read_elements(file, SIZE)
        return squared(*size_of(data, frame), data)


def size_of(data: Dataset, frame: int) -> tuple[int, int]:
    """Width and height in pixels as they are stored, see `read_size`; `data` holds at least the elements of SIZE."""
    rows, columns = data.get("Rows"), data.get("Columns")
    if rows is None or columns is None:
        raise ImageRefused("The DICOM file holds no picture.")
    check_size(int(columns), int(rows))
    if frame > frames_of(data):
        raise ImageRefused(f"The file has no page {frame}.")
    return int(columns), int(rows)


def squared(width: int, height: int, data: Dataset) -> tuple[int, int]:
    """Width and height that make the pixels square (PS3.3 10.7.1.3 and C.7.6.3.1.7): as many as before along the finer side.

    Raises ImageRefused where that is too large.
    """
    ratio = next((found for name in SPACINGS if (found := _ratio(data, name)) is not None), 1.0)
    if abs(ratio - 1) <= SQUARE or not 1 / OBLONG <= ratio <= OBLONG:
        return width, height
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    check_size(*size)
    return size


def _ratio(data: Dataset, keyword: str) -> float | None:
    """Height of a pixel over its width; None where this element does not tell."""
    found = numbers(data, keyword)
    if len(found) != 2 or not all(math.isfinite(number) and number > 0 for number in found):
        return None
    return found[0] / found[1]


def numbers(data: Dataset, keyword: str, *, comma: bool = False) -> list[float]:
    """What an element says in numbers, NaN for what is none; empty where it is missing.

    Some makers write `3000,5`, which the reader refuses to look at; here only that number is lost. comma: it is 3000.5.
    """
    from pydicom.datadict import tag_for_keyword
    from pydicom.dataelem import RawDataElement

    tag = tag_for_keyword(keyword)
    if tag is None or tag not in data:
        return []
    element: Any = data.get_item(tag)
    if isinstance(element, RawDataElement) and element.VR in (None, "DS", "IS", "UN"):
        text = (element.value or b"").decode("latin-1")
        texts = (text.replace(",", ".") if comma else text).split("\\")
        return [_number(text) for text in texts] if any(text.strip(" \0") for text in texts) else []
    value = data[tag].value
    if value is None:
        return []
    several = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
    return [_number(number) for number in (value if several else [value])]


def _number(value: object) -> float:
    try:
        return float(value.strip(" \0") if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def frames_of(data: Dataset) -> int:
    stated = numbers(data, "NumberOfFrames")[:1]
    return int(stated[0]) if stated and 1 <= stated[0] < 2**31 else 1


def count_frames(path: Path) -> int:
    """Frames of a file, no more than its bytes can hold."""
    with silent(), opened(path) as file:
        data = read_elements(file, (*SIZE, "SamplesPerPixel", "BitsAllocated"))
        stored = _most_bytes(file, path)
        syntax = data.file_meta.get("TransferSyntaxUID")
        least = SMALLEST_FRAME
        if syntax is None or not syntax.is_encapsulated:
            numbers = (data.get(name) or 1 for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated"))
            least = max(1, math.prod(int(number) for number in numbers) // 8)
        return max(1, min(frames_of(data), stored // least))


def check_keyword(keyword: str) -> None:
    """Raises WrongUsage for a keyword that is unknown or names no text."""
    from pydicom import datadict

    tag = datadict.tag_for_keyword(keyword)
    if tag is None or not keyword:
        raise WrongUsage(
            f"“{keyword}” is not a DICOM keyword.",
            remedy="Use one such as PatientID, StudyInstanceUID or SeriesInstanceUID.",
        )
    if NO_GROUPS & set(datadict.dictionary_VR(tag).split(" or ")):
        raise WrongUsage(f"Images can't be grouped by “{keyword}”.", remedy="Use a keyword such as PatientID.")


def group_keys(path: Path, keywords: Sequence[str], secret: bytes) -> tuple[str | None, ...]:
    """Names for the groups an image belongs to that tell nobody which: the elements' HMAC-SHA-256 with a secret of the project.

    keywords: of DICOM elements, such as `PatientID` or `StudyInstanceUID`. The first 16 hex digits, after a “g”. None where an
    element is missing or empty, or the file is no DICOM file. To be called in a guarded process.
    """
    return tuple(_group_key(_text(path, keyword), secret) for keyword in keywords)


def _group_key(value: str, secret: bytes) -> str | None:
    if not value:
        return None
    return "g" + hmac.new(secret, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]


def burned_in(path: Path) -> bool | None:
    """Whether the file says that text is burned into its picture; None where it does not say."""
    return {"YES": True, "NO": False}.get(_text(path, "BurnedInAnnotation").upper())


def _text(path: Path, keyword: str) -> str:
    """An element's value as text without padding; empty where there is none or the file can't be read."""
    try:
        with silent(), opened(split(path)[0]) as file:
            value = read_elements(file, (keyword,)).get(keyword)
            return "" if value is None else str(value).strip(" \0\t\r\n")
    except Exception:
        return ""  # the pixels are judged elsewhere; the reader's words may quote the patient's data


def read_elements(file: BinaryIO, keywords: Iterable[str]) -> Dataset:
    """These elements of an opened file, without its pixels. To be used and looked at inside `silent`.

    Raises whatever the reader throws, and the caller must drop its words.
    """
    from pydicom import dcmread
    from pydicom.datadict import tag_for_keyword

    tags: list[BaseTag | int] = [tag for tag in map(tag_for_keyword, keywords) if tag is not None]
    return dcmread(_Bounded(file), stop_before_pixels=True, force=True, specific_tags=tags)


class _Bounded:
    """A file that is read in no more pieces than a header has: the reader would go through gigabytes of nothing, element by
    element.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MAX_PIECES

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ImageRefused("The DICOM file holds no picture.")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A DICOM file, ready to be read; one that is compressed as a whole is unpacked first, within limits."""
    with open_regular(path) as file:
        head = file.read(META_BYTES)
        if DEFLATED in head and head[MAGIC_AT:HEAD] == MAGIC:
            with BufferedReader(_Inflated(head, file)) as inflated:
                yield inflated
        else:
            file.seek(0)
            yield file


def _most_bytes(file: BinaryIO, path: Path) -> int:
    """Bytes that the file holds, or at most can hold when it is unpacked."""
    if isinstance(file, BufferedReader) and isinstance(file.raw, _Inflated):
        return min(MAX_INFLATED, path.stat().st_size * MOST_INFLATED)
    return file.seek(0, os.SEEK_END)


class _Inflated(RawIOBase):
    """The same file as plain little-endian, which differs in one identifier of its header; unpacked as far as it is read."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        group, element, kind, _, length = struct.unpack_from("<HH2sHI", head, HEAD)
        start = HEAD + META_LENGTH_BYTES + length
        if (group, element, kind) != (2, 0, b"UL") or start > len(head):
            raise ValueError("no length of the header")
        file.seek(start)
        self.name = str(getattr(file, "name", ""))  # the reader asks for it
        self._file = file
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._data = bytearray(head[:start].replace(DEFLATED, PLAIN.ljust(len(DEFLATED), b"\0")))
        self._start, self._at = start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            self._reach(MAX_INFLATED + self._start + 1)
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._data)}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._reach(self._at + len(buffer))
        part = self._data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _reach(self, end: int) -> None:
        """Unpacks up to this place, or to the end of all. Raises ImageRefused beyond what a picture can be."""
        while len(self._data) < end and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(PIECE)
            if not packed:
                return
            self._data += self._inflate.decompress(packed, PIECE)
            if len(self._data) - self._start > MAX_INFLATED:
                raise ImageRefused(TOO_LARGE)


@contextmanager
def silent() -> Iterator[None]:
    """Keeps the reader's warnings and log records, which quote values, from everybody."""
    from pydicom import config

    for name in ("pydicom", "pylibjpeg", "openjpeg", "rle"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    config.settings.reading_validation_mode = config.IGNORE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
