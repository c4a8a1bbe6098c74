"""Text written into pictures: found as rows of letter-like marks near the border, without reading any of it.

The classic way of text localisation (marks of even ink on even ground that stand in rows: Epshtein et al. 2010, CVPR, section
3; the marks here come from a morphological top hat, which keeps strokes thinner than itself). One or two letters, such as a
radiographer's L or R, are no row: they name nobody, and scratches look just the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tlstudio.images.splits import Units

VERSION = 1  # raised whenever the same picture would give another answer
EDGE = 800  # pixels that the longer edge is reduced to before looking
STROKE = 11  # pixels: strokes are thinner
CONTRAST = 48  # grey levels of a mark above its surroundings
INK = 75  # grey levels between the ink's upper quarter and the ground
EVEN_GROUND = 18.0  # standard deviation of the ground around a letter, grey levels
MARKS = 20_000  # more marks than this are a texture
HEIGHTS = (6, 60)  # pixels
BORDER = (0.25, 0.2)  # shares of height and width from each edge
LEAST_LETTERS = 4
WIDE = 0.3  # width over height from which a letter is no bare stroke; most letters of a word are wider

Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter-like mark: its box in pixels, and the grey levels of ink and ground."""

    left: int
    right: int
    top: int
    bottom: int
    ink: float
    ground: float

    @property
    def height(self) -> int:
        return self.bottom - self.top


def letters(grey: Grey) -> int:
    """How many letter-like marks of a grey picture (height, width) stand in rows near its border; 0 where there is no text.

    The picture's longer edge should be EDGE pixels or less.
    """
    return sum(len(row) for dark in (False, True) for row in _rows(_marks(255 - grey if dark else grey)))


def _marks(grey: Grey) -> list[Mark]:
    """Light marks on a darker ground that could be letters."""
    opened = ndimage.maximum_filter(ndimage.minimum_filter(grey, STROKE), STROKE)
    hat = grey - opened  # an opening is nowhere lighter than the picture
    numbers, n = ndimage.label(hat >= CONTRAST, np.ones((3, 3)))
    if not 0 < n <= MARKS:
        return []
    areas = np.bincount(numbers.ravel(), minlength=n + 1)
    found = []
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        if _letter_shaped(box, int(areas[number]), grey.shape):
            mark = _inked(grey, hat, numbers, number, box)
            if mark is not None:
                found.append(mark)
    return sorted(found, key=lambda mark: mark.left)


def _letter_shaped(box: tuple[slice, slice], area: int, shape: tuple[int, ...]) -> bool:
    rows, columns = box
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if not HEIGHTS[0] <= height <= HEIGHTS[1] or width > 1.6 * height or area < 8:
        return False
    if width > 0.35 * height and not 0.15 <= area / (height * width) <= 0.85:
        return False
    y, x = (rows.start + rows.stop) / 2 / shape[0], (columns.start + columns.stop) / 2 / shape[1]
    return not (BORDER[0] <= y <= 1 - BORDER[0] and BORDER[1] <= x <= 1 - BORDER[1])


def _inked(grey: Grey, hat: Grey, numbers: npt.NDArray[np.int32], number: int, box: tuple[slice, slice]) -> Mark | None:
    """The mark in this box, if its ink stands out from an even ground."""
    rows, columns = box
    around = (
        slice(max(0, rows.start - 2), rows.stop + 2),
        slice(max(0, columns.start - 2), columns.stop + 2),
    )
    inside = numbers[around] == number
    off = ~ndimage.binary_dilation(inside) & (hat[around] < CONTRAST)
    ground = grey[around][off]
    if ground.size < 4 or float(ground.std()) > EVEN_GROUND:
        return None
    ink = float(np.percentile(grey[around][inside], 75))
    if ink - float(ground.mean()) < INK:
        return None
    return Mark(columns.start, columns.stop, rows.start, rows.stop, ink, float(ground.mean()))


def _rows(marks: list[Mark]) -> list[list[Mark]]:
    """Marks that stand side by side like the letters of a word, in sets of LEAST_LETTERS or more."""
    units = Units(len(marks))
    for i, first in enumerate(marks):
        for j in range(i + 1, len(marks)):
            second = marks[j]
            if second.left - first.right > HEIGHTS[1]:
                break
            if _neighbours(first, second):
                units.join(i, (i, j))
                units.join(j, (i, j))
    rows: dict[int, list[Mark]] = defaultdict(list)
    for mark, unit in zip(marks, units.all(), strict=True):
        rows[unit].append(mark)
    return [row for row in rows.values() if len(row) >= LEAST_LETTERS and _worded(row)]


def _neighbours(first: Mark, second: Mark) -> bool:
    """Whether two marks, the first further left, could be letters of one word: close, of like height, on one line, of one ink."""
    low, high = sorted((first.height, second.height))
    gap = second.left - first.right
    overlap = min(first.bottom, second.bottom) - max(first.top, second.top)
    aligned = min(abs(first.bottom - second.bottom), abs(first.top - second.top)) <= 0.2 * high
    alike = abs(first.ink - second.ink) <= 40 and abs(first.ground - second.ground) <= 40
    return -0.3 * high <= gap <= high and high <= 2 * low and overlap >= 0.5 * low and aligned and alike


def _worded(row: list[Mark]) -> bool:
    """Whether most of the marks are more than bare strokes, as scratches and scales are."""
    return sum(mark.right - mark.left >= WIDE * mark.height for mark in row) >= 0.6 * len(row)
