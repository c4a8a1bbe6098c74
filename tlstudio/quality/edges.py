"""A place near the edge that is the same in all pictures of some classes and in none of the others: a marker, a frame, a table.

What is to be recognised may lie anywhere and looks different from picture to picture. A patch near the edge that hardly differs
within a class is something else: a sticker, a stamp, the edge of a holder, the ground that only these were photographed on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.values import ImageRow
from tlstudio.quality.evidence import Evidence, paths
from tlstudio.quality.shortcuts import by_turns, encode, labeled, unit_numbers

VERSION = 1  # raised whenever the same picture would give other cells
GRID = 24  # cells along an edge
BAND = 4  # of them from each edge count as near it
EDGE = np.ones((GRID, GRID), dtype=bool)
EDGE[BAND:-BAND, BAND:-BAND] = False
WIDTH = 3 * (int(EDGE.sum()) + 1)

SAME = 16  # levels in each colour up to which a cell is the same
NEARLY_ALL = 0.9  # share of a class
HARDLY_ANY = 0.1
LEAST_UNITS = 20  # independent images of a class, below which chance makes places alike

Cells = npt.NDArray[np.uint8]


def edge_cells(picture: npt.NDArray[np.uint8]) -> Cells:
    """(WIDTH,) uint8: the mean colour of each cell near the edge of a small picture (height, width, 3); last, of the middle.

    The cells in the corners are squares, whatever the picture's shape: what sticks in a corner has the same size and the same
    distance from it in upright and in wide pictures. Those between are as long as it takes.
    """
    image = Image.fromarray(picture)
    corner = BAND * min(image.size) / GRID
    grid = np.zeros((GRID, GRID, 3), np.uint8)
    parts = ((0, BAND), (BAND, GRID - BAND), (GRID - BAND, GRID))
    columns, rows = (((0.0, corner), (corner, n - corner), (n - corner, float(n))) for n in image.size)
    for (first, last), (top, bottom) in zip(parts, rows, strict=True):
        for (start, end), (left, right) in zip(parts, columns, strict=True):
            size, box = (end - start, last - first), (left, top, right, bottom)
            grid[first:last, start:end] = np.asarray(image.resize(size, Image.Resampling.BOX, box))
    middle = grid[~EDGE].astype(np.float64).mean(axis=0).round().astype(np.uint8)
    return np.concatenate([grid[EDGE].ravel(), middle])


def same_places(evidence: Evidence) -> Finding | None:
    """The place that tells the classes apart best, if each class has it nearly always or hardly ever."""
    images = [image for image in labeled(evidence) if image.content in evidence.edges]
    if not images:
        return None
    names = sorted({str(image.label) for image in images})
    labels, units = encode([names.index(str(image.label)) for image in images]), unit_numbers(images)
    order = list(dict.fromkeys(names.index(str(image.label)) for image in images))
    classes = [names[i] for i in order]
    if len(classes) < 2 or any(len(np.unique(units[labels == k])) < LEAST_UNITS for k in range(len(classes))):
        return None
    cells = np.stack([evidence.edges[image.content] for image in images]).reshape(len(images), -1, 3).astype(np.int16)
    weights = _weights(labels, units)
    best: tuple[float, int, npt.NDArray[np.float64], npt.NDArray[np.bool_]] | None = None
    for k in range(len(classes)):
        alike = (np.abs(cells - np.median(cells[labels == k], axis=0)) <= SAME).all(axis=2)  # (images, cells)
        shares = np.stack([weights[labels == j] @ alike[labels == j] for j in range(len(classes))])  # (classes, cells)
        clear = ((shares >= NEARLY_ALL) | (shares <= HARDLY_ANY)).all(axis=0)
        clear &= (shares[k] >= NEARLY_ALL) & (shares <= HARDLY_ANY).any(axis=0)
        if clear[-1] or not clear.any():
            continue  # where the middle does so too, it is what the classes look like
        gap = np.where(shares >= NEARLY_ALL, shares, 1 - shares).min(axis=0)
        cell = int(np.argmax(np.where(clear, gap, -1.0)))
        if best is None or gap[cell] > best[0]:
            best = (float(gap[cell]), cell, shares[:, cell], alike[:, cell])
    return None if best is None else _finding(images, classes, best[1], best[2], best[3])


def _weights(labels: npt.NDArray[np.int64], units: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(n,) weights that add up to 1 within each class, images that belong together counting as one."""
    weights = np.zeros(len(labels))
    for k in np.unique(labels):
        mine = labels == k
        _, which, sizes = np.unique(units[mine], return_inverse=True, return_counts=True)
        weights[mine] = 1.0 / sizes[which] / len(sizes)
    return weights


def _finding(
    images: list[ImageRow], classes: list[str], cell: int, shares: npt.NDArray[np.float64], alike: npt.NDArray[np.bool_]
) -> Finding:
    have, lack = int(np.argmax(shares)), int(np.argmin(shares))
    told = [image for image, same in zip(images, alike, strict=True) if same]
    where = _where(cell)
    look, lacking = f"{shares[have]:.0%} of “{classes[have]}”", f"{shares[lack]:.0%} of “{classes[lack]}”"
    return Finding(
        "shortcut",
        Severity.HIGH,
        1,
        paths(by_turns(told)),
        f"{where.capitalize()}, {look} look the same, and {lacking}".replace("%", " %"),
        "A marker, a frame or the ground may be all that the model learns, and it fails where that is missing.",
        advice="Crop or cover that place in all pictures, or add pictures of the other classes that have it too.",
        page="images",
        notes=tuple(where for _ in paths(by_turns(told))),
        detail="place",
    )


def _where(cell: int) -> str:
    """`at the top left`, `at the bottom` …"""
    row, column = (int(i) for i in np.argwhere(EDGE)[cell])
    third = GRID / 3
    words = [
        ("top", "", "bottom")[min(2, int(row // third))],
        ("left", "", "right")[min(2, int(column // third))],
    ]
    return "at the " + " ".join(word for word in words if word)
