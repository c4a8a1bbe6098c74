"""Images of more than 8 bits through a window of the user's choice; for looking only, never for the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.viewing import CODES, CT_WINDOWS, DeepImage, Preset, PresetKind, window_of
from tlstudio.images import depth
from tlstudio.images.decode import load_deep
from tlstudio.images.depth import Deep, Values

MOST = (1.0, 99.0)  # percentiles of the window that leaves the outermost values out

Reduced = npt.NDArray[np.float32]


def look_deep(path: Path, edge: int) -> DeepImage | None:
    """A file's values with its longer edge reduced to `edge` pixels; None for one of 8 bits.

    Decodes the user's file: to be called in a guarded process. Raises ImageRefused.
    """
    deep = load_deep(path)
    if deep is None:
        return None
    low, high = depth.finite_range(deep.values) or (0.0, 0.0)
    step = _step(deep.grid, high - low)
    small = _reduce(deep.values, edge, deep.size)
    codes = np.rint((np.nan_to_num(small, nan=low, posinf=high, neginf=low) - low) / step)
    return DeepImage(
        width=small.shape[1],
        height=small.shape[0],
        channels=1 if small.ndim == 2 else small.shape[2],
        codes=np.clip(codes, 0, CODES - 1).astype("<u2").tobytes(),
        first=low,
        last=high,
        step=step,
        unit=deep.unit,
        inverted=deep.inverted,
        whole=deep.whole,
        automatic=window_of(deep.automatic, whole=deep.whole),
        presets=_presets(deep, (low, high)),
    )


def _step(grid: float, span: float) -> float:
    """Of the codes: values that lie on a grid keep theirs where 65,536 codes are enough for it."""
    return grid if grid and span < grid * CODES else max(span / (CODES - 1), 1e-30)


def _reduce(values: Values, edge: int, size: tuple[int, int] | None = None) -> Reduced:
    """The values as float32, averaged down to a longer edge of `edge` pixels at most; smaller pictures keep their size.

    size: width and height of the picture that they make, where its pixels are others than theirs.
    """
    height, width = values.shape[:2]
    wanted = size or (width, height)
    scale = min(1.0, edge / max(wanted))
    if scale == 1.0 and wanted == (width, height):
        return values.astype(np.float32)
    size = (max(1, round(wanted[0] * scale)), max(1, round(wanted[1] * scale)))
    planes = [values] if values.ndim == 2 else [values[:, :, k] for k in range(values.shape[2])]
    small = [
        np.asarray(Image.fromarray(p.astype(np.float32)).resize(size, Image.Resampling.BOX), np.float32) for p in planes
    ]
    return small[0] if values.ndim == 2 else np.dstack(small)


def _presets(deep: Deep, span: depth.Range) -> tuple[Preset, ...]:
    own = tuple(Preset(PresetKind.FILE, window_of(window, whole=deep.whole)) for window in deep.windows)
    known = CT_WINDOWS if deep.unit == "HU" else ()
    most = depth.percentiles(deep.inside, *MOST) or span
    general = ((PresetKind.FULL, span), (PresetKind.MOST, most))
    return (*own, *known, *(Preset(kind, window_of(each, whole=deep.whole)) for kind, each in general))
