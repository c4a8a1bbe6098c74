"""Reads back what is drawn on the pages of a PDF made by reportlab."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_streams(path: Path) -> list[bytes]:
    """The decoded streams of a PDF: pages, fonts, maps."""
    found = []
    for coded in re.findall(rb"stream\r?\n(.*?)endstream", path.read_bytes(), re.DOTALL):
        packed = coded.strip()
        if packed.endswith(b"~>"):
            packed = base64.a85decode(packed.removesuffix(b"~>"))
        found.append(zlib.decompress(packed))
    return found


def pdf_pages(path: Path) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", path.read_bytes()))


def pdf_text(path: Path) -> str:
    """All that is drawn in ASCII, piece after piece; what has no ASCII code of its own becomes a blank."""
    pieces = []
    for stream in pdf_streams(path):
        for shown in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", stream, re.DOTALL):
            pieces.append(re.sub(rb"\\(\d{3}|.)", _unescape, shown, flags=re.DOTALL))
    text = b" ".join(pieces).decode("latin-1")
    return " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) % 256]) if code.isdigit() else _ESCAPES.get(code, code)
