"""The pages of a TIFF file, found without loading them: where each begins, and which are channels of one picture.

The decoder library loads everything that a page says of itself to learn where the next one begins, and compares each with all
those before it: minutes for a hundred thousand pages. Here only the chain is followed (TIFF 6.0, section 2, and BigTIFF).
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from tlstudio.storage.files import open_regular

MARKS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
DESCRIPTION, SUBFILE = 270, 254
REDUCED, MASK = 1, 4
ASCII = 2
MAX_ENTRIES = 4096  # tags that a page may have: writers use some twenty
MAX_TEXT = 2**22  # bytes of a description that are looked at: a microscope's XML has some kilobytes


@dataclass(frozen=True, slots=True)
class Form:
    """How a file writes its numbers. order: `<` or `>`. first: where the place of the first page is written."""

    order: str
    big: bool

    @property
    def first(self) -> int:
        return 8 if self.big else 4

    @property
    def place(self) -> struct.Struct:
        """The place of a page, or of a value."""
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def count(self) -> struct.Struct:
        """The number of a page's entries."""
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, number of values; the value itself, or its place, follows."""
        return struct.Struct(self.order + ("HHQ" if self.big else "HHI"))

    @property
    def step(self) -> int:
        return self.entry.size + self.place.size


@dataclass(frozen=True, slots=True)
class Sheets:
    """The images of a file. pages: their page numbers, from 1. channels: pages that each of them consists of, where channels of
    one picture are pages of their own, as ImageJ and OME write them; 1 elsewhere.
    """

    pages: tuple[int, ...]
    channels: int = 1


def form_of(file: BinaryIO) -> Form | None:
    """None for a file that is no TIFF file."""
    file.seek(0)
    mark = file.read(4)
    return Form(MARKS[mark], big=b"+" in mark) if mark in MARKS else None


def is_tiff(path: Path) -> bool:
    with open_regular(path) as file:
        return form_of(file) is not None


def places(path: Path) -> tuple[int, ...]:
    """Where each page begins; reduced copies and masks are no pages, except in the first place. Empty for no TIFF file."""
    return _known(path)[0]


def sheets(path: Path) -> Sheets:
    """The images of a TIFF file, channels that are pages taken together."""
    number, layout = len(places(path)), _known(path)[1]
    if layout is None:
        return Sheets(tuple(range(1, max(1, number) + 1)))
    return Sheets(tuple(sorted(group[0] + 1 for group in layout)), len(layout[0]))


def channel_pages(path: Path, page: int) -> tuple[int, ...]:
    """The pages that are the channels of the picture that a page belongs to, in order; that page alone where it is all."""
    layout = _known(path)[1]
    for group in layout or ():
        if page - 1 in group:
            return tuple(each + 1 for each in group)
    return (page,)


def opened_at(path: Path, page: int) -> BinaryIO:
    """The file as if this page were its first one. Raises EOFError where it has no such page."""
    found = places(path)
    if page > len(found):
        raise EOFError
    file = open_regular(path)
    form = form_of(file)
    if form is None:
        raise EOFError
    file.seek(0)
    return io.BufferedReader(_Patched(file, form.first, form.place.pack(found[page - 1])))


class _Patched(io.RawIOBase):
    """A file with a few bytes that read differently."""

    def __init__(self, file: BinaryIO, at: int, told: bytes) -> None:
        self._file, self._at, self._told = file, at, told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        start = self._file.tell()
        data = bytearray(self._file.read(len(buffer)))
        for i, byte in enumerate(self._told):
            if 0 <= self._at + i - start < len(data):
                data[self._at + i - start] = byte
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


Layout = tuple[tuple[int, ...], ...]  # of each picture the numbers of its channels' pages, from 0


def _known(path: Path) -> tuple[tuple[int, ...], Layout | None]:
    facts = path.stat()
    return _read(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=16)
def _read(path: Path, size: int, changed: int) -> tuple[tuple[int, ...], Layout | None]:
    """Many pages ask for the same file, one after another; size and time tell whether it is still the same."""
    with open_regular(path) as file:
        form = form_of(file)
        if form is None:
            return (), None
        found = [place for k, (place, extra) in enumerate(_chain(file, form, size)) if k == 0 or not extra]
        return tuple(found), _layout(_description(file, form, found[0]), len(found)) if len(found) > 1 else None


def _chain(file: BinaryIO, form: Form, size: int) -> Iterator[tuple[int, bool]]:
    """Each directory's place, and whether it is a reduced copy or a mask; ends where the chain breaks or bites its tail."""
    file.seek(form.first)
    place = _number(file, form.place)
    seen: set[int] = set()
    while place and place < size and place not in seen:
        seen.add(place)
        file.seek(place)
        count = _number(file, form.count)
        if count is None or not 0 < count <= MAX_ENTRIES:
            return
        entries = file.read(count * form.step)
        after = _number(file, form.place)
        if after is None:
            return
        yield place, _subfile(entries, form) & (REDUCED | MASK) != 0
        place = after


def _number(file: BinaryIO, kind: struct.Struct) -> int | None:
    data = file.read(kind.size)
    return int(kind.unpack(data)[0]) if len(data) == kind.size else None


def _subfile(entries: bytes, form: Form) -> int:
    for start in range(0, len(entries), form.step):
        tag, kind, _ = form.entry.unpack_from(entries, start)
        if tag == SUBFILE:
            value = "H" if kind == 3 else "I"
            return int(struct.unpack_from(form.order + value, entries, start + form.entry.size)[0])
        if tag > SUBFILE:
            break
    return 0


def _description(file: BinaryIO, form: Form, place: int) -> str:
    """What the first page says of the file, in the words of whoever wrote it."""
    file.seek(place)
    count = _number(file, form.count) or 0
    entries = file.read(count * form.step)
    for start in range(0, len(entries) - form.step + 1, form.step):
        tag, kind, size = form.entry.unpack_from(entries, start)
        if tag == DESCRIPTION and kind == ASCII and form.place.size < size <= MAX_TEXT:
            file.seek(form.place.unpack_from(entries, start + form.entry.size)[0])
            return file.read(size).decode("utf-8", "replace")
    return ""


def _layout(text: str, pages: int) -> Layout | None:
    """Which pages belong together by what ImageJ or OME-XML says; None where the channels are no pages, or that can't be true."""
    if text.startswith("ImageJ="):
        sizes = {axis: _stated(text, rf"^{name}=(\d+)") for axis, name in zip("CZT", IMAGEJ, strict=True)}
        order = "CZT"
    elif "<OME" in text[:4096] and (pixels := re.search(r"<Pixels\b[^>]*>", text)):
        sizes = {axis: _stated(pixels[0], rf'\bSize{axis}="(\d+)"') for axis in "CZT"}
        sizes["C"] //= max(1, _stated(text, r'\bSamplesPerPixel="(\d+)"'))
        stated = re.search(r'\bDimensionOrder="XY([CZT]{3})"', pixels[0])
        order = stated[1] if stated else "CZT"
    else:
        return None
    if sizes["C"] < 2 or sizes["C"] * sizes["Z"] * sizes["T"] != pages or set(order) != set("CZT"):
        return None
    step = {}
    width = 1
    for axis in order:  # the first axis changes fastest
        step[axis], width = width, width * sizes[axis]
    return tuple(
        tuple(c * step["C"] + z * step["Z"] + t * step["T"] for c in range(sizes["C"]))
        for t in range(sizes["T"])
        for z in range(sizes["Z"])
    )


IMAGEJ = ("channels", "slices", "frames")


def _stated(text: str, pattern: str) -> int:
    found = re.search(pattern, text, re.MULTILINE)
    return max(1, int(found[1][:9])) if found else 1
