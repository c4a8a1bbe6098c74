"""Near-duplicates: one photograph saved twice, cut a little, brightened, compressed, or taken again a moment later.

Hashes propose (see `looks`), small grey pictures decide: their fine detail must agree. Pictures of one series (radiographs,
textures, parts on one table) share the coarse arrangement that hashes see, but not the detail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tlstudio.images.looks import DISTANCE, near
from tlstudio.images.splits import Units

EDGE = 64  # of the small pictures, in pixels
# Detail is what a Gaussian blur of the second width takes away and one of the first leaves: not noise and hard edges, which a
# shift by less than a pixel changes, and not light and shade, which a series shares.
FINE, COARSE = 0.7, 3.0
AGREEMENT = 0.93  # correlation of the detail; measured: planted near-duplicates from 0.968, other pictures up to 0.910
HOPELESS = 0.45  # without alignment; of the pairs that reached AGREEMENT, none was below 0.53
ZOOMS = (1.0, 0.97, 0.94, 0.91)  # a crop shows the same detail larger
REACH = 2  # pixels that one picture may be shifted against the other
LEAST_DETAIL = 0.5  # grey levels; below it there is nothing to compare
COLOUR = 12.0  # mean difference of the colour channels, 0 … 255, between what may still be one photograph
NEAREST = 10  # candidates of one picture that are looked at: in a uniform series hashes propose nearly everything
KEPT = 4096  # prepared pictures held in memory, 70 kB each

Spectrum = npt.NDArray[np.complexfloating]


class Prepared(NamedTuple):
    """A picture ready to be compared. spectra, lengths: of its detail at each of ZOOMS. colour: Cb and Cr, (8, 8, 2) float32.

    detail: standard deviation of its detail in grey levels.
    """

    spectra: tuple[Spectrum, ...]
    lengths: tuple[float, ...]
    colour: npt.NDArray[np.float32]
    detail: float


def prepare(picture: Image.Image) -> Prepared:
    """Any mode and size; a thumbnail is large enough."""
    rgb = picture.convert("RGB")
    small = rgb.convert("L").resize((EDGE, EDGE), _resampling(rgb))
    details = [_detail(small, zoom) for zoom in ZOOMS]
    colour = np.asarray(rgb.convert("YCbCr").resize((8, 8), Image.Resampling.BOX), np.float32)[:, :, 1:]
    return Prepared(
        tuple(np.fft.rfft2(d) for d in details),
        tuple(float(np.sqrt((d * d).sum())) for d in details),
        colour,
        float(details[0].std()),
    )


def _resampling(picture: Image.Image) -> Image.Resampling:
    return Image.Resampling.BOX if min(picture.size) >= 2 * EDGE else Image.Resampling.BICUBIC


def _detail(small: Image.Image, zoom: float) -> npt.NDArray[np.float32]:
    """What is left without the coarse light and shade, fading out at the edges; (EDGE, EDGE) float32."""
    margin = EDGE * (1 - zoom) / 2
    box = (margin, margin, EDGE - margin, EDGE - margin)
    zoomed = small if zoom == 1.0 else small.resize((EDGE, EDGE), Image.Resampling.BICUBIC, box=box)
    fine, coarse = (zoomed.filter(ImageFilter.GaussianBlur(width)) for width in (FINE, COARSE))
    window = np.hanning(EDGE + 2)[1:-1].astype(np.float32) ** 0.25
    detail: npt.NDArray[np.float32] = (np.asarray(fine, np.float32) - np.asarray(coarse, np.float32)) * np.outer(
        window, window
    )
    return detail


def agreement(a: Prepared, b: Prepared) -> float:
    """How well the detail of two pictures agrees, 0 … 1, at the best of a few small shifts and zooms; 0 for other colours.

    Pictures without detail agree with nothing: that two pages are blank does not make them one photograph.
    """
    if min(a.detail, b.detail) < LEAST_DETAIL or float(np.abs(a.colour - b.colour).mean()) > COLOUR:
        return 0.0
    best = _correlation(a, 0, b, 0)
    if best < HOPELESS:
        return best
    for zoom in range(1, len(ZOOMS)):
        best = max(best, _correlation(a, zoom, b, 0), _correlation(a, 0, b, zoom))
    return best


def _correlation(a: Prepared, zoom_a: int, b: Prepared, zoom_b: int) -> float:
    """The highest normalised correlation over shifts of up to REACH pixels."""
    product = np.fft.irfft2(a.spectra[zoom_a] * np.conj(b.spectra[zoom_b]), s=(EDGE, EDGE))
    shifts = np.r_[0 : REACH + 1, -REACH:0]
    return max(0.0, float(product[np.ix_(shifts, shifts)].max()) / (a.lengths[zoom_a] * b.lengths[zoom_b] + 1e-9))


def clusters(
    looks: Sequence[str | None],
    picture: Callable[[int], Image.Image | None],
    *,
    together: Sequence[int | None] = (),
    step: Callable[[int, int], None] = lambda done, total: None,
) -> list[int | None]:
    """For each picture the index of the first of its near-duplicates (itself, if it is the first); None where it has none.

    picture(i) gives the small picture i, None where it is not to be had. together: what is known already, an equal number for
    near-duplicates; pictures that both were compared before (a number of at least 0, or -1 for "alone") are not compared again.
    step(done, total) is called now and then and may raise Cancelled.
    """
    compared = [number is not None for number in together] or [False] * len(looks)
    units = Units(len(looks))
    for i, number in enumerate(together):
        if number is not None and number >= 0:
            units.join(i, ("known", number))
    prepared = lru_cache(KEPT)(lambda i: None if (small := picture(i)) is None else prepare(small))
    pairs = _candidates(looks, compared)
    for done, (i, j) in enumerate(pairs):
        if done % 100 == 0:
            step(done, len(pairs))
        if units.root(i) == units.root(j):
            continue
        a, b = prepared(i), prepared(j)
        if a is not None and b is not None and agreement(a, b) >= AGREEMENT:
            units.join(i, ("pair", done))
            units.join(j, ("pair", done))
    return _firsts(units.all())


def _candidates(looks: Sequence[str | None], compared: Sequence[bool]) -> list[tuple[int, int]]:
    """The pairs to look at, each picture with its NEAREST, nearest first; none of two that were compared before."""
    first, second, bits = near([text or "" for text in looks], DISTANCE)
    old = np.asarray(compared, bool)
    fresh = ~(old[first] & old[second])
    first, second, bits = first[fresh], second[fresh], bits[fresh]
    order = np.lexsort((second, first, bits))
    chosen: list[tuple[int, int]] = []
    looked_at = [0] * len(looks)
    for i, j in zip(first[order].tolist(), second[order].tolist(), strict=True):
        if looked_at[i] < NEAREST or looked_at[j] < NEAREST:
            looked_at[i] += 1
            looked_at[j] += 1
            chosen.append((i, j))
    return sorted(chosen)


def _firsts(units: Sequence[int]) -> list[int | None]:
    members: dict[int, list[int]] = {}
    for i, unit in enumerate(units):
        members.setdefault(unit, []).append(i)
    return [members[unit][0] if len(members[unit]) > 1 else None for unit in units]
