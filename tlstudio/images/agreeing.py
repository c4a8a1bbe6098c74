"""Whether two pictures show the same thing from the same shot: one is laid on the other, and what differs is judged.

Saving a picture again leaves small differences everywhere. A scratch, a dent, another moment leave large ones in one place. So
the fine detail must agree over the whole, and nowhere may the two differ by more than what they share there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images import poses
from tlstudio.images.landmarks import Grey, Landmarks, grey, unframed
from tlstudio.images.poses import COARSE, FINE, Layers, Pose, lay, layers, partners, places, pose_of, refined, within

# Detail is what a Gaussian blur of the second width takes away and one of the first leaves, in pixels: not noise and hard edges,
# which a shift by less than a pixel changes, and not light and shade, which a series shares.
SHARP, SOFT = 1.0, 4.0
AGREEMENT = 0.85  # correlation of the detail; see tests/proofs/copies.py for what copies and others reach
STRANGE = 1.2  # how much larger than what two pictures share in one place that may be which only one of them has there
FLOOR = 2.0  # grey levels of detail that compression makes or takes anywhere
CELL = 14  # pixels of such a place, high and wide
EDGE_SHARE = 0.08  # of the picture at its edges is not judged: a turn or a shift leaves a stranger's colour there
LEAST_SHARE = 0.2  # of the picture that must be left to judge
LEAST_DETAIL = 0.5  # grey levels; below it there is nothing to compare
COLOUR = 12.0  # mean difference of the colour channels, 0 … 255, between what may still be one photograph
LEAST_BASIS = 3  # landmarks in one pose; of unrelated pictures two of twenty always agree
RESAVED = 0.3  # as STRANGE, for pictures of which one is the other saved again
RESAVED_EDGE = 0.02  # as EDGE_SHARE, for these
RESAVED_LEVELS = 4.0  # grey levels by which those differ in any place at most
# Of the picture, by which its corners may lie elsewhere: where it was only saved again, and where a camera that stands still took
# another one of the same kind.
UNMOVED, ONE_VIEW = 0.05, 0.15
ROUGH = 0.1  # by which a pose from landmarks alone may be off


class Prepared(NamedTuple):
    """A picture ready to be compared. coarse, fine: see `poses.refined`. colour: Cb and Cr at a quarter of the size, each
    (h, w) float32. detail: standard deviation of its detail in grey levels.
    """

    grey: Grey
    coarse: Layers
    fine: Layers
    colour: tuple[Grey, Grey]
    detail: float
    landmarks: Landmarks


class Agreement(NamedTuple):
    """Two pictures that agree. score: correlation of their detail. moved: how far a corner lies from where it would unchanged,
    as a share of the longer side. resaved: nothing tells them apart but what saving does.
    """

    score: float
    moved: float
    resaved: bool

    @property
    def one_view(self) -> bool:
        """Whether a camera that stands still could have taken both."""
        return self.moved <= ONE_VIEW


def prepare(picture: Image.Image, found: Landmarks) -> Prepared:
    """Any mode and size; a thumbnail is large enough. found: its landmarks."""
    rgb = unframed(picture.convert("RGB"))
    small = grey(rgb)
    quarter = (max(1, small.shape[1] // 4), max(1, small.shape[0] // 4))
    _, blue, red = rgb.convert("YCbCr").resize(quarter, Image.Resampling.BOX).split()
    return Prepared(
        small,
        layers(small, COARSE[0]),
        layers(small, FINE[0]),
        (np.asarray(blue, np.float32), np.asarray(red, np.float32)),
        _inner_detail(small),
        found,
    )


def _inner_detail(picture: Grey) -> float:
    """Standard deviation of the detail where the edges have no part in it."""
    margin = int(2 * SOFT)
    inner = detail(picture)[margin:-margin, margin:-margin]
    return float(inner.std()) if inner.size else 0.0


def detail(picture: Grey) -> Grey:
    """What is left without noise and without the coarse light and shade; same shape."""
    from scipy.ndimage import gaussian_filter

    difference: Grey = gaussian_filter(picture, SHARP, truncate=3) - gaussian_filter(picture, SOFT, truncate=3)
    return difference


def agreement(a: Prepared, b: Prepared, *, few: int = 0, moved: float = np.inf) -> Agreement | None:
    """How two pictures agree, None where they don't. few: below so many landmarks, they may also lie on each other as they are.
    moved: pictures that are moved by clearly more than this are not looked at closer; see Agreement.

    Pictures without detail agree with nothing: that two pages are blank does not make them one photograph.
    """
    if min(a.detail, b.detail) < LEAST_DETAIL:
        return None
    pose, basis = pose_of(partners(a.landmarks, b.landmarks))
    if basis < LEAST_BASIS:
        if min(len(a.landmarks.place), len(b.landmarks.place)) >= few:
            return None
        pose = poses.whole(a.grey.shape, b.grey.shape)
    elif _moved(a.grey.shape, b.grey.shape, pose) > moved + ROUGH:
        return None
    pose = refined(a.coarse, b.coarse, pose, COARSE)
    if not poses.promising(a.coarse, b.coarse, pose):
        return None
    return _judged(a, b, refined(a.fine, b.fine, pose, FINE))


def _judged(a: Prepared, b: Prepared, pose: Pose) -> Agreement | None:
    shape = a.grey.shape
    inner = shared(shape, b.grey.shape, pose, EDGE_SHARE)
    if inner.sum() < LEAST_SHARE * inner.size or _colour_difference(a, b, pose) > COLOUR:
        return None
    one, other = detail(a.grey), detail(lay(b.grey, pose, shape))
    cells = _cells(shape)
    found = _compared(one, other, inner, cells)
    if found.score < AGREEMENT or found.strange > STRANGE:
        return None
    moved = _moved(shape, b.grey.shape, pose)
    resaved = False
    if moved <= UNMOVED:
        full = _compared(one, other, shared(shape, b.grey.shape, pose, RESAVED_EDGE), cells)
        resaved = full.strange <= RESAVED and full.most <= RESAVED_LEVELS
    return Agreement(found.score, moved, resaved)


def shared(first: tuple[int, ...], second: tuple[int, ...], pose: Pose, edge: float) -> npt.NDArray[np.bool_]:
    """Where a picture of the first shape has the second on it, without so much of each at the edges; (h, w)."""
    at = places(first)
    there = within(at, first, edge * min(first)) & within(at @ pose.T, second, edge * min(second))
    return there.reshape(first)


class _Compared(NamedTuple):
    """score: correlation over all. strange: see STRANGE, where it is largest. most: grey levels by which they differ there."""

    score: float
    strange: float
    most: float


def _cells(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The number of each pixel's cell, (h, w)."""
    rows, columns = (max(1, round(edge / CELL)) for edge in shape)
    y, x = np.arange(shape[0]) * rows // shape[0], np.arange(shape[1]) * columns // shape[1]
    return y[:, None] * columns + x[None, :]


def _compared(one: Grey, other: Grey, where: npt.NDArray[np.bool_], cells: npt.NDArray[np.int64]) -> _Compared:
    a, b, cell = one[where].astype(np.float64), other[where].astype(np.float64), cells[where]
    mine, theirs = float(a @ a), float(b @ b)
    if not (mine and theirs):
        return _Compared(0.0, np.inf, np.inf)
    b = b * np.sqrt(mine / theirs)  # harder or softer light is no difference
    n = np.bincount(cell)
    there = n >= 0.5 * n.max()
    aa, bb, apart = (np.bincount(cell, weights=w)[there] / n[there] for w in (a * a, b * b, (a - b) ** 2))
    differ = np.sqrt(apart)
    return _Compared(
        float(a @ b) / mine, float((differ / (FLOOR + np.sqrt(np.minimum(aa, bb)))).max()), float(differ.max())
    )


def _colour_difference(a: Prepared, b: Prepared, pose: Pose) -> float:
    """Mean difference of the colour channels where both are."""
    shape, other = a.colour[0].shape, b.colour[0].shape
    down, across = shape[0] / a.grey.shape[0], shape[1] / a.grey.shape[1]
    at = places(shape) / np.array([down, across, 1.0]) @ pose.T
    at *= np.array([other[0] / b.grey.shape[0], other[1] / b.grey.shape[1]])
    there = within(at, other)
    if not there.any():
        return np.inf
    return float(
        np.mean(
            [
                np.abs(mine.ravel()[there] - poses.read(theirs, at[there])).mean()
                for mine, theirs in zip(a.colour, b.colour, strict=True)
            ]
        )
    )


def _moved(first: tuple[int, ...], second: tuple[int, ...], pose: Pose) -> float:
    """How far a corner lies from where it would without a change, as a share of the longer side."""
    h, w = first[0] - 1, first[1] - 1
    corners = np.array([[0, 0, 1], [0, w, 1], [h, 0, 1], [h, w, 1]], np.float64)
    return float(np.abs(corners @ (pose - poses.whole(first, second)).T).max()) / max(second)
