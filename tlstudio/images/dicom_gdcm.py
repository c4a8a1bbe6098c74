"""JPEG Lossless and JPEG-LS frames by GDCM, once their headers make sense.

GDCM believes what a frame says of itself and writes as many values as that makes, wherever they fall. A damaged frame is told
here instead of by the end of the process. What a plug-in of pydicom has to have is at the end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import DecodeRunner

# Markers of ITU-T T.81 and T.87: of the beginning, scans, tables, what Adobe adds, frames, and those without a length.
START, SCAN, TABLES, ADOBE = 0xD8, 0xDA, 0xC4, 0xEE
LOSSLESS, LS = 0xC3, 0xF7
FRAMES = frozenset({*range(0xC0, 0xD0), LS}) - {TABLES, 0xC8, 0xCC}
BARE = frozenset({0x01, *range(0xD0, 0xD8)})
MOST_CODES = 17  # categories of differences
COMPONENTS = 3


def check(frame: bytes, rows: int, columns: int, samples: int) -> None:
    """Raises ValueError where a frame's header is not that of the picture which the file tells of, or can't be one at all."""
    if frame[:2] != bytes((0xFF, START)):
        raise ValueError("no JPEG frame")
    kind, tables = 0, set[int]()
    for marker, body in _segments(frame):
        if marker in FRAMES:
            kind = marker
            _check_header(marker, body, (rows, columns, samples))
        elif marker == ADOBE and body.startswith(b"Adobe") and body[11:12] not in (b"\0", b"\1"):
            raise ValueError("colours of a kind that there is not")
        elif marker == TABLES:
            tables |= _check_tables(body)
        elif marker == SCAN:
            _check_scan(body, kind, samples, tables)
            return
    raise ValueError("no scan: insufficient data")


def _segments(frame: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with what belongs to it, until the first scan."""
    at = 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            raise ValueError("no marker where one is due")
        marker = frame[at + 1]
        if marker == 0xFF or marker in BARE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", frame, at + 2)
        if length < 2 or at + 2 + length > len(frame):
            raise ValueError("a segment is cut off: not enough data")
        yield marker, frame[at + 4 : at + 2 + length]
        at += 2 + length


def _check_header(marker: int, body: bytes, told: tuple[int, int, int]) -> None:
    if marker not in (LOSSLESS, LS) or len(body) < 6:
        raise ValueError("another kind of JPEG")
    bits, height, width, components = struct.unpack_from(">BHHB", body)
    if (height, width, components) != told or not 2 <= bits <= 16 or len(body) != 6 + 3 * components:
        raise ValueError("another picture than the file tells of")
    if any(sampling != 0x11 for sampling in body[7::3]):
        raise ValueError("components of different sizes")


def _check_tables(body: bytes) -> set[int]:
    """Huffman tables whose codes are as many as there is room for, and no more than there are categories; gives their numbers."""
    at, found = 0, set[int]()
    while at < len(body):
        counts = body[at + 1 : at + 17]
        number = sum(counts)
        if len(counts) < 16 or not 0 < number <= MOST_CODES or at + 17 + number > len(body) or body[at] > COMPONENTS:
            raise ValueError("a table that can't be")
        if sum(count << (16 - bits) for bits, count in enumerate(counts, start=1)) > 1 << 16:
            raise ValueError("more codes than there are")
        categories = body[at + 17 : at + 17 + number]
        if max(categories) >= MOST_CODES or len(set(categories)) < number:
            raise ValueError("a category that there is not, or twice")
        found.add(body[at])
        at += 17 + number
    return found


def _check_scan(body: bytes, kind: int, samples: int, tables: set[int]) -> None:
    """All components in one scan or one after another, by a predictor that there is, with tables that have been told."""
    components = body[0] if body else 0
    if not kind or not 1 <= components <= samples or len(body) != 4 + 2 * components:
        raise ValueError("a scan that can't be")
    first, last, shift = body[-3:]
    if kind == LS:
        right = last <= 2 and shift == 0
    else:
        right = (
            1 <= first <= 7 and last == 0 and shift < 16 and {body[2 + 2 * k] >> 4 for k in range(components)} <= tables
        )
    if not right:
        raise ValueError("a scan in a way that there is not")


# --- a plug-in of pydicom ------------------------------------------------------------------------------------------------

LABEL = "gdcm-checked"
DECODER_DEPENDENCIES = {
    f"1.2.840.10008.1.2.4.{number}": ("gdcm>=3.0.10",) for number in (57, 70, 80, 81)
}  # JPEG Lossless, and JPEG-LS


def is_available(syntax: str) -> bool:
    from pydicom.pixels.decoders import gdcm

    return syntax in DECODER_DEPENDENCIES and gdcm.is_available(syntax)


def decode_frame(source: bytes, runner: DecodeRunner) -> Any:
    from pydicom.pixels.decoders import gdcm

    check(source, runner.rows, runner.columns, runner.samples_per_pixel)
    return gdcm._decode_frame(source, runner)
