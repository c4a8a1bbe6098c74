"""One frame of a DICOM file becomes an RGB picture, as PS3.3 C.7.6.3, C.7.6.16, C.11.1 and C.11.2 of the standard say.

Grey: stored values, modality rescale or table, then the value-of-interest table or first window, then black and white the right
way round. Colour: RGB, from YBR or a palette where that is what is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import colours, depth, dicom
from tlstudio.images.depth import Bytes, Deep, Range, Values, Wide
from tlstudio.images.dicom_tables import Modality, Table, Window

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.uid import UID

ELEMENTS = (
    *dicom.SIZE,
    "SamplesPerPixel",
    "PhotometricInterpretation",
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
_4 = "1.2.840.10008.1.2.4."
# Compressions that no decoder here can undo, by the end of their identifier.
UNREADABLE = {
    f"{_4}51": "JPEG Extended (12 bits)",
    f"{_4}57": "JPEG Lossless",
    f"{_4}70": "JPEG Lossless",
    f"{_4}80": "JPEG-LS",
    f"{_4}81": "JPEG-LS",
    f"{_4}92": "JPEG 2000 Part 2",
    f"{_4}93": "JPEG 2000 Part 2",
    **{f"{_4}{n}": "MPEG-2 video" for n in ("100", "100.1", "101", "101.1")},
    **{
        f"{_4}{n}": "H.264 video"
        for n in ("102", "102.1", "103", "103.1", "104", "104.1", "105", "105.1", "106", "106.1")
    },
    **{f"{_4}{n}": "H.265 video" for n in ("107", "108")},
    **{f"{_4}{n}": "JPEG XL" for n in ("110", "111", "112")},
}


def load_frame(path: Path, frame: int, spec: PreprocessSpec) -> Image.Image:
    """8-bit RGB of one frame, counted from 1.

    Raises ImageRefused, and whatever the decoders throw: the caller must drop their words, which may quote the patient's data.
    """
    with dicom.silent(), dicom.opened(path) as file:
        data = dicom.read_elements(file, ELEMENTS)
        dicom.size_of(data, frame)
        return _to_rgb(_stored(file, data, frame - 1), _Frame(data, frame - 1), spec)


def deep_frame(path: Path, frame: int) -> Deep | None:
    """The values of a grey frame of more than 8 bits; None for other frames. Raises as `load_frame` does."""
    with dicom.silent(), dicom.opened(path) as file:
        data = dicom.read_elements(file, ELEMENTS)
        dicom.size_of(data, frame)
        found = _Frame(data, frame - 1)
        kind = str(data.get("PhotometricInterpretation") or "MONOCHROME2")
        modality = Modality.of(found.source("PixelValueTransformationSequence", "RescaleSlope"), found.signed)
        shallow = int(data.get("BitsStored") or data.get("BitsAllocated") or 0) <= 8 and modality.changes_nothing
        if not kind.startswith("MONOCHROME") or shallow:
            return None
        stored = _stored(file, data, frame - 1)
        inside = _without_padding(stored, data)
        windows = tuple(window.span for window in Window.all_of(found.source("FrameVOILUTSequence", "WindowCenter")))
        return Deep(
            modality.measured(stored),
            modality.measured(inside),
            _automatic(inside, modality, found, windows),
            inverted=kind == "MONOCHROME1",
            windows=windows,
            unit="HU" if data.get("Modality") == "CT" and str(data.get("RescaleType") or "HU") == "HU" else "",
            whole=True,
            grid=abs(modality.slope) if modality.table is None and stored.dtype.kind in "iu" else 0.0,
        )


def _automatic(inside: Values, modality: Modality, frame: _Frame, windows: tuple[Range, ...]) -> Range:
    """The values that `load_frame` makes black and white; of a table, those it begins and ends at."""
    table = Table.of(frame.source("FrameVOILUTSequence", "WindowCenter"), "VOILUTSequence", frame.signed)
    if table is not None:
        return table.first, table.first + table.entries.size - 1
    return windows[0] if windows else modality.range_of(inside)


def _stored(file: BinaryIO, data: Dataset, index: int) -> Values:
    """The stored values of one frame, (rows, columns) or (rows, columns, samples); YBR as RGB. Other frames are not read."""
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    syntax = _transfer_syntax(data)
    try:
        if data.original_encoding == (syntax.is_implicit_VR, syntax.is_little_endian):
            return pixel_array(file, index=index, transfer_syntax_uid=syntax)
        file.seek(0)  # written in another way than its header says: only the whole file can be made out
        return pixel_array(dcmread(file, force=True), index=index)
    except NotImplementedError:
        raise _unreadable(None) from None
    except AttributeError as error:
        if "no pixel data to decode" in str(error):
            raise ImageRefused("The DICOM file holds no picture.") from None
        raise
    except BaseException as error:
        # The RLE decoder is written in Rust, whose panics pass by `except Exception` on purpose.
        if type(error).__name__ == "PanicException":
            raise ValueError("damaged") from None
        raise


def _transfer_syntax(data: Dataset) -> UID:
    """The identifier of how the pixels are stored; refuses what can't be read by its name."""
    from pydicom import uid

    syntax: UID | None = data.file_meta.get("TransferSyntaxUID")
    if syntax is None:
        implicit, little = data.original_encoding
        return (
            uid.ImplicitVRLittleEndian
            if implicit
            else uid.ExplicitVRLittleEndian
            if little
            else uid.ExplicitVRBigEndian
        )
    if syntax == f"{_4}51" and data.get("BitsStored") == 8:
        return syntax
    if syntax in UNREADABLE:
        raise _unreadable(UNREADABLE[syntax])
    return syntax


def _unreadable(name: str | None) -> ImageRefused:
    told = f"is compressed as {name}, which" if name else "is compressed in a way that"
    return ImageRefused(f"The DICOM file {told} can't be read. Save it without compression, or as JPEG 2000.")


@dataclass(frozen=True, slots=True)
class _Frame:
    """The elements that say what a frame's values mean: its own, those shared by all frames, or the file's."""

    data: Dataset
    index: int

    @property
    def signed(self) -> bool:
        return bool(self.data.get("PixelRepresentation"))

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
    kind = str(frame.data.get("PhotometricInterpretation") or "MONOCHROME2")
    if kind == "PALETTE COLOR":
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
        return Image.fromarray(255 - levels if kind == "MONOCHROME1" else levels).convert("RGB")
    picture = Image.fromarray(np.ascontiguousarray(levels[:, :, :3]))
    picture.info["icc_profile"] = frame.data.get("ICCProfile")
    return colours.to_rgb(picture)


def _grey(stored: Values, frame: _Frame, spec: PreprocessSpec) -> Bytes:
    """Levels of a grey frame (uint8, same shape), black being the smallest value that is shown."""
    modality = Modality.of(frame.source("PixelValueTransformationSequence", "RescaleSlope"), frame.signed)
    shown = _shown(stored, modality, frame, spec)
    return depth.through_table(stored, lambda wide: shown(modality.apply(wide)))


def _shown(stored: Values, modality: Modality, frame: _Frame, spec: PreprocessSpec) -> Callable[[Wide], Bytes]:
    """How values become levels: by the one range of the data set, the file's own table or window, or the range of its values."""
    if spec.low is not None and spec.high is not None:
        return by((spec.low, spec.high))
    data = frame.source("FrameVOILUTSequence", "WindowCenter")
    table = Table.of(data, "VOILUTSequence", frame.signed)
    if table is not None:
        return table.levels
    window = Window.of(data)
    if window is not None:
        return window.levels
    bits = int(frame.data.get("BitsStored") or 0)
    if modality.changes_nothing and stored.dtype.kind == "u" and 0 < bits <= 8:
        return by((0, 2**bits - 1))  # what a screen showed, like any other picture of 8 bits
    return by(modality.range_of(_without_padding(stored, frame.data)))


def by(span: Range) -> Callable[[Wide], Bytes]:
    return lambda wide: depth.by_range(wide, span)


def _without_padding(stored: Values, data: Dataset) -> Values:
    """The values inside the picture, one after another; the surroundings that a scanner filled up would spoil its range."""
    padding = data.get("PixelPaddingValue")
    if padding is None:
        return stored.ravel()
    limit = data.get("PixelPaddingRangeLimit")
    low, high = sorted((padding, padding if limit is None else limit))
    kept = stored[(stored < low) | (stored > high)]
    return kept if kept.size else stored.ravel()
