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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tlstudio.domain.errors import ImageRefused, WrongUsage
from tlstudio.images.address import split
from tlstudio.images.limits import TOO_LARGE, check_size

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

SUFFIXES = frozenset({".dcm", ".dicom"})
MAGIC_AT, MAGIC = 128, b"DICM"
META_BYTES = 4096  # the header before the data set is a few hundred bytes
META_LENGTH_BYTES = 12
PLAIN, DEFLATED = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.1.99"
MAX_INFLATED = 2**29  # bytes that a compressed data set may become: more than any picture in it, less than a bomb
SIZE = ("Rows", "Columns", "NumberOfFrames")
SMALLEST_FRAME = 8  # bytes of a compressed frame's own header
# Values that are no short text: nobody's group, and too large to look at.
NO_GROUPS = frozenset({"SQ", "UN", "OB", "OW", "OF", "OD", "OL", "OV"})


def has_magic(path: Path) -> bool:
    """Whether a file carries DICOM's mark; False for what can't be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            file.seek(MAGIC_AT)
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_size(path: Path, frame: int = 1) -> tuple[int, int]:
    """Width and height in pixels. Raises ImageRefused where there is no picture, or no such frame (counted from 1)."""
    with silent(), opened(path) as file:
        return size_of(read_elements(file, SIZE), frame)


def size_of(data: Dataset, frame: int) -> tuple[int, int]:
    """See `read_size`; `data` holds at least the elements of SIZE."""
    rows, columns = data.get("Rows"), data.get("Columns")
    if rows is None or columns is None:
        raise ImageRefused("The DICOM file holds no picture.")
    check_size(int(columns), int(rows))
    if frame > frames_of(data):
        raise ImageRefused(f"The file has no page {frame}.")
    return int(columns), int(rows)


def frames_of(data: Dataset) -> int:
    return max(1, int(data.get("NumberOfFrames") or 1))


def count_frames(path: Path) -> int:
    """Frames of a file, no more than its bytes can hold."""
    with silent(), opened(path) as file:
        data = read_elements(file, (*SIZE, "SamplesPerPixel", "BitsAllocated"))
        stored = file.seek(0, os.SEEK_END)
        syntax = data.file_meta.get("TransferSyntaxUID")
        least = SMALLEST_FRAME
        if syntax is None or not syntax.is_encapsulated:
            numbers = (data.get(name) or 1 for name in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated"))
            least = max(1, math.prod(int(number) for number in numbers) // 8)
        return max(1, min(frames_of(data), stored // least))


def group_key(path: Path, keyword: str, secret: bytes) -> str | None:
    """A name for the group an image belongs to that tells nobody which: the element's HMAC-SHA-256 with a secret of the project.

    keyword: of a DICOM element, such as `PatientID` or `StudyInstanceUID`. The first 16 hex digits, after a “g”. None where the
    element is missing or empty, or the file is no DICOM file. Raises WrongUsage for a keyword that is unknown or names no text.
    """
    from pydicom import datadict

    tag = datadict.tag_for_keyword(keyword)
    if tag is None or not keyword:
        raise WrongUsage(
            f"“{keyword}” is not a DICOM keyword.",
            remedy="Use one such as PatientID, StudyInstanceUID or SeriesInstanceUID.",
        )
    if NO_GROUPS & set(datadict.dictionary_VR(tag).split(" or ")):
        raise WrongUsage(f"Images can't be grouped by “{keyword}”.", remedy="Use a keyword such as PatientID.")
    value = _text(path, keyword)
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
    return dcmread(file, stop_before_pixels=True, force=True, specific_tags=tags)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A DICOM file, ready to be read; one that is compressed as a whole is unpacked first, within limits."""
    with path.open("rb") as file:
        head = file.read(META_BYTES)
        if DEFLATED in head and head[MAGIC_AT : MAGIC_AT + 4] == MAGIC:
            yield BytesIO(_inflated(head, file))
        else:
            file.seek(0)
            yield file


def _inflated(head: bytes, file: BinaryIO) -> bytes:
    """The same file as plain little-endian, which differs in one identifier of its header."""
    group, element, kind, _, length = struct.unpack_from("<HH2sHI", head, MAGIC_AT + 4)
    start = MAGIC_AT + 4 + META_LENGTH_BYTES + length
    if (group, element, kind) != (2, 0, b"UL") or start > len(head):
        raise ValueError("no length of the header")
    body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head[start:] + file.read(), MAX_INFLATED + 1)
    if len(body) > MAX_INFLATED:
        raise ImageRefused(TOO_LARGE)
    return head[:start].replace(DEFLATED, PLAIN.ljust(len(DEFLATED), b"\0")) + body


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
