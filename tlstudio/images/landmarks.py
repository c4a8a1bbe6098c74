"""Places in a picture that are found again in a copy of it which a person has changed: mirrored, turned, cut, moved, framed.

Landmarks are blobs, lighter or darker than what lies around them, found at every size (extrema of differences of Gaussians,
D. Lowe, "Distinctive image features from scale-invariant keypoints", 2004). What surrounds one is read on rings around it and
described by the strengths of its angular frequencies and by how those of neighbouring rings go together, which neither a turn
nor a mirror changes. So one description does for every pose.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

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

Grey = npt.NDArray[np.float32]


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
    colour = np.median(lines[0], axis=0)
    for n, line in enumerate(lines):
        if (np.abs(line - colour).max(axis=1) <= FRAME_TOLERANCE).mean() < FRAME_SHARE:
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
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    looks = []
    for _ in range(12):
        grains = (gaussian_filter(rng.normal(0, 60 * width, (EDGE, EDGE)), width) for width in (1, 2, 4, 8, 16))
        looks.append(_landmarks(np.sum(list(grains), axis=0).astype(np.float32)).look)
    every = np.concatenate(looks)
    return every.mean(axis=0), every.std(axis=0) + np.float32(1e-6)


def _landmarks(picture: Grey) -> Landmarks:
    """As `landmarks`, the looks as they were measured."""
    from scipy.ndimage import gaussian_filter  # a quarter of a second that other work of this room needs not wait for

    step = 2 ** (1 / STEPS)
    current, scale = gaussian_filter(picture, FIRST, truncate=3), 1.0
    places, looks, strengths = [], [], []
    for _ in range(OCTAVES):
        levels, width = [current], FIRST
        for _ in range(STEPS + 2):
            levels.append(gaussian_filter(levels[-1], width * (step * step - 1) ** 0.5, truncate=3))
            width *= step
        stack = np.stack(levels)
        level, y, x, strength = _blobs(stack[1:] - stack[:-1])
        if len(level):
            look, inside = _surroundings(stack, level, y, x, FIRST * step**level)
            places.append((x + 1j * y) * scale)
            looks.append(look)
            # Half of what surrounds a landmark at the edge is not there: such a one is taken where there are no others.
            strengths.append(strength * np.where(inside, 1.0, 0.3))
        current, scale = stack[STEPS][::2, ::2], scale * 2
        if min(current.shape) < 8:
            break
    if not places:
        return Landmarks(np.empty(0, np.complex64), np.empty((0, WIDTH), np.float32))
    clearest = np.argsort(-np.concatenate(strengths), kind="stable")[:MOST]
    return Landmarks(
        np.concatenate(places)[clearest].astype(np.complex64), np.concatenate(looks)[clearest].astype(np.float32)
    )


def _blobs(between: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
    """Level (in steps), y and x (both in pixels, with fractions) and strength of the extrema of (levels, height, width)."""
    from scipy.ndimage import maximum_filter

    size = np.abs(between)
    peak = (size[1:-1] == maximum_filter(size, 3, mode="nearest")[1:-1]) & (size[1:-1] > LEAST)
    peak[:, :3], peak[:, -3:], peak[:, :, :3], peak[:, :, -3:] = False, False, False, False
    level, y, x = np.nonzero(peak)
    level += 1
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
    return tuple(values[good].astype(np.float32) for values in found)


def _between(before: Grey, here: Grey, after: Grey) -> Grey:
    """Where between its neighbours the peak of a parabola lies, -0.5 … 0.5."""
    bend = before + after - 2 * here
    peak: Grey = (0.5 * (before - after) / np.where(np.abs(bend) > 1e-6, bend, 1e6)).clip(-0.5, 0.5)
    return peak


_TURN = np.arange(ANGLES) * 2 * np.pi / ANGLES


def _surroundings(
    stack: npt.NDArray[np.float32], level: Grey, y: Grey, x: Grey, size: Grey
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """(n, WIDTH), and whether they lie in the picture, (n,). stack: (levels, height, width), the blurred picture."""
    from scipy.ndimage import map_coordinates

    radius = size[:, None, None] * RINGS[None, :, None]
    down, across = y[:, None, None] + radius * np.sin(_TURN), x[:, None, None] + radius * np.cos(_TURN)
    # Half a level sharper than the blob itself: read as finely as it is large, whatever its size.
    depth = np.broadcast_to((level - 0.5)[:, None, None], down.shape)
    values = map_coordinates(stack, [depth, down, across], order=1, mode="nearest")
    height, width = stack.shape[1:]
    inside = ((down >= 0) & (across >= 0) & (down <= height - 1) & (across <= width - 1)).mean(axis=(1, 2)) > 0.95
    values -= values.mean(axis=(1, 2), keepdims=True)
    values /= (
        np.sqrt((values * values).mean(axis=(1, 2), keepdims=True)) + 1e-3
    )  # lighter, darker or harder is the same
    waves = np.fft.rfft(values, axis=2)[:, :, : FREQUENCIES + 1] / ANGLES
    strength = np.abs(waves[:, :, 1:])
    together = (waves[:, :-1, 1:] * np.conj(waves[:, 1:, 1:])).real / np.sqrt(strength[:, :-1] * strength[:, 1:] + 1e-4)
    n = len(values)
    told = (waves[:, :, 0].real, strength, together)
    return np.concatenate([part.reshape(n, -1) for part in told], axis=1).astype(np.float32), inside


# --- as they are kept --------------------------------------------------------------------------------------------------

VERSION = 1
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
