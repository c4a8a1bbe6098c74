"""Places in a picture that are found again in a copy of it which a person has changed: mirrored, turned, cut, moved, framed.

Landmarks are blobs, lighter or darker than what lies around them, found at every size (extrema of differences of Gaussians,
D. Lowe, "Distinctive image features from scale-invariant keypoints", 2004). What surrounds one is read on rings around it and
described by the strengths of its angular frequencies and by how those of neighbouring rings go together, which neither a turn
nor a mirror changes. So one description does for every pose.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images.blurs import Grey, blurred

EDGE = 112  # side of the square that has as many pixels as the grey picture that is looked at
LONGEST = 250  # pixels of its longer side, for strips
MOST = 40  # landmarks of one picture, the clearest first
RINGS = np.array([0.8, 1.6, 2.4, 3.2, 4.0], np.float32)  # radii in units of the landmark's size
ANGLES, FREQUENCIES = 24, 6
WIDTH = len(RINGS) * (1 + FREQUENCIES) + (len(RINGS) - 1) * FREQUENCIES
FIRST, STEPS, OCTAVES = 1.6, 2, 3  # the smallest Gaussian in pixels, how many to a doubling, and how many doublings
LEAST = 0.3  # grey levels by which a blob differs from what lies around it
ROUND = 12.0  # squared trace over determinant of its curvatures; lines, which are found anywhere along themselves, have more
FRAME_TOLERANCE = 6  # grey levels in any channel; compression makes no more of a frame of one colour
FRAME_SHARE = 0.98  # of a line of pixels that must be of the frame's colour
FRAME_MOST = 0.6  # of the picture's height or width; what is left then is too little
FRAME_SEAM = 2  # pixels that are cut off with a frame: there the two run into each other


class Landmarks(NamedTuple):
    """place: complex64, (n,), x + iy in pixels of `grey`. look: float32, (n, WIDTH), of unit length: see above."""

    place: npt.NDArray[np.complex64]
    look: npt.NDArray[np.float32]


def unframed(picture: Image.Image) -> Image.Image:
    """An RGB picture without a frame or bars of one colour around it."""
    pixels = np.asarray(picture)
    height, width = pixels.shape[:2]
    across = pixels.transpose(1, 0, 2)
    left, top, right, bottom = (_frame(lines) for lines in (across, pixels, across[::-1], pixels[::-1]))
    if left + right > FRAME_MOST * width or top + bottom > FRAME_MOST * height:
        return picture
    cut = [side + FRAME_SEAM if side else 0 for side in (left, top, right, bottom)]
    if not any(cut) or cut[0] + cut[2] >= width or cut[1] + cut[3] >= height:
        return picture
    return picture.crop((cut[0], cut[1], width - cut[2], height - cut[3]))


def _frame(lines: npt.NDArray[np.uint8]) -> int:
    """How many of the first lines, (n, length, 3), have the colour of the outermost."""
    colour = np.sort(lines[0], axis=0)[lines.shape[1] // 2].astype(np.int16)
    for n, line in enumerate(lines):
        if np.count_nonzero((np.abs(line - colour) <= FRAME_TOLERANCE).all(axis=1)) < FRAME_SHARE * len(line):
            return n
    return len(lines)


def grey(picture: Image.Image) -> Grey:
    """The picture as landmarks are looked for in it, (height, width) in grey levels: about EDGE² pixels whatever its shape."""
    size = picture.size
    scale = min(EDGE / (size[0] * size[1]) ** 0.5, LONGEST / max(size))
    small = (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
    way = Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BICUBIC
    return np.asarray(picture.convert("L").resize(small, way), np.float32)


def landmarks(picture: Grey) -> Landmarks:
    """The clearest landmarks of a picture from `grey`, at most MOST; none of a plain one."""
    found = _landmarks(picture)
    mean, spread = _usual()
    look = (found.look - mean) / spread
    return Landmarks(found.place, look / (np.linalg.norm(look, axis=1, keepdims=True) + 1e-9))


@lru_cache(maxsize=1)
def _usual() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and spread of each number of a look in pictures of chance, so that all numbers count alike: (WIDTH,) each."""
    rng = np.random.default_rng(0)
    looks = []
    for _ in range(12):
        grains = (
            blurred(rng.normal(0, 60 * width, (EDGE, EDGE)).astype(np.float32), [width]) for width in (1, 2, 4, 8, 16)
        )
        looks.append(_landmarks(np.sum(list(grains), axis=0)[0]).look)
    every = np.concatenate(looks)
    return every.mean(axis=0), every.std(axis=0) + np.float32(1e-6)


class _Blobs(NamedTuple):
    """The extrema of one octave, (n,) each: level in steps, y and x in pixels of the octave, with fractions, and strength."""

    level: Grey
    y: Grey
    x: Grey
    strength: Grey


def _landmarks(picture: Grey) -> Landmarks:
    """As `landmarks`, the looks as they were measured."""
    octaves = list(_octaves(picture))
    found = [_blobs(stack[1:] - stack[:-1]) for stack in octaves]
    # Half of what surrounds a landmark at the edge is not there: such a one is taken where there are no others.
    strength = [
        blobs.strength * np.where(_inside(blobs, stack.shape[1:]), 1.0, 0.3)
        for blobs, stack in zip(found, octaves, strict=True)
    ]
    clearest = np.argsort(-np.concatenate(strength), kind="stable")[:MOST]
    place, look = np.empty(len(clearest), np.complex64), np.empty((len(clearest), WIDTH), np.float32)
    octave = np.repeat(np.arange(len(octaves)), [len(blobs.y) for blobs in found])[clearest]
    for n, (blobs, stack) in enumerate(zip(found, octaves, strict=True)):
        here = np.flatnonzero(octave == n)
        if len(here):
            before = sum(len(each.y) for each in found[:n])
            chosen = _Blobs(*(values[clearest[here] - before] for values in blobs))
            place[here] = (chosen.x + 1j * chosen.y) * 2**n
            look[here] = _surroundings(stack, chosen)
    return Landmarks(place, look)


def _octaves(picture: Grey) -> Iterator[npt.NDArray[np.float32]]:
    """The picture ever more blurred, (levels, height, width), each time at half the size of the time before."""
    widths = [FIRST * 2 ** (n / STEPS) for n in range(STEPS + 3)]
    further = [(width * width - FIRST * FIRST) ** 0.5 for width in widths[1:]]
    stack = blurred(picture, widths)
    for _ in range(OCTAVES):
        yield stack
        half = stack[STEPS][::2, ::2]
        if min(half.shape) < 8:
            return
        stack = np.concatenate([half[None], blurred(half, further)])


def _blobs(between: npt.NDArray[np.float32]) -> _Blobs:
    """The extrema of (levels, height, width)."""
    size = np.abs(between)
    largest = np.maximum(np.maximum(size[:-2], size[1:-1]), size[2:])
    largest = np.maximum(np.maximum(largest[:, :-2], largest[:, 1:-1]), largest[:, 2:])
    largest = np.maximum(np.maximum(largest[:, :, :-2], largest[:, :, 1:-1]), largest[:, :, 2:])
    inner = size[1:-1, 1:-1, 1:-1]
    peak = (inner == largest) & (inner > LEAST)
    level, y, x = np.nonzero(peak[:, 2:-2, 2:-2])
    level, y, x = level + 1, y + 3, x + 3
    here = between[level, y, x]
    before, after = between[level - 1, y, x], between[level + 1, y, x]
    left, right, above, below = (between[level, y + dy, x + dx] for dy, dx in ((0, -1), (0, 1), (-1, 0), (1, 0)))
    across, down = left + right - 2 * here, above + below - 2 * here
    mixed = (
        between[level, y + 1, x + 1]
        + between[level, y - 1, x - 1]
        - between[level, y + 1, x - 1]
        - between[level, y - 1, x + 1]
    ) / 4
    curved = across * down - mixed * mixed
    good = (curved > 0) & ((across + down) ** 2 < ROUND * curved)
    found = (
        level + _between(before, here, after),
        y + _between(above, here, below),
        x + _between(left, here, right),
        np.abs(here),
    )
    return _Blobs(*(values[good].astype(np.float32) for values in found))


def _between(before: Grey, here: Grey, after: Grey) -> Grey:
    """Where between its neighbours the peak of a parabola lies, -0.5 … 0.5."""
    bend = before + after - 2 * here
    peak: Grey = (0.5 * (before - after) / np.where(np.abs(bend) > 1e-6, bend, 1e6)).clip(-0.5, 0.5)
    return peak


_TURN = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * np.pi / ANGLES)
_DOWN, _ACROSS = np.sin(_TURN), np.cos(_TURN)


def _rings(blobs: _Blobs) -> tuple[Grey, Grey]:
    """y and x of the places around each blob, (n, rings, angles)."""
    radius = FIRST * 2 ** (blobs.level / STEPS)[:, None, None] * RINGS[None, :, None]
    return blobs.y[:, None, None] + radius * _DOWN, blobs.x[:, None, None] + radius * _ACROSS


def _inside(blobs: _Blobs, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Whether what surrounds them lies in a picture of this (height, width), (n,)."""
    down, across = _rings(blobs)
    there = (down >= 0) & (across >= 0) & (down <= shape[0] - 1) & (across <= shape[1] - 1)
    inside: npt.NDArray[np.bool_] = there.mean(axis=(1, 2)) > 0.95
    return inside


def _surroundings(stack: npt.NDArray[np.float32], blobs: _Blobs) -> npt.NDArray[np.float32]:
    """(n, WIDTH). stack: (levels, height, width), the blurred picture."""
    # Half a level sharper than the blob itself: read as finely as it is large, whatever its size.
    values = _read(stack, blobs.level - 0.5, *_rings(blobs))
    values -= values.mean(axis=(1, 2), keepdims=True)
    # Lighter, darker or harder is the same.
    values /= np.sqrt((values * values).mean(axis=(1, 2), keepdims=True)) + 1e-3
    waves = np.fft.rfft(values, axis=2)[:, :, : FREQUENCIES + 1] / ANGLES
    strength = np.abs(waves[:, :, 1:])
    together = (waves[:, :-1, 1:] * np.conj(waves[:, 1:, 1:])).real / np.sqrt(strength[:, :-1] * strength[:, 1:] + 1e-4)
    n = len(values)
    told = (waves[:, :, 0].real, strength, together)
    return np.concatenate([part.reshape(n, -1) for part in told], axis=1).astype(np.float32)


def _read(stack: Grey, depth: Grey, down: Grey, across: Grey) -> Grey:
    """Values between levels and pixels, those of the edges beyond them. depth: (n,); down, across, and the result: (n, …)."""
    levels, height, width = stack.shape
    y, x = down.clip(0, height - 1), across.clip(0, width - 1)
    top, left = np.minimum(y.astype(np.int32), height - 2), np.minimum(x.astype(np.int32), width - 2)
    level = np.minimum(depth.astype(np.int32), levels - 2)
    corner = (level[:, None, None] * height + top) * width + left
    y, x = y - top, x - left
    values = stack.ravel()

    def at(corner: npt.NDArray[np.int32]) -> Grey:
        a, b, c, d = (values.take(corner + beside) for beside in (0, 1, width, width + 1))
        above = a + (b - a) * x
        result: Grey = above + (c + (d - c) * x - above) * y
        return result

    sharper, softer = at(corner), at(corner + height * width)
    result: Grey = sharper + (softer - sharper) * (depth - level)[:, None, None]
    return result


# --- as they are kept --------------------------------------------------------------------------------------------------

VERSION = 2
SHAPE = (MOST, WIDTH + 4)  # of one picture's: two bytes each for y and x, and the look; zeros where there are fewer
_FINE = 128  # parts of a pixel


def packed(found: Landmarks) -> npt.NDArray[np.int8]:
    """As int8, SHAPE."""
    rows = np.zeros(SHAPE, np.int8)
    n = len(found.place)
    places = np.stack([found.place.imag, found.place.real], axis=1) * _FINE
    rows[:n, :4] = np.ascontiguousarray(places.round().astype("<u2")).view(np.int8).reshape(n, 4)
    rows[:n, 4:] = (found.look * 127).round()
    return rows


def landmarks_of(picture: Image.Image) -> npt.NDArray[np.int8]:
    """Those of a small picture of any mode, as they are kept."""
    return packed(landmarks(grey(unframed(picture.convert("RGB")))))


def unpacked(rows: npt.NDArray[np.int8]) -> Landmarks:
    there = rows[rows[:, 4:].any(axis=1)]
    places = np.ascontiguousarray(there[:, :4]).view("<u2").reshape(len(there), 2) / _FINE
    return Landmarks((places[:, 1] + 1j * places[:, 0]).astype(np.complex64), unit(there[:, 4:]))


def unit(looks: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Looks as they are kept, (n, WIDTH), at unit length."""
    values = looks.astype(np.float32)
    length: npt.NDArray[np.float32] = values / (np.linalg.norm(values, axis=1, keepdims=True) + np.float32(1e-9))
    return length
