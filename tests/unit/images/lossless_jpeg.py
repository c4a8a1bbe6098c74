"""JPEG Lossless, written by hand: ITU-T T.81, process 14, one grey component."""

from __future__ import annotations

import struct

import numpy as np

from tests.unit.images.kinds import Array

LENGTH = 5  # bits of every code: 17 categories have room in 32


def encode(values: Array, bits: int, predictor: int = 1) -> bytes:
    """values: (height, width), below 2 ** bits. predictor: 1 left, 2 above, 7 their mean."""
    height, width = values.shape
    wide = values.astype(np.int64)
    left, above = np.roll(wide, 1, axis=1), np.roll(wide, 1, axis=0)
    guess = {1: left, 2: above, 7: (left + above) >> 1}[predictor]
    guess[0, 1:], guess[1:, 0], guess[0, 0] = wide[0, :-1], wide[:-1, 0], 1 << (bits - 1)
    difference = (wide - guess + 32_768) % 65_536 - 32_768
    stream = "".join(_code(int(d)) for d in difference.ravel())
    stream += "1" * (-len(stream) % 8)
    data = bytes(int(stream[i : i + 8], 2) for i in range(0, len(stream), 8)).replace(b"\xff", b"\xff\x00")
    table = bytes(17 if length == LENGTH else 0 for length in range(1, 17)) + bytes(range(17))
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xC3, struct.pack(">BHHBBBB", bits, height, width, 1, 1, 0x11, 0)),
            _segment(0xC4, b"\0" + table),
            _segment(0xDA, bytes((1, 1, 0, predictor, 0, 0))),
            data,
            b"\xff\xd9",
        )
    )


def _code(difference: int) -> str:
    size = 16 if difference == -32_768 else abs(difference).bit_length()
    more = (
        "" if size in (0, 16) else format(difference if difference > 0 else difference + (1 << size) - 1, f"0{size}b")
    )
    return format(size, f"0{LENGTH}b") + more


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
