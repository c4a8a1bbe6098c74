"""How one picture lies on another: which way round, turned, moved, larger, cut; found from landmarks, then made exact."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tlstudio.images.landmarks import Grey, Landmarks

# A pose: (2, 3) float64. Where (y, x) of the first picture lies in the second: pose @ (y, x, 1), both in pixels.
Pose = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complexfloating]
Mask = npt.NDArray[np.bool_]

LIKE = 0.6  # cosine of what surrounds two landmarks, from which they may be one
PARTNERS = 20  # pairs of landmarks that a pose is looked for in, the most alike first
CLOSE = 5.0  # pixels between where a landmark lies and where the pose puts it
APART = 8.0  # pixels between two landmarks that give a pose
SCALES = (0.45, 2.2)  # by how much one of two copies may be larger
COARSE, FINE = (3.0, 4, 6), (1.5, 2, 6)  # width of the blur, every so many pixels, rounds
STRAY, LEAST_STRAY = 4.0, 2.0  # times the usual difference, and grey levels, from which a pixel is left out
STILL = 0.03  # pixels by which a round must move something for another to follow
LEAST_PIXELS = 60
PROMISING = 0.4  # correlation of the coarse pictures, from which it is worth to look closer


class Partners(NamedTuple):
    """Landmarks of two pictures that may be one. first, second: complex, (n,), their places."""

    first: Complex
    second: Complex


class Layers(NamedTuple):
    """A blurred picture and its slopes down and across, (h, w) each."""

    value: Grey
    down: Grey
    across: Grey


def layers(picture: Grey, width: float) -> Layers:
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(picture, width, truncate=3)
    return Layers(blurred, *np.gradient(blurred))


def partners(a: Landmarks, b: Landmarks) -> Partners:
    """Each landmark with the one that is most like it in the other picture, where both choose each other."""
    if not (len(a.place) and len(b.place)):
        return Partners(a.place[:0], b.place[:0])
    like = a.look @ b.look.T
    mine, theirs = like.argmax(axis=1), like.argmax(axis=0)
    i = np.flatnonzero((theirs[mine] == np.arange(len(mine))) & (like.max(axis=1) >= LIKE))
    i = i[np.argsort(-like[i, mine[i]], kind="stable")[:PARTNERS]]
    return Partners(a.place[i], b.place[mine[i]])


def pose_of(pairs: Partners) -> tuple[Pose, int]:
    """The pose that most of these landmarks agree on, with or without a mirror, and how many; 0 where there is none."""
    i, j = np.triu_indices(len(pairs.first), 1)
    pose, most = np.eye(2, 3), 0
    for mirrored in (False, True):
        a, b = (np.conj(pairs.first) if mirrored else pairs.first), pairs.second
        far = np.abs(a[i] - a[j]) >= APART
        first, second = i[far], j[far]
        turn = (b[first] - b[second]) / (a[first] - a[second])
        likely = (np.abs(turn) > SCALES[0]) & (np.abs(turn) < SCALES[1])
        first, turn = first[likely], turn[likely]
        if not len(turn):
            continue
        move = b[first] - turn * a[first]
        agreeing = np.abs(turn[:, None] * a[None, :] + move[:, None] - b[None, :]) < CLOSE
        n = agreeing.sum(axis=1)
        best = int(n.argmax())
        if n[best] > most:
            pose, most = _fitted(a[agreeing[best]], b[agreeing[best]], mirrored), int(n[best])
    return pose, most


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


def places(shape: tuple[int, ...], step: int = 1) -> npt.NDArray[np.float64]:
    """(y, x, 1) of every so many pixels, (n, 3)."""
    y, x = np.mgrid[0 : shape[0] : step, 0 : shape[1] : step]
    return np.stack([y.ravel(), x.ravel(), np.ones(y.size)], axis=1)


def within(at: npt.NDArray[np.float64], shape: tuple[int, ...], margin: float = 0.0) -> Mask:
    """Which places lie in a picture and at least `margin` pixels from its edges."""
    y, x = at[:, 0], at[:, 1]
    return (y >= margin) & (x >= margin) & (y <= shape[0] - 1 - margin) & (x <= shape[1] - 1 - margin)


def read(picture: Grey, at: npt.NDArray[np.float64]) -> Grey:
    """Values at places between pixels, (n,)."""
    from scipy.ndimage import map_coordinates

    values: Grey = map_coordinates(picture, at[:, :2].T, order=1, mode="nearest")
    return values


def lay(second: Grey, pose: Pose, shape: tuple[int, ...]) -> Grey:
    """The second picture as it lies on a first one of this shape."""
    return read(second, places(shape) @ pose.T).reshape(shape)


def refined(first: Layers, second: Layers, pose: Pose, plan: tuple[float, int, int]) -> Pose:
    """The pose made exact: Gauss and Newton on the squared difference, brightness and contrast let free.

    B. Lucas and T. Kanade, "An iterative image registration technique", 1981, with an affine pose; the slopes are those of the
    second picture.
    """
    _, step, rounds = plan
    shape = first.value.shape
    at_first = places(shape, step)
    wanted = first.value[::step, ::step].ravel().astype(np.float64)
    middle, half = np.array([(shape[0] - 1) / 2, (shape[1] - 1) / 2, 0.0]), max(shape) / 2
    local = (at_first - middle) / np.array([half, half, 1.0])
    fits = np.ones(len(at_first), bool)
    for _ in range(rounds):
        at = at_first @ pose.T
        inside = within(at, second.value.shape)
        use = fits[inside]
        if use.sum() < LEAST_PIXELS:
            break
        value, down, across = (read(layer, at[inside]) for layer in second)
        here = local[inside]
        steep = np.concatenate(
            [down[:, None] * here, across[:, None] * here, value[:, None], np.ones((len(value), 1))], axis=1
        )
        # The corners that a turn leaves black, a mark, a defect: what doesn't fit must not pull the rest.
        # value * gain + offset + steep * change = wanted: linear in all eight.
        used = steep[use]
        answer = np.linalg.solve(used.T @ used + 1e-3 * np.eye(8), used.T @ wanted[inside][use])
        off = np.abs(steep @ answer - wanted[inside])
        fits[inside] = off <= max(STRAY * float(np.median(off[use])), LEAST_STRAY)
        change = (answer[:6] / max(float(answer[6]), 0.1)).reshape(2, 3)
        largest = float(np.abs(change).max())
        change *= min(1.0, 4.0 / max(largest, 1e-9))  # a leap leads astray
        linear = change[:, :2] / half
        pose = pose + np.concatenate([linear, (change[:, 2] - linear @ middle[:2])[:, None]], axis=1)
        if largest < STILL:
            break
    return pose


def promising(first: Layers, second: Layers, pose: Pose) -> bool:
    """Whether the coarse pictures agree so far that it is worth to look closer."""
    step = COARSE[1]
    at_first = places(first.value.shape, step)
    at = at_first @ pose.T
    inside = within(at, second.value.shape)
    if inside.sum() < LEAST_PIXELS:
        return False
    a, b = first.value[::step, ::step].ravel()[inside], read(second.value, at[inside])
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b) >= PROMISING * float(np.sqrt((a @ a) * (b @ b))) > 0
