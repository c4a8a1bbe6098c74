"""How one picture lies on another: which way round, turned, moved, larger, cut; found from landmarks, then made exact."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tlstudio.images.blurs import Grey
from tlstudio.images.landmarks import MOST, WIDTH, Landmarks

# A pose: (2, 3) float64. Where (y, x) of the first picture lies in the second: pose @ (y, x, 1), both in pixels.
Pose = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complexfloating]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.float32]  # (2, n) or (3, n): y and x in pixels, and 1

LIKE = 0.6  # cosine of what surrounds two landmarks, from which they may be one
PARTNERS = 20  # pairs of landmarks that a pose is looked for in, the most alike first
PROPOSING = 12  # of these, each two propose one
CLOSE = 5.0  # pixels between where a landmark lies and where the pose puts it
APART = 8.0  # pixels between two landmarks that give a pose
SCALES = (0.45, 2.2)  # by how much one of two copies may be larger
COARSE_BLUR, FINE_BLUR = 3.0, 1.5  # widths in pixels
HALF = 2  # the coarse picture has every second pixel of every second line
STEP, ROUNDS = (
    3,
    6,
)  # every so many pixels of the picture are compared (of the coarse one: every second), at most so often
STRAY, LEAST_STRAY = 4.0, 2.0  # times the usual difference, and grey levels, from which a pixel is left out
STILL = 0.2, 0.03  # pixels by which a round must move something for another to follow, on coarse and on fine pictures
LEAST_PIXELS = 60
EDGE_SHARE = 0.08  # of a picture at its edges is not judged: a turn or a shift leaves a stranger's colour there
PROMISING = 0.75  # correlation of the coarse pictures, from which it is worth to look closer; no copy tried had less


class Partners(NamedTuple):
    """Landmarks of two pictures that may be one, of many pairs of pictures: each the most like the other.

    first, second: complex64, (pairs, PARTNERS), their places, the most alike first; there: which of them are, (pairs, PARTNERS).
    """

    first: Complex
    second: Complex
    there: Mask


class Found(NamedTuple):
    """How one picture may lie on another, and how many landmarks agree on it."""

    pose: Pose
    basis: int


def found_poses(
    first: Sequence[Landmarks], second: Sequence[Landmarks], *, least: int, share: float
) -> list[Found | None]:
    """For each pair of pictures the pose that most of their landmarks agree on, with or without a mirror.

    None where that are fewer than `least`, or less than this share of all that choose each other.
    """
    if not first:
        return []
    pairs = _partners(_padded(first), _padded(second))
    straight, mirrored = _agreeing(pairs), _agreeing(pairs._replace(first=np.conj(pairs.first)))
    is_mirrored = mirrored.sum(axis=1) > straight.sum(axis=1)
    use = np.where(is_mirrored[:, None], mirrored, straight)
    basis = use.sum(axis=1)
    enough = basis >= np.maximum(least, share * pairs.there.sum(axis=1))
    found: list[Found | None] = [None] * len(first)
    for n in np.flatnonzero(enough).tolist():
        a, b = pairs.first[n][use[n]], pairs.second[n][use[n]]
        pose = _fitted(np.conj(a) if is_mirrored[n] else a, b, bool(is_mirrored[n]))
        found[n] = Found(pose, int(basis[n]))
    return found


def _padded(pictures: Sequence[Landmarks]) -> Landmarks:
    """One after the other, (pictures, MOST): zeros where there are fewer."""
    place, look = np.zeros((len(pictures), MOST), np.complex64), np.zeros((len(pictures), MOST, WIDTH), np.float32)
    for n, picture in enumerate(pictures):
        place[n, : len(picture.place)], look[n, : len(picture.place)] = picture.place, picture.look
    return Landmarks(place, look)


def _partners(a: Landmarks, b: Landmarks) -> Partners:
    like = a.look @ b.look.transpose(0, 2, 1)
    mine, theirs = like.argmax(axis=2), like.argmax(axis=1)
    best = like.max(axis=2)
    best[np.take_along_axis(theirs, mine, axis=1) != np.arange(MOST)] = 0
    order = np.argsort(-best, axis=1, kind="stable")[:, :PARTNERS]
    return Partners(
        np.take_along_axis(a.place, order, axis=1),
        np.take_along_axis(b.place, np.take_along_axis(mine, order, axis=1), axis=1),
        np.take_along_axis(best, order, axis=1) >= LIKE,
    )


def _agreeing(pairs: Partners) -> Mask:
    """Which partners agree on the pose that most agree on, (pairs, PARTNERS). Each two of the most alike propose one."""
    i, j = _couples(PROPOSING)
    a, b = pairs.first, pairs.second
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = (b[:, i] - b[:, j]) / (apart := a[:, i] - a[:, j])
        size = turn.real * turn.real + turn.imag * turn.imag
        likely = pairs.there[:, i] & pairs.there[:, j] & (size > SCALES[0] ** 2) & (size < SCALES[1] ** 2)
        likely &= apart.real * apart.real + apart.imag * apart.imag >= APART * APART
    turn[~likely] = 0
    move = b[:, i] - turn * a[:, i]
    off = turn[:, :, None] * a[:, None, :]
    off += move[:, :, None]
    off -= b[:, None, :]
    agreeing = off.real * off.real + off.imag * off.imag < CLOSE * CLOSE
    agreeing &= pairs.there[:, None, :] & likely[:, :, None]
    best = agreeing.sum(axis=2).argmax(axis=1)
    chosen: Mask = agreeing[np.arange(len(best)), best]
    return chosen


@lru_cache(maxsize=64)
def _couples(n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """All pairs of n things."""
    return np.triu_indices(n, 1)


def _fitted(a: Complex, b: Complex, mirrored: bool) -> Pose:
    """The pose that fits these landmarks best: least squares of b = turn * a + move in the plane of complex numbers."""
    from_middle = a - a.mean()
    turn = complex((np.conj(from_middle) * (b - b.mean())).sum() / (np.abs(from_middle) ** 2).sum())
    move = complex(b.mean() - turn * a.mean())
    sign = -1.0 if mirrored else 1.0
    # (x + iy) -> turn * (x ± iy) + move, written for (y, x).
    return np.array([[turn.real * sign, turn.imag, move.imag], [-turn.imag * sign, turn.real, move.real]])


def whole(first: tuple[int, ...], second: tuple[int, ...]) -> Pose:
    """The pose of two pictures, (height, width), that show the same from edge to edge."""
    down, across = (second[0] - 1) / (first[0] - 1), (second[1] - 1) / (first[1] - 1)
    return np.array([[down, 0, 0], [0, across, 0]], np.float64)


Shapes = tuple[tuple[int, ...], tuple[int, ...]]


def resized(pose: Pose, whole: Shapes, small: Shapes) -> Pose:
    """The same pose between two pictures of other sizes. whole, small: shapes of both, (height, width).

    A pixel is a square: where four become one, its middle is where they meet.
    """
    (h, w), (other_h, other_w) = whole
    down, across = small[0][0] / h, small[0][1] / w
    up = np.array([[1 / down, 0, 0.5 / down - 0.5], [0, 1 / across, 0.5 / across - 0.5], [0, 0, 1]])
    again = np.array([[small[1][0] / other_h], [small[1][1] / other_w]])
    moved = again * (pose @ up)
    moved[:, 2] += 0.5 * again[:, 0] - 0.5
    result: Pose = moved
    return result


@lru_cache(maxsize=256)
def places(shape: tuple[int, int], step: int = 1) -> Places:
    """y, x and 1 of every so many pixels, (3, n); not to be written to."""
    y, x = np.mgrid[0 : shape[0] : step, 0 : shape[1] : step]
    every = np.stack([y.ravel(), x.ravel(), np.ones(y.size)]).astype(np.float32)
    every.flags.writeable = False
    return every


def laid(at: Places, pose: Pose) -> Places:
    """Where these places, (3, n), lie in the second picture: y and x, (2, n)."""
    there: Places = pose.astype(np.float32) @ at
    return there


def within(at: Places, shape: tuple[int, ...], margin: float = 0.0) -> Mask:
    """Which places, (2 or 3, n), lie in a picture and at least `margin` pixels from its edges."""
    y, x = at[0], at[1]
    there: Mask = (y >= margin) & (x >= margin) & (y <= shape[0] - 1 - margin) & (x <= shape[1] - 1 - margin)
    return there


def apart_from_edges(
    first: Places, second: Places, shape: tuple[int, ...], other: tuple[int, ...], edge: float
) -> Mask:
    """Where both pictures are, without so much of each at the edges. first, second: where a place lies in each."""
    return within(first, shape, edge * min(shape)) & within(second, other, edge * min(other))


class _Read(NamedTuple):
    """What a picture is between its pixels, (n,) each: its value and its slopes down and across."""

    value: Grey
    down: Grey
    across: Grey


def _read(picture: Grey, at: Places) -> _Read:
    """At these places, or at the nearest one on the picture."""
    height, width = picture.shape
    y, x = at[0].clip(0, height - 1), at[1].clip(0, width - 1)
    top, left = np.minimum(y.astype(np.intp), height - 2), np.minimum(x.astype(np.intp), width - 2)
    down, across = y - top.astype(np.float32), x - left.astype(np.float32)
    values, corner = picture.ravel(), top * width + left
    a, b, c, d = (values.take(corner + beside) for beside in (0, 1, width, width + 1))
    above, below = b - a, d - c
    first, second = a + above * across, c + below * across
    slope = second - first
    return _Read(first + slope * down, slope, above + (below - above) * down)


def read(picture: Grey, at: Places) -> Grey:
    """Values at places between pixels, (n,); beyond the edges those of the edge. The picture has two pixels a side at least."""
    return _read(picture, at).value


def refined(first: Grey, second: Grey, pose: Pose, step: int, still: float) -> Pose:
    """The pose made exact: Gauss and Newton on the squared difference, brightness and contrast let free.

    B. Lucas and T. Kanade, "An iterative image registration technique", 1981, with an affine pose; the slopes are those of the
    second picture. Both are blurred: what is finer than the pose is wrong by would lead astray. It ends when a round moves
    nothing by `still` pixels.
    """
    at_first, local, half = _grid(first.shape, step)
    wanted = first[::step, ::step].ravel()
    level = wanted.mean()
    wanted = wanted - level
    fits = np.ones(len(wanted), bool)
    steep = np.ones((8, len(wanted)), np.float32)
    middle = np.array([(edge - 1) / 2 for edge in first.shape])
    for _ in range(ROUNDS):
        at = laid(at_first, pose)
        use = fits & (inside := within(at, second.shape))
        if np.count_nonzero(use) < LEAST_PIXELS:
            break
        there = _read(second, at)
        # value * gain + offset + steep * change = wanted: linear in all eight.
        np.multiply(local, there.down, out=steep[:3])
        np.multiply(local, there.across, out=steep[3:6])
        np.subtract(there.value, level, out=steep[6])
        weighed = steep * use
        answer = np.linalg.solve((weighed @ steep.T).astype(np.float64) + 1e-3 * np.eye(8), weighed @ wanted)
        off = np.abs(answer.astype(np.float32) @ steep - wanted)
        # The corners that a turn leaves black, a mark, a defect: what doesn't fit must not pull the rest.
        usual = off[use]
        usual.partition(len(usual) // 2)
        fits = ~inside | (off <= max(STRAY * float(usual[len(usual) // 2]), LEAST_STRAY))
        change = (answer[:6] / max(float(answer[6]), 0.1)).reshape(2, 3)
        largest = float(np.abs(change).max())
        change *= min(1.0, 4.0 / max(largest, 1e-9))  # a leap leads astray
        linear = change[:, :2] / half
        pose = pose + np.concatenate([linear, (change[:, 2] - linear @ middle)[:, None]], axis=1)
        if largest < still:
            break
    return pose


@lru_cache(maxsize=256)
def _grid(shape: tuple[int, int], step: int) -> tuple[Places, Places, float]:
    """The places of every so many pixels, the same seen from the middle in units of half the longer side, and that half."""
    at, half = places(shape, step), max(shape) / 2
    y, x, one = at
    local = np.stack([(y - (shape[0] - 1) / 2) / half, (x - (shape[1] - 1) / 2) / half, one]).astype(np.float32)
    return at, local, half


def coarse(picture: Grey) -> Grey:
    """The blurred picture as `roughly` takes it."""
    return np.ascontiguousarray(picture[::HALF, ::HALF])


def roughly(first: Grey, second: Grey, pose: Pose, least: float = PROMISING) -> Pose | None:
    """The pose made better on coarse pictures, from `coarse`; None where these correlate by less than `least`.

    pose, and what is returned: between the whole pictures.
    """
    to_coarse = np.array([1, 1, 1 / HALF])
    pose = refined(first, second, pose * to_coarse, HALF, STILL[0])
    at_first = places(first.shape, HALF)
    at = laid(at_first, pose)
    inside = apart_from_edges(at_first, at, first.shape, second.shape, EDGE_SHARE)
    if np.count_nonzero(inside) < LEAST_PIXELS:
        return None
    a, b = first[::HALF, ::HALF].ravel()[inside], read(second, at[:, inside])
    a, b = a - a.mean(), b - b.mean()
    promising = float(a @ b) >= least * float(np.sqrt((a @ a) * (b @ b))) > 0
    return pose / to_coarse if promising else None


def exactly(first: Grey, second: Grey, pose: Pose) -> Pose:
    """The pose made exact on the fine pictures."""
    return refined(first, second, pose, STEP, STILL[1])
