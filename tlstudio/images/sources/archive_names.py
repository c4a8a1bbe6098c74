"""The names in a ZIP file, and which of them can be used.

A name in an archive is what it was where the archive was made: in UTF-8, with the flag that says so or without (macOS and older
programs), in a field of its own (Info-ZIP), or in that computer's code page. On this computer's disk it may be impossible
(`grade: 2`, 300 letters) or taken (`1.PNG` beside `1.png`); a file is then written under a name that is free, and keeps its
class and folders.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from contextlib import suppress

from tlstudio.domain.importing import Encoding
from tlstudio.images.scan import readable
from tlstudio.images.sources.encodings import decode, guess, is_utf8, read_as, some_of, told
from tlstudio.images.sources.lookup import is_absolute

MAX_NAME = 1024
ENCRYPTED, UTF8_FLAG = 0x1, 0x800
UNICODE_PATH = 0x7075  # Info-ZIP's field for a name in UTF-8


def names_of(entries: list[zipfile.ZipInfo], wished: str) -> tuple[list[str], Encoding | None]:
    """The names in an archive, and how those were read that don't say their encoding; `/` between folders everywhere."""
    raw = [_raw(entry) for entry in entries]
    unsaid = [data for data in raw if isinstance(data, bytes) and not is_utf8(data)]
    if not unsaid:
        return [_plain(data if isinstance(data, str) else data.decode()) for data in raw], None
    found = decode(b"\n".join(unsaid), wished) if wished else told(b"\n".join(unsaid), guess(_words(unsaid)))
    encoding = found.encoding
    assert encoding is not None
    names = [
        _plain(data if isinstance(data, str) else data.decode() if is_utf8(data) else read_as(data, encoding.key))
        for data in raw
    ]
    return names, encoding


def _words(names: list[bytes]) -> list[bytes]:
    """What the encoding is told from: folders and files, each once."""
    pieces = dict.fromkeys(piece for name in names for piece in name.split(b"/") if not piece.isascii())
    return some_of(list(pieces))


def _raw(entry: zipfile.ZipInfo) -> str | bytes:
    """The name, or its bytes where nothing says how they are encoded."""
    if entry.flag_bits & UTF8_FLAG:
        return entry.orig_filename
    data = entry.orig_filename.encode("cp437")  # as zipfile reads bytes that say nothing, which loses none of them
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = int.from_bytes(extra[:2], "little"), int.from_bytes(extra[2:4], "little")
        if kind == UNICODE_PATH and extra[4:5] == b"\1" and int.from_bytes(extra[5:9], "little") == zlib.crc32(data):
            with suppress(UnicodeDecodeError):
                return extra[9 : 4 + size].decode()
        extra = extra[4 + size :]
    return data


def _plain(name: str) -> str:
    return name.split("\0", 1)[0].replace("\\", "/")


def why_refused(entry: zipfile.ZipInfo, name: str) -> str:
    mode = entry.external_attr >> 16
    reason = ""
    if entry.flag_bits & ENCRYPTED:
        reason = "The file is encrypted. Make an archive without a password."
    elif is_absolute(name) or ".." in name.split("/"):
        reason = "Its name leads out of the archive."
    elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        reason = "It is a link or a device, not a file."
    elif len(name) > MAX_NAME:
        reason = f"Its name is longer than {MAX_NAME:,} signs."
    elif not name or any(ord(c) < 32 for c in name) or not readable(name):
        reason = "Its name can't be used."
    return reason
