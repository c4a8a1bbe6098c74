"""What the viewer needs to show an image of more than 8 bits through a window of the user's choice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CODES = 65_536


class PresetKind(StrEnum):
    """Windows that are offered by name. FILE: of those a DICOM file brings along; MOST: without the outermost values."""

    FILE = "file"
    LUNG = "lung"
    BONE = "bone"
    SOFT = "soft"
    BRAIN = "brain"
    FULL = "full"
    MOST = "most"


@dataclass(frozen=True, slots=True)
class ViewWindow:
    """The part of the values that is spread from black to white, in the image's own units. width: above 0."""

    centre: float
    width: float


@dataclass(frozen=True, slots=True)
class Preset:
    kind: PresetKind
    window: ViewWindow


# Hounsfield units, as they are usual in reading computed tomography (Radiopaedia, “Windowing (CT)”).
CT_WINDOWS = (
    Preset(PresetKind.LUNG, ViewWindow(-600, 1500)),
    Preset(PresetKind.BONE, ViewWindow(400, 1800)),
    Preset(PresetKind.SOFT, ViewWindow(50, 400)),
    Preset(PresetKind.BRAIN, ViewWindow(40, 80)),
)


@dataclass(frozen=True, slots=True)
class DeepImage:
    """The values of an image of more than 8 bits at viewing size, so that any window of them can be shown at once.

    width, height: pixels. channels: 1 for grey, 3 for red, green and blue. codes: uint16, little-endian, row by row; a pixel's
    value is `first + step * code`, in the image's own units. first, last: the smallest and the largest value. unit: its name,
    such as `HU`; empty where there is none. inverted: the smallest value is white. whole: windows count whole values, as those
    of DICOM do. automatic: what the image is shown with otherwise, or what comes closest to it. presets: windows to choose from.
    """

    width: int
    height: int
    channels: int
    codes: bytes
    first: float
    last: float
    step: float
    unit: str
    inverted: bool
    whole: bool
    automatic: ViewWindow
    presets: tuple[Preset, ...]

    def span(self, window: ViewWindow) -> tuple[float, float]:
        """The values that become black and white (or white and black)."""
        if self.whole:  # PS3.3 C.11.2.1.2.1: a window of width 256 around 128 begins at 0 and ends at 255
            return window.centre - 0.5 - (window.width - 1) / 2, window.centre - 0.5 + (window.width - 1) / 2
        return window.centre - window.width / 2, window.centre + window.width / 2


def window_of(span: tuple[float, float], *, whole: bool) -> ViewWindow:
    """The window that `DeepImage.span` turns into this span, at least as wide as the eye can use."""
    low, high = span
    width = max(high - low, 1e-6)
    return ViewWindow((low + high) / 2 + 0.5, width + 1) if whole else ViewWindow((low + high) / 2, width)
