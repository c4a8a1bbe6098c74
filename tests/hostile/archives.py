"""ZIP files that say one thing and hold another: {name: (what makes the bytes of sound pictures' names and bytes, how many of
the four sound pictures must be taken all the same)}.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable

Files = dict[str, bytes]
# Where a field lies in an entry of the directory at the end, and how it is written (PKWARE's APPNOTE, 4.3.12).
FIELDS = {
    "version": (6, "<H"), "flags": (8, "<H"), "method": (10, "<H"), "time": (12, "<H"), "date": (14, "<H"), "crc": (16, "<I"),
    "packed": (20, "<I"), "unpacked": (24, "<I"), "name": (28, "<H"), "extra": (30, "<H"), "comment": (32, "<H"),
    "disk": (34, "<H"), "mode": (38, "<I"), "offset": (42, "<I"),
}  # fmt: skip
CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def packed(files: Files, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, kind)
    return buffer.getvalue()


def said(data: bytes, number: int, **values: int) -> bytes:
    """Writes fields of the directory's entry of that number; -1 is the last."""
    places, at = [], data.find(CENTRAL)
    while at >= 0:
        places.append(at)
        at = data.find(CENTRAL, at + 4)
    changed = bytearray(data)
    for field, value in values.items():
        offset, kind = FIELDS[field]
        struct.pack_into(kind, changed, places[number] + offset, value)
    return bytes(changed)


def renamed(data: bytes, before: str, after: bytes) -> bytes:
    """Writes another name of the same length, as bytes that no library would write."""
    assert len(before) == len(after)
    return data.replace(before.encode(), after)


def with_one(added: str, data: bytes = b"x", **values: int) -> Callable[[Files], bytes]:
    """The sound pictures and one more entry, of which the directory says something else."""
    return lambda files: said(packed({**files, added: data}), -1, **values)


def named(after: bytes) -> Callable[[Files], bytes]:
    """The sound pictures, and a copy of the first under a name of those bytes."""

    def make(files: Files) -> bytes:
        placeholder = "red/" + "Q" * (len(after) - 4) if len(after) > 4 else "Q" * len(after)
        return renamed(packed({**files, placeholder: next(iter(files.values()))}), placeholder, after)

    return make


def bomb(kind: int, size: int = 400_000_000) -> Callable[[Files], bytes]:
    return lambda files: packed({**files, "red/bomb.png": bytes(size)}, kind)


def lying_bomb(files: Files) -> bytes:
    """Says that it holds a thousand bytes, and unpacks to far more."""
    return said(packed({**files, "red/bomb.png": bytes(60_000_000)}), -1, unpacked=1000)


def overlapping(files: Files) -> bytes:
    """Every entry of the directory unpacks the same bytes, as the archives do that are smaller than they should be."""
    one = packed({"red/0.png": bytes(5_000_000), **{f"red/{i}.png": b"" for i in range(1, 400)}})
    whole = one
    for number in range(1, 400):
        whole = said(whole, number, offset=0, packed=5_000, unpacked=5_000_000)
    return whole


def nested(files: Files) -> bytes:
    inner = packed(files)
    for _ in range(20):
        inner = packed({"red/inner.zip": inner, "blue/inner.png": inner})
    return packed({**files, "red/inner.zip": inner})


def many(files: Files) -> bytes:
    return packed({**files, **{f"red/{i}.txt": b"" for i in range(60_000)}}, zipfile.ZIP_STORED)


def linked(mode: int) -> Callable[[Files], bytes]:
    return with_one("red/link.png", b"../../../secret.png", mode=(mode | 0o777) << 16)


def unicode_path(files: Files) -> bytes:
    """A second name in a field of its own, once with the check sum of the first name and once without."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            entry = zipfile.ZipInfo(name)
            other = f"../../{name}".encode()
            check = zlib.crc32(name.encode()) if number == 0 else 7
            entry.extra = struct.pack("<HHBI", 0x7075, 5 + len(other), 1, check) + other
            archive.writestr(entry, data)
    return buffer.getvalue()


def broken_extra(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.extra = struct.pack("<HHQ", 0x7075, 60_000, 0)
            archive.writestr(entry, data)
    return buffer.getvalue()


def comment(files: Files) -> bytes:
    return packed(files)[:-2] + struct.pack("<H", 60_000) + b"PK\x05\x06" * 15_000


def end_says(offset: int, kind: str, value: int) -> Callable[[Files], bytes]:
    """Writes a field of the record at the very end."""

    def make(files: Files) -> bytes:
        data = bytearray(packed(files))
        struct.pack_into(kind, data, data.rfind(END) + offset, value)
        return bytes(data)

    return make


def cut(share: float) -> Callable[[Files], bytes]:
    return lambda files: packed(files)[: int(len(packed(files)) * share)]


def other_local_name(files: Files) -> bytes:
    """The name before the data is another one than in the directory."""
    data = packed({**files, "red/QQQQ.png": b"x"})
    at = data.find(b"red/QQQQ.png")
    return data[:at] + b"../../Q9.png" + data[at + 12 :]


ALL = 4
ARCHIVES: dict[str, tuple[Callable[[Files], bytes], int]] = {
    "a name above": (named(b"../../../evil.png"), ALL),
    "a name above with backslashes": (named(b"red\\..\\..\\..\\evil.png"), ALL),
    "an absolute name": (named(b"/tmp/evil.png"), ALL),
    "a name with a drive": (named(b"C:\\evil.png"), ALL),
    "a name of a share": (named(b"\\\\server\\evil.png"), ALL),
    "a name with a zero": (named(b"red/a\0b/../../evil.png"), ALL),
    "a name with lines": (named(b"red/a\nb\x1b[31m.png"), ALL),
    "a name of nothing": (named(b"////"), ALL),
    "a name of dots": (named(b"red/...png"), ALL),
    "a name that is no text": (named(b"red/\xff\xfe\x80.png"), 0),
    "a name of a device": (named(b"red/con.png"), ALL),
    "a name that another is in": (lambda f: packed({**f, "red": b"x", "blue/0.png/1.png": b"x"}), 2),
    "a name of 60,000 letters": (lambda f: packed({**f, "red/" + "x" * 60_000 + ".png": b"x"}), ALL),
    "a folder of 300 levels": (lambda f: packed({**f, "red/" + "d/" * 300 + "x.png": b"x"}), ALL),
    "two of one name": (lambda f: renamed(packed({**f, "red/Q.png": b"x"}), "red/Q.png", b"red/0.png"), ALL),
    "empty folders in names": (lambda f: packed({**f, "red//x.png": b"x", "./red/./y.png": b"x"}), ALL),
    "a link": (linked(stat.S_IFLNK), ALL),
    "a device": (linked(stat.S_IFCHR), ALL),
    "a pipe": (linked(stat.S_IFIFO), ALL),
    "a bomb": (bomb(zipfile.ZIP_DEFLATED), 0),
    "a bomb of bzip2": (bomb(zipfile.ZIP_BZIP2), 0),
    "a bomb of lzma": (bomb(zipfile.ZIP_LZMA), 0),
    "a bomb that lies": (lying_bomb, ALL),
    "entries that overlap": (overlapping, 0),
    "archives in archives": (nested, ALL),
    "60,000 files": (many, ALL),
    "an encrypted file": (with_one("red/x.png", flags=1), ALL),
    "an encrypted directory": (with_one("red/x.png", flags=1 << 13), ALL),
    "an unknown method": (with_one("red/x.png", method=99), ALL),
    "another method than it is": (with_one("red/x.png", method=zipfile.ZIP_BZIP2), ALL),
    "another sum": (with_one("red/x.png", crc=1), ALL),
    "a size too large": (with_one("red/x.png", unpacked=50_000_000), ALL),
    "a size of nothing": (with_one("red/x.png", unpacked=0), ALL),
    "a packed size too large": (with_one("red/x.png", packed=2**32 - 2), 0),
    "a place after the end": (with_one("red/x.png", offset=2**31), ALL),
    "a place in another file": (with_one("red/x.png", offset=7), ALL),
    "a newer version": (with_one("red/x.png", version=99), 0),
    "another disk": (with_one("red/x.png", disk=7), ALL),
    "a time that is none": (with_one("red/x.png", time=0xFFFF, date=0), ALL),
    "a longer name than there is": (with_one("red/x.png", name=60_000), 0),
    "a longer extra than there is": (with_one("red/x.png", extra=60_000), 0),
    "a name that the data contradicts": (other_local_name, ALL),
    "a second name that leads out": (unicode_path, 0),
    "extra fields that are none": (broken_extra, 0),
    "a comment full of ends": (comment, 0),
    "something before it": (lambda f: b"#!/bin/sh\n" * 100 + packed(f), ALL),
    "more entries than there are": (end_says(10, "<H", 60_000), 0),
    "a directory elsewhere": (end_says(16, "<I", 2**31), 0),
    "a directory of nothing": (end_says(12, "<I", 0), 0),
    "another number of disks": (end_says(4, "<H", 9), 0),
    "a directory in 64 bits": (end_says(16, "<I", 2**32 - 1), 0),
    "cut off at the end": (cut(0.99), 0),
    "cut off in the middle": (cut(0.5), 0),
    "nothing in it": (lambda f: packed({}), 0),
    "a table that names above": (
        lambda f: packed({**f, "labels.csv": b"file,class\n../../secret.png,red\nred/0.png,red\nblue/0.png,blue\n"}), 2),
    "a table of 200 MB": (lambda f: packed({**f, "labels.csv": b"file,class\n" + bytes(200_000_000)}), 0),
}  # fmt: skip
