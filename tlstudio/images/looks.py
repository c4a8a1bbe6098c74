"""How a picture looks, in 64 bits: pictures that look alike have hashes that differ in few bits.

The hash is the usual one of the discrete cosine transform (C. Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010): 63 low frequencies of the grey picture, each a bit that says whether it is above their median. It survives
other sizes, compression, brightness and small crops. It says nothing about fine detail, so in a series of similar subjects
different pictures may share it: what it finds are candidates, and `tlstudio.images.alike` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from PIL import Image

EDGE, KEPT = 32, 8  # the picture's size before the transform, and how many frequencies are kept in each direction
NOTHING = "0" * 16  # a picture without contrast looks like nothing; no other picture has this hash
LEAST_CONTRAST = 2.0  # standard deviation of the grey values, 0 … 255
DISTANCE = 10  # bits; a crop of three percent changes up to this many
BANDS, BAND_BITS = 4, 16
CHUNK = 4_000_000  # pairs looked at in one go, to bound the memory

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


def _cosines() -> npt.NDArray[np.float32]:
    """The first KEPT rows of the orthonormal discrete cosine transform (type II) of EDGE values."""
    k, x = np.arange(KEPT)[:, None], np.arange(EDGE)[None, :]
    rows = np.cos(np.pi * k * (2 * x + 1) / (2 * EDGE)) * np.sqrt(2 / EDGE)
    rows[0] /= np.sqrt(2)
    result: npt.NDArray[np.float32] = rows.astype(np.float32)
    return result


COSINES = _cosines()


def look(picture: Image.Image) -> str:
    """The hash as 16 hex digits; NOTHING for a picture of nearly one grey. Any mode and size; a thumbnail is large enough."""
    small = picture.convert("L").resize((EDGE, EDGE), Image.Resampling.BOX if min(picture.size) >= 2 * EDGE else None)
    grey = np.asarray(small, np.float32)
    if grey.std() < LEAST_CONTRAST:
        return NOTHING
    frequencies = (COSINES @ grey @ COSINES.T).ravel()[1:]
    bits = frequencies > np.median(frequencies)
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def similar(looks: Sequence[str], distance: int = DISTANCE) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of hashes that differ in at most `distance` bits (0 … 15), sorted. NOTHING and "" match nothing.

    Exact, and without comparing all pairs: see `near`.
    """
    first, second, _ = near(looks, distance)
    order = np.lexsort((second, first))
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


def near(looks: Sequence[str], distance: int = DISTANCE) -> tuple[Indices, Indices, npt.NDArray[np.uint8]]:
    """The pairs of `similar` as arrays: i, j (int64) and the number of bits (uint8), each pair once, in no order.

    Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, "Fast exact search in Hamming space with multi-index hashing", 2014):
    of four bands of 16 bits, at least one differs in a quarter of the bits at most, so that only hashes that agree in a band,
    up to those few bits, are compared.
    """
    if not 0 <= distance < BAND_BITS:
        raise ValueError("distance is 0 … 15")
    there = np.array([i for i, text in enumerate(looks) if text and text != NOTHING], np.int64)
    hashes = np.array([int(looks[i], 16) for i in there], np.uint64)
    found = [_in_band(hashes, band, distance) for band in range(BANDS)] if len(hashes) else []
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)
    first, second, bits = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return there[first], there[second], bits


def _in_band(hashes: Hashes, band: int, distance: int) -> tuple[Indices, Indices, npt.NDArray[np.uint8]]:
    """The pairs that this band finds and no band before it."""
    reach = distance // BANDS
    values = _band(hashes, band)
    order = np.argsort(values, kind="stable")
    starts = np.searchsorted(values[order], np.arange(2**BAND_BITS + 1))
    firsts, seconds, bits = [], [], []
    for mask in _masks(reach):
        for left, right in _partners(values, order, starts, mask):
            apart = np.bitwise_count(hashes[left] ^ hashes[right])
            keep = (apart <= distance) & (left < right)
            left, right, apart = left[keep], right[keep], apart[keep]  # noqa: PLW2901
            fresh = np.ones(len(left), bool)
            for earlier in range(band):
                fresh &= np.bitwise_count(_band(hashes[left] ^ hashes[right], earlier)) > reach
            firsts.append(left[fresh])
            seconds.append(right[fresh])
            bits.append(apart[fresh])
    return np.concatenate(firsts), np.concatenate(seconds), np.concatenate(bits)


def _band(hashes: Hashes, band: int) -> Indices:
    return ((hashes >> np.uint64(band * BAND_BITS)) & np.uint64(2**BAND_BITS - 1)).astype(np.int64)


def _masks(reach: int) -> Iterator[int]:
    """All patterns of a band with at most `reach` bits set."""
    for count in range(reach + 1):
        for places in combinations(range(BAND_BITS), count):
            yield sum(1 << place for place in places)


def _partners(values: Indices, order: Indices, starts: Indices, mask: int) -> Iterator[tuple[Indices, Indices]]:
    """All (i, j) with values[i] ^ values[j] == mask, in parts of about CHUNK."""
    wanted = values[order] ^ mask
    begin, amount = starts[wanted], starts[wanted + 1] - starts[wanted]
    ends = np.cumsum(amount)
    edge = 0
    while edge < len(order):
        before = ends[edge - 1] if edge else 0
        upto = max(edge + 1, int(np.searchsorted(ends, before + CHUNK, side="right")))
        part = slice(edge, upto)
        counts = amount[part]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        yield np.repeat(order[part], counts), order[np.repeat(begin[part], counts) + offsets]
        edge = upto
