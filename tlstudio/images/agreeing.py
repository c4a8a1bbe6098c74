"""Whether two pictures show the same thing from the same shot: one is laid on the other, and what differs is judged.

Saving a picture again leaves small differences everywhere. A scratch, a dent, another moment leave large ones in one place. So
the fine detail must agree over the whole, and nowhere may the two differ by more than what they share there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.images import poses
from tlstudio.images.blurs import Grey, blurred
from tlstudio.images.landmarks import Landmarks, grey, unframed
from tlstudio.images.poses import (
    COARSE_BLUR,
    EDGE_SHARE,
    FINE_BLUR,
    PROMISING,
    Pose,
    apart_from_edges,
    exactly,
    found_poses,
    laid,
    places,
    read,
    roughly,
)

# Detail is what a Gaussian blur of the second width takes away and one of the first leaves, in pixels: not noise and hard edges,
# which a shift by less than a pixel changes, and not light and shade, which a series shares.
SHARP, SOFT = 1.0, 4.0
AGREEMENT = 0.85  # correlation of the detail; see tests/proofs/copies.py for what copies and others reach
AGREEMENT_OF_FEW, PROMISING_OF_FEW = (
    0.94,
    0.95,
)  # the same, and of the coarse pictures, where there is little to agree on
STRANGE = 1.2  # how much larger than what two pictures share in one place that may be which only one of them has there
FLOOR = 2.0  # grey levels of detail that compression makes or takes anywhere
CELL = 14  # pixels of such a place, high and wide
LEAST_SHARE = 0.2  # of the picture that must be left to judge
LEAST_DETAIL = 0.5  # grey levels; below it there is nothing to compare
COLOUR = 12.0  # mean difference of the colour channels, 0 … 255, between what may still be one photograph
LEAST_BASIS = 3  # landmarks in one pose; of unrelated pictures two of twenty always agree
LEAST_BASIS_SHARE = (
    0.35  # of the landmarks that choose each other; of 1,800 copies one had less than 0.4, of others half have
)
RESAVED = 0.3  # as STRANGE, for pictures of which one is the other saved again
RESAVED_EDGE = 0.02  # as EDGE_SHARE, for these
RESAVED_LEVELS = 4.0  # grey levels by which those differ in any place at most
# Of the picture, by which its corners may lie elsewhere: where it was only saved again, and where a camera that stands still took
# another one of the same kind.
UNMOVED, ONE_VIEW = 0.05, 0.15
ROUGH = 0.1  # by which a pose from landmarks alone may be off


class Prepared(NamedTuple):
    """A picture ready to be compared: grey, (h, w); coarse and fine, see `poses`; what it has of detail, (h, w), and the standard
    deviation of that in grey levels; Cb and Cr at a quarter of the size.
    """

    grey: Grey
    coarse: Grey
    fine: Grey
    detail: Grey
    contrast: float
    colour: tuple[Grey, Grey]


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


def prepare(picture: Image.Image) -> Prepared:
    """Any mode and size; a thumbnail is large enough."""
    rgb = unframed(picture.convert("RGB"))
    small = grey(rgb)
    quarter = (max(2, small.shape[1] // 4), max(2, small.shape[0] // 4))
    _, blue, red = rgb.resize(quarter, Image.Resampling.BOX).convert("YCbCr").split()
    coarse, fine, sharp, soft = blurred(small, (COARSE_BLUR, FINE_BLUR, SHARP, SOFT))
    detail = sharp - soft
    margin = int(2 * SOFT)
    inner = detail[margin:-margin, margin:-margin]  # at its edges a picture has what it has not
    return Prepared(
        small,
        poses.coarse(coarse),
        fine,
        detail,
        float(inner.std()) if inner.size else 0.0,
        (np.asarray(blue, np.float32), np.asarray(red, np.float32)),
    )


def detail(picture: Grey) -> Grey:
    """What is left without noise and without the coarse light and shade; same shape."""
    sharp, soft = blurred(picture, (SHARP, SOFT))
    difference: Grey = sharp - soft
    return difference


class Likely(NamedTuple):
    """How one picture may lie on another. pose: None for as they are, from edge to edge. basis: landmarks that say so.

    few: one of them has so little in it that much of it agrees by chance.
    """

    pose: Pose | None
    basis: int
    few: bool = False


def likely(first: Sequence[Landmarks], second: Sequence[Landmarks], *, few: int = 0) -> list[Likely | None]:
    """For each pair, by their landmarks alone; None where they are no copies of each other. few: below so many landmarks, two
    pictures may also lie on each other as they are.
    """
    laid_on = found_poses(first, second, least=LEAST_BASIS, share=LEAST_BASIS_SHARE)
    answers: list[Likely | None] = []
    for a, b, found in zip(first, second, laid_on, strict=True):
        is_few = min(len(a.place), len(b.place)) < few
        answers.append(Likely(*found, is_few) if found is not None else Likely(None, 0, True) if is_few else None)
    return answers


def agreement(a: Prepared, b: Prepared, lying: Likely, *, moved: float = np.inf) -> Agreement | None:
    """How two pictures agree, None where they don't. moved: what is moved by clearly more is not looked at; see Agreement.

    Pictures without detail agree with nothing: that two pages are blank does not make them one photograph.
    """
    if min(a.contrast, b.contrast) < LEAST_DETAIL:
        return None
    shape, other = a.grey.shape, b.grey.shape
    pose = poses.whole(shape, other) if lying.pose is None else lying.pose
    if _moved(shape, other, pose) > moved + ROUGH:
        return None
    better = roughly(a.coarse, b.coarse, pose, PROMISING_OF_FEW if lying.few else PROMISING)
    if better is None:
        return None
    return _judged(a, b, exactly(a.fine, b.fine, better), AGREEMENT_OF_FEW if lying.few else AGREEMENT)


def _judged(a: Prepared, b: Prepared, pose: Pose, least: float) -> Agreement | None:
    shape = a.grey.shape
    at_first = places(shape)
    at = laid(at_first, pose)
    inner = apart_from_edges(at_first, at, shape, b.grey.shape, EDGE_SHARE)
    if inner.sum() < LEAST_SHARE * inner.size or _colour_difference(a, b, pose) > COLOUR:
        return None
    one, other = a.detail.ravel(), detail(read(b.grey, at).reshape(shape)).ravel()
    cells = _cells(shape)
    found = _compared(one, other, inner, cells)
    if found.score < least or found.strange > STRANGE:
        return None
    moved = _moved(shape, b.grey.shape, pose)
    resaved = False
    if moved <= UNMOVED:
        nearly_all = apart_from_edges(at_first, at, shape, b.grey.shape, RESAVED_EDGE)
        full = _compared(one, other, nearly_all, cells)
        resaved = full.strange <= RESAVED and full.most <= RESAVED_LEVELS
    return Agreement(found.score, moved, resaved)


class _Compared(NamedTuple):
    """score: correlation over all. strange: see STRANGE, where it is largest. most: grey levels by which they differ there."""

    score: float
    strange: float
    most: float


@lru_cache(maxsize=64)
def _cells(shape: tuple[int, int]) -> npt.NDArray[np.int64]:
    """The number of each pixel's cell, (h * w,); not to be written to."""
    rows, columns = (max(1, round(edge / CELL)) for edge in shape)
    y, x = np.arange(shape[0]) * rows // shape[0], np.arange(shape[1]) * columns // shape[1]
    cells = (y[:, None] * columns + x[None, :]).ravel()
    cells.flags.writeable = False
    return cells


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
    at = laid(places(shape), poses.resized(pose, (a.grey.shape, b.grey.shape), (shape, other)))
    there = poses.within(at, other)
    if not there.any():
        return np.inf
    return float(
        np.mean(
            [
                np.abs(mine.ravel()[there] - read(theirs, at[:, there])).mean()
                for mine, theirs in zip(a.colour, b.colour, strict=True)
            ]
        )
    )


def _moved(first: tuple[int, ...], second: tuple[int, ...], pose: Pose) -> float:
    """How far a corner lies from where it would without a change, as a share of the longer side."""
    h, w = first[0] - 1, first[1] - 1
    corners = np.array([[0, 0, 1], [0, w, 1], [h, 0, 1], [h, w, 1]], np.float64)
    return float(np.abs(corners @ (pose - poses.whole(first, second)).T).max()) / max(second)
