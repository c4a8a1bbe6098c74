"""More than 8 bits become 8: by an image's own range, or by one range for the whole data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tlstudio.domain.preprocess import PreprocessSpec

Values = npt.NDArray[np.generic]
Wide = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Range = tuple[float, float]
AnyValues = TypeVar("AnyValues", bound=npt.NDArray[Any])

TABLE_SIZE = 65_536
PORTION = 1 << 20


@dataclass(frozen=True, slots=True)
class Deep:
    """What a file of more than 8 bits a colour holds, before any of it is made 8.

    values: as they are meant, after a rescaling that the file asks for: (height, width), or (height, width, 3) for colour, with
    transparency laid on black. inside: those that belong to the picture, one after another. inverted: the smallest is white.
    automatic: those that become black and white in the picture by itself. windows: spans that the file offers. unit: their
    name. whole: the file is one whose windows count whole values. grid: how far apart values lie, 0 where they may lie anywhere.
    size: width and height of the picture that is made of them, where that is not one of theirs: their pixels are not square.
    """

    values: Values
    inside: Values
    automatic: Range
    inverted: bool = False
    windows: tuple[Range, ...] = ()
    unit: str = ""
    whole: bool = False
    grid: float = 0.0
    size: tuple[int, int] | None = None


def to_levels(values: Values, spec: PreprocessSpec) -> Bytes:
    """Deep values as uint8 of the same shape, in the way that the specification asks for."""
    if spec.low is not None and spec.high is not None:
        return by_range(values, (spec.low, spec.high))
    return by_own_range(values)


def by_own_range(values: Values) -> Bytes:
    """Scales the smallest … largest finite value to 0 … 255 (uint8, same shape); what is not finite becomes black.

    Whole numbers that already lie within 0 … 255 are left as they are.
    """
    span = finite_range(values)
    if span is None:
        return np.zeros(values.shape, np.uint8)
    if span[0] >= 0 and span[1] <= 255 and values.dtype.kind in "iub":
        return values.astype(np.uint8)
    return by_range(values, span)


def by_range(values: Values, span: Range) -> Bytes:
    """Scales span[0] … span[1] to 0 … 255 (uint8, same shape), cutting off beyond; what is not finite becomes black."""
    low, high = span
    factor = 255.0 / ((high - low) or 1.0)

    def scale(wide: Wide) -> Bytes:
        with np.errstate(invalid="ignore", over="ignore"):
            levels = np.clip((wide - low) * factor, 0.0, 255.0)
        return np.rint(np.where(np.isfinite(wide), levels, 0.0)).astype(np.uint8)

    return through_table(values, scale)


def finite_range(values: Values) -> Range | None:
    """Smallest and largest value that is a number; None where there is none."""
    if values.size == 0:
        return None
    if values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        return (float(finite.min()), float(finite.max())) if finite.size else None
    return float(values.min()), float(values.max())


def percentiles(values: Values, low: float, high: float) -> Range | None:
    """Two percentiles (0 … 100) of the finite values, interpolated between neighbours; None where there is no value."""
    kept: npt.NDArray[Any] = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if kept.size == 0:
        return None
    found = np.percentile(kept, (low, high))
    return float(found[0]), float(found[1])


def through_table(values: Values, function: Callable[[Wide], Bytes]) -> Bytes:
    """`function` of every value; for whole numbers of a small range it is asked only once for each value there can be.

    function: float64 -> uint8, value by value. Works in portions, so that a large picture is never wide as a whole.
    """
    flat = values.reshape(-1)
    result = np.empty(flat.shape, np.uint8)
    first, table = 0, None
    if values.dtype.kind in "iu" and values.size > TABLE_SIZE:
        first, last = int(values.min()), int(values.max())
        if last - first < TABLE_SIZE:
            table = function(np.arange(first, last + 1, dtype=np.float64))
    for start in range(0, flat.size, PORTION):
        part = flat[start : start + PORTION]
        levels = function(part.astype(np.float64)) if table is None else table[part.astype(np.int64) - first]
        result[start : start + PORTION] = levels
    return result.reshape(values.shape)
