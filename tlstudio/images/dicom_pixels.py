"""One frame of a DICOM file becomes an RGB picture, as PS3.3 C.7.6.3, C.7.6.16, C.11.1 and C.11.2 of the standard say.

Grey: stored values, modality rescale or table, then the value-of-interest table or first window, then black and white the right
way round. Colour: RGB, from YBR or a palette where that is what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import channels, colours, depth, dicom
from tlstudio.images.depth import Bytes, Deep, Range, Values, Wide
from tlstudio.images.dicom_codecs import decoded
from tlstudio.images.dicom_tables import Modality, Table, Window

if TYPE_CHECKING:
    from pydicom import Dataset

ELEMENTS = (
    *dicom.SIZE,
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "ICCProfile",
    "Modality",
    "RescaleType",
)
# How a file says that it is grey, in the words of the standard and of those who don't keep to it.
GREY_KINDS = {"MONOCHROME": "MONOCHROME2", "GRAYSCALE": "MONOCHROME2", "GREYSCALE": "MONOCHROME2", "": "MONOCHROME2"}


def load_frame(path: Path, frame: int, spec: PreprocessSpec) -> Image.Image:
    """8-bit RGB of one frame, counted from 1.

    Raises ImageRefused, and whatever the decoders throw: the caller must drop their words, which may quote the patient's data.
    """
    with dicom.silent(), dicom.opened(path) as file:
        data = dicom.read_elements(file, ELEMENTS)
        size = dicom.squared(*dicom.size_of(data, frame), data)
        found = _Frame(data, frame - 1)
        picture = _to_rgb(decoded(file, data, found.index, found.kind), found, spec)
        picture = channels.pick_of(picture, spec.channels, 1 if found.is_grey else 3)
        return picture if spec.version < 3 or size == picture.size else picture.resize(size, Image.Resampling.BICUBIC)


def deep_frame(path: Path, frame: int) -> Deep | None:
    """The values of a grey frame of more than 8 bits; None for other frames. Raises as `load_frame` does."""
    with dicom.silent(), dicom.opened(path) as file:
        data = dicom.read_elements(file, ELEMENTS)
        size = dicom.squared(*dicom.size_of(data, frame), data)
        found = _Frame(data, frame - 1)
        modality = found.modality
        shallow = int(data.get("BitsStored") or data.get("BitsAllocated") or 0) <= 8 and modality.changes_nothing
        if not found.is_grey or shallow:
            return None
        stored = decoded(file, data, frame - 1, found.kind)
        outside = _padding(stored, data)
        inside = stored.ravel() if outside is None else stored[~outside]
        windows = tuple(window.span for window in Window.all_of(found.window_source))
        automatic = _automatic(inside, modality, found, windows)
        measured = modality.measured(stored)
        if outside is not None:
            measured = np.where(outside, _darkest(modality.measured(inside), automatic, found.inverted), measured)
        return Deep(
            measured,
            modality.measured(inside),
            automatic,
            inverted=found.inverted,
            windows=windows,
            unit="HU" if data.get("Modality") == "CT" and str(data.get("RescaleType") or "HU") == "HU" else "",
            whole=True,
            grid=abs(modality.slope) if modality.table is None and stored.dtype.kind in "iu" else 0.0,
            size=size,
        )


def _darkest(inside: Values, automatic: Range, inverted: bool) -> Values:
    """What stands for padding among values: black in the picture by itself and in any that shows all values. Of their type."""
    low, high = depth.finite_range(inside) or automatic
    darkest = max(high, automatic[1]) if inverted else min(low, automatic[0])
    if inside.dtype.kind in "iu":
        limits: Any = np.iinfo(cast(Any, inside.dtype))
        darkest = float(np.clip(np.ceil(darkest) if inverted else np.floor(darkest), limits.min, limits.max))
    return np.asarray(darkest).astype(inside.dtype)


def _automatic(inside: Values, modality: Modality, frame: _Frame, windows: tuple[Range, ...]) -> Range:
    """The values that `load_frame` makes black and white; of a table, those it begins and ends at."""
    table = Table.of(frame.window_source, "VOILUTSequence", frame.signed)
    if table is not None:
        return table.first, table.first + table.entries.size - 1
    return windows[0] if windows else modality.range_of(inside)


@dataclass(frozen=True, slots=True)
class _Frame:
    """The elements that say what a frame's values mean: its own, those shared by all frames, or the file's."""

    data: Dataset
    index: int

    @property
    def signed(self) -> bool:
        return bool(self.data.get("PixelRepresentation"))

    @property
    def kind(self) -> str:
        """How the stored samples are meant, in the words of the standard: what is not said is grey, or RGB."""
        told = " ".join(str(self.data.get("PhotometricInterpretation") or "").upper().replace("_", " ").split())
        kind = told.replace("MONOCHROME ", "MONOCHROME")
        if not kind and self.data.get("SamplesPerPixel") == 3:
            return "RGB"
        return GREY_KINDS.get(kind, told.replace(" ", "_") if told.startswith("YBR") else kind)

    @property
    def is_grey(self) -> bool:
        return self.kind.startswith("MONOCHROME")

    @property
    def inverted(self) -> bool:
        """Whether the smallest value is white."""
        return self.kind == "MONOCHROME1"

    @property
    def modality(self) -> Modality:
        return Modality.of(self.source("PixelValueTransformationSequence", "RescaleSlope"), self.signed)

    @property
    def window_source(self) -> Dataset:
        return self.source("FrameVOILUTSequence", "WindowCenter")

    def source(self, macro: str, keyword: str) -> Dataset:
        """Where `keyword` is: in the functional group `macro` of this frame or of all frames, or at the top of the file."""
        groups = []
        own = self.data.get("PerFrameFunctionalGroupsSequence")
        if own and self.index < len(own):
            groups.append(own[self.index])
        if shared := self.data.get("SharedFunctionalGroupsSequence"):
            groups.append(shared[0])
        for group in groups:
            items = group.get(macro)
            if items and keyword in items[0]:
                found: Dataset = items[0]
                return found
        return self.data


def _to_rgb(stored: Values, frame: _Frame, spec: PreprocessSpec) -> Image.Image:
    if frame.kind == "PALETTE COLOR":
        from pydicom.pixels.processing import apply_color_lut

        table = apply_color_lut(stored, frame.data)
        # 16-bit tables span all 16 bits, but some writers put 8-bit values into them.
        levels = table.astype(np.uint8) if table.max() <= 255 else depth.by_range(table, (0, 65535))
    elif stored.ndim == 3:
        if stored.shape[2] != 3:
            raise ImageRefused("The DICOM file has a kind of colours that can't be read.")
        levels = stored.astype(np.uint8) if stored.dtype == np.uint8 else depth.to_levels(stored, spec)
    else:
        levels = _grey(stored, frame, spec)
        levels = 255 - levels if frame.inverted else levels
        outside = _padding(stored, frame.data) if spec.version >= 3 else None
        return Image.fromarray(levels if outside is None else np.where(outside, np.uint8(0), levels)).convert("RGB")
    picture = Image.fromarray(np.ascontiguousarray(levels[:, :, :3]))
    picture.info["icc_profile"] = frame.data.get("ICCProfile")
    return colours.to_rgb(picture)


def _grey(stored: Values, frame: _Frame, spec: PreprocessSpec) -> Bytes:
    """Levels of a grey frame (uint8, same shape), black being the smallest value that is shown."""
    modality = frame.modality
    shown = _shown(stored, modality, frame, spec)
    return depth.through_table(stored, lambda wide: shown(modality.apply(wide)))


def _shown(stored: Values, modality: Modality, frame: _Frame, spec: PreprocessSpec) -> Callable[[Wide], Bytes]:
    """How values become levels: by the one range of the data set, the file's own table or window, or the range of its values."""
    if spec.low is not None and spec.high is not None:
        return by((spec.low, spec.high))
    data = frame.window_source
    table = Table.of(data, "VOILUTSequence", frame.signed)
    if table is not None:
        return table.levels
    window = Window.first(data, version=spec.version)
    if window is not None:
        return window.levels
    bits = int(frame.data.get("BitsStored") or 0)
    if modality.changes_nothing and stored.dtype.kind == "u" and 0 < bits <= 8:
        return by((0, 2**bits - 1))  # what a screen showed, like any other picture of 8 bits
    outside = _padding(stored, frame.data)
    return by(modality.range_of(stored.ravel() if outside is None else stored[~outside]))


def by(span: Range) -> Callable[[Wide], Bytes]:
    return lambda wide: depth.by_range(wide, span)


def _padding(stored: Values, data: Dataset) -> npt.NDArray[np.bool_] | None:
    """Where a scanner filled up around the picture; None where nothing is, or everything, which it can't mean.

    These values are no part of the picture (PS3.3 C.7.5.1.1.2): they would spoil its range, and are black whatever they are.
    """
    padding = dicom.numbers(data, "PixelPaddingValue")[:1]
    if not padding:
        return None
    low, high = sorted((*padding, *(dicom.numbers(data, "PixelPaddingRangeLimit")[:1] or padding)))
    values: npt.NDArray[Any] = stored
    outside: npt.NDArray[np.bool_] = (values >= low) & (values <= high)
    return outside if outside.any() and not outside.all() else None
