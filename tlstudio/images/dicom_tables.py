"""What a DICOM file says about the meaning of its values: modality rescale, tables and windows (PS3.3 C.11.1 and C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlstudio.domain.errors import ImageRefused
from tlstudio.images import depth
from tlstudio.images.depth import Bytes, Range, Values, Wide
from tlstudio.images.dicom import numbers

if TYPE_CHECKING:
    from pydicom import Dataset

PERCENTILES = (0.5, 99.5)
LARGEST_SIGNED = 32_767


@dataclass(frozen=True, slots=True)
class Table:
    """A look-up table. entries: float64, one for each whole value from `first` on; bits: of an entry."""

    first: int
    entries: npt.NDArray[np.float64]
    bits: int

    @staticmethod
    def of(data: Dataset, sequence: str, signed: bool) -> Table | None:
        """The first table of a sequence; None where there is none."""
        items = data.get(sequence)
        if not items:
            return None
        count, first, bits = (int(number) for number in items[0].LUTDescriptor)
        if signed and first > LARGEST_SIGNED:
            first -= 65_536
        entries = _entries(items[0].LUTData, count or 65_536, bits, little=bool(data.original_encoding[1] is not False))
        if entries.size == 0:
            raise ValueError("a table without entries")
        return Table(first, entries, bits)

    def apply(self, wide: Wide) -> Wide:
        """The entry of each value; the first or last one beyond the ends."""
        places = np.clip(np.nan_to_num(np.rint(wide)) - self.first, 0, self.entries.size - 1)
        found: Wide = self.entries[places.astype(np.int64)]
        return found

    def levels(self, wide: Wide) -> Bytes:
        return depth.by_range(self.apply(wide), (0, 2**self.bits - 1))


def _entries(data: Any, count: int, bits: int, *, little: bool) -> npt.NDArray[np.float64]:
    """Entries arrive as numbers, or as bytes in words of 16 bits, or of 8 bits when they are that short."""
    if isinstance(data, bytes):
        short = bits <= 8 and len(data) < 2 * count
        data = np.frombuffer(data[: len(data) // 2 * 2], "u1" if short else "<u2" if little else ">u2")
    entries: npt.NDArray[np.float64] = np.atleast_1d(np.asarray(data, np.float64))
    return entries[:count]


@dataclass(frozen=True, slots=True)
class Modality:
    """From stored values to those the scanner measured, such as Hounsfield units."""

    table: Table | None
    slope: float
    intercept: float

    @staticmethod
    def of(data: Dataset, signed: bool) -> Modality:
        """Raises ImageRefused where the rescale is no number: what the values mean can't be guessed."""
        slope, intercept = (numbers(data, name, comma=True)[:1] for name in ("RescaleSlope", "RescaleIntercept"))
        if not np.isfinite([*slope, *intercept]).all():
            raise ImageRefused("The DICOM file's rescale slope or intercept is not a number.")
        usable = bool(slope) and slope[0] != 0  # nothing can be seen through a slope of 0
        return Modality(
            Table.of(data, "ModalityLUTSequence", signed),
            slope[0] if usable else 1.0,
            intercept[0] if usable and intercept else 0.0,
        )

    @property
    def changes_nothing(self) -> bool:
        return self.table is None and (self.slope, self.intercept) == (1.0, 0.0)

    def apply(self, wide: Wide) -> Wide:
        return wide * self.slope + self.intercept if self.table is None else self.table.apply(wide)

    def measured(self, stored: Values) -> Values:
        """`apply` of stored values as float32, exact for all that a scanner measures; as they are where nothing changes."""
        if self.changes_nothing:
            return stored
        if self.table is not None:
            return self.table.apply(stored.astype(np.float64)).astype(np.float32)
        return stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)

    def range_of(self, stored: Values) -> Range:
        """The percentiles that stand for black and white in a file without window; (0, 0) where nothing is a number."""
        if self.table is not None:
            return depth.percentiles(self.table.apply(stored.astype(np.float64)), *PERCENTILES) or (0.0, 0.0)
        found = depth.percentiles(stored, *PERCENTILES) or (0.0, 0.0)
        low, high = sorted(value * self.slope + self.intercept for value in found)
        return low, high


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the values that is spread over all levels."""

    center: float
    width: float
    function: str

    @staticmethod
    def first(data: Dataset, *, version: int) -> Window | None:
        """The first window of a file that can be used; with versions 1 and 2 the first one or none."""
        found = Window._pairs(data)
        return next((window for window in (found if version >= 3 else found[:1]) if window is not None), None)

    @staticmethod
    def all_of(data: Dataset) -> list[Window]:
        """The windows of a file, in order, without those that are no numbers or of an impossible width."""
        return [window for window in Window._pairs(data) if window is not None]

    @staticmethod
    def _pairs(data: Dataset) -> list[Window | None]:
        pairs = zip(numbers(data, "WindowCenter"), numbers(data, "WindowWidth"), strict=False)
        return [Window._usable(center, width, data) for center, width in pairs]

    @staticmethod
    def _usable(center: float, width: float, data: Dataset) -> Window | None:
        function = str(data.get("VOILUTFunction") or "LINEAR").upper()
        least = 1.0 if function == "LINEAR" else np.nextafter(0.0, 1.0)
        return Window(center, width, function) if np.isfinite(center) and least <= width < np.inf else None

    @property
    def span(self) -> Range:
        """The values that become black and white; where the curve is bent, those that a straight line would give them to."""
        if self.function in ("SIGMOID", "LINEAR_EXACT"):
            return self.center - self.width / 2, self.center + self.width / 2
        return self.center - 0.5 - (self.width - 1) / 2, self.center - 0.5 + (self.width - 1) / 2

    def levels(self, wide: Wide) -> Bytes:
        if self.function == "SIGMOID":
            with np.errstate(over="ignore"):
                return depth.by_range(1 / (1 + np.exp(-4 * (wide - self.center) / self.width)), (0, 1))
        if self.function == "LINEAR_EXACT":
            return depth.by_range(wide, (self.center - self.width / 2, self.center + self.width / 2))
        # LINEAR counts whole values: a window of width 256 around 128 begins at 0 and ends at 255.
        middle, half = self.center - 0.5, (self.width - 1) / 2
        if half == 0:
            return np.where(wide > middle, 255, 0).astype(np.uint8)
        return depth.by_range(wide, (middle - half, middle + half))
