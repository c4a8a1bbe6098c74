"""How a file becomes model input: the one specification that training, export and prediction share."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from tlstudio.domain.errors import WrongUsage

FITS = ("stretch", "crop", "pad")
INTERPOLATIONS = ("bilinear", "bicubic")
DEPTHS = ("image", "dataset")
VERSION = 3
# Models made with an older version go on seeing exactly the pixels they were trained on.
READABLE = (1, 2, 3)
MOST_CHANNELS = 3  # that a picture of the model's can hold
LAST_CHANNEL = 9999


@dataclass(frozen=True, slots=True)
class PreprocessSpec:
    """Everything that decides the pixels of `images.prepare(path, spec)`: uint8, (size, size, 3), RGB.

    size: edge in pixels of the square that the model sees.
    fit: `stretch` the whole picture to the square; `crop` the centre after resizing the shorter side; or `pad` the longer
        side to fit and fill the rest with black.
    interpolation: `bilinear` or `bicubic`, both antialiased.
    depth: how more than 8 bits become 8: `image` scales each image by its own range (a DICOM image by its window);
        `dataset` scales every image from `low` … `high`, so that one value means the same in all of them.
    version: raised whenever `prepare` would give other pixels for the same file; part of every cache key. 1: no colour
        profiles, 16-bit colour cut to its high byte, inverted 16-bit grey as stored. 2: all of these as they are meant. 3: also
        uncompressed TIFF files that are to be turned, a transparent colour of 16-bit PNG files, and of DICOM files the padding,
        which is black, the first window that can be used, and pixels that are not square.
    channels: the channels that become red, green and blue, counted from 1; two become red and green, one becomes grey. None: of
        a file with more than three its first three, of every other what it shows.
    low, high: the values that become 0 and 255 with depth `dataset`, after the rescaling that a DICOM file asks for; None
        otherwise.
    """

    size: int = 224
    fit: str = "stretch"
    interpolation: str = "bicubic"
    depth: str = "image"
    version: int = VERSION
    low: float | None = None
    high: float | None = None
    channels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 2048:
            raise WrongUsage(f"An input size of {self.size} pixels is outside 8 to 2048.")
        if self.fit not in FITS:
            raise WrongUsage(f"“{self.fit}” is not a way to fit an image; use one of {', '.join(FITS)}.")
        if self.interpolation not in INTERPOLATIONS or self.depth not in DEPTHS or self.version not in READABLE:
            told = f"{self.interpolation}, {self.depth}, {self.version}"
            raise WrongUsage(f"This version can't prepare images in the way that was asked for ({told}).")
        if self.depth == "dataset" and self.version == 1:
            raise WrongUsage("One range for all images is not known to version 1 of the preparation.")
        check_channels(self.channels)
        if self.channels is not None and self.version < 3:
            raise WrongUsage(f"A choice of channels is not known to version {self.version} of the preparation.")
        if not self._range_fits():
            raise WrongUsage(f"Images can't be scaled from {self.low} to {self.high} with the depth “{self.depth}”.")

    def _range_fits(self) -> bool:
        if self.depth == "image":
            return self.low is None and self.high is None
        if self.low is None or self.high is None:
            return False
        return math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high

    def key(self) -> str:
        """A short, stable name for caches, such as `224-stretch-1a2b3c4d`."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return f"{self.size}-{self.fit}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def to_json(self) -> dict[str, Any]:
        """Plain values; `low` and `high` only where they are set, as version 1 did not have them."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @staticmethod
    def from_json(data: dict[str, Any]) -> PreprocessSpec:
        """Reads `to_json`'s form; unknown keys are an error, because they could change the pixels."""
        unknown = set(data) - set(PreprocessSpec.__dataclass_fields__)
        if unknown:
            raise WrongUsage(f"This version does not know the preprocessing settings {', '.join(sorted(unknown))}.")
        channels = data.get("channels")
        return PreprocessSpec(**{**data, "channels": None if channels is None else tuple(channels)})


def read_channels(text: str) -> tuple[int, ...]:
    """`1,3,2` as numbers. Raises WrongUsage for another text, and as `check_channels` does."""
    parts = [part.strip() for part in text.split(",")]
    channels = tuple(int(part) if part.isascii() and part.isdecimal() and len(part) < 6 else 0 for part in parts)
    check_channels(channels)
    return channels


def check_channels(channels: tuple[int, ...] | None) -> None:
    """Raises WrongUsage for what can't be a choice of channels."""
    if channels is None:
        return
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in channels)
    if not whole or not all(1 <= number <= LAST_CHANNEL for number in channels):
        raise WrongUsage("Channels are whole numbers from 1 on.", remedy="Name them as in 1,3,2.")
    if not 1 <= len(channels) <= MOST_CHANNELS or len(set(channels)) < len(channels):
        raise WrongUsage(
            f"Choose one to {MOST_CHANNELS} channels, each once.",
            remedy="One becomes grey, two become red and green, three red, green and blue.",
        )
