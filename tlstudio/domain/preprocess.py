"""How a file becomes model input: the one specification that training, export and prediction share."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from tlstudio.domain.errors import WrongUsage

FITS = ("stretch", "crop", "pad")
INTERPOLATIONS = ("bilinear", "bicubic")
DEPTHS = ("image",)
VERSION = 1


@dataclass(frozen=True, slots=True)
class PreprocessSpec:
    """Everything that decides the pixels of `images.prepare(path, spec)`: uint8, (size, size, 3), RGB.

    size: edge in pixels of the square that the model sees.
    fit: `stretch` the whole picture to the square; `crop` the centre after resizing the shorter side; or `pad` the longer
        side to fit and fill the rest with black.
    interpolation: `bilinear` or `bicubic`, both antialiased.
    depth: how more than 8 bits become 8: `image` scales each image from its own minimum … maximum to 0 … 255.
    version: raised whenever `prepare` would give other pixels for the same file; part of every cache key.
    """

    size: int = 224
    fit: str = "stretch"
    interpolation: str = "bicubic"
    depth: str = "image"
    version: int = VERSION

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 2048:
            raise WrongUsage(f"An input size of {self.size} pixels is outside 8 to 2048.")
        if self.fit not in FITS:
            raise WrongUsage(f"“{self.fit}” is not a way to fit an image; use one of {', '.join(FITS)}.")
        if self.interpolation not in INTERPOLATIONS or self.depth not in DEPTHS or self.version != VERSION:
            told = f"{self.interpolation}, {self.depth}, {self.version}"
            raise WrongUsage(f"This version can't prepare images in the way that was asked for ({told}).")

    def key(self) -> str:
        """A short, stable name for caches, such as `224-stretch-1a2b3c4d`."""
        text = json.dumps(asdict(self), sort_keys=True)
        return f"{self.size}-{self.fit}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> PreprocessSpec:
        """Reads `to_json`'s form; unknown keys are an error, because they could change the pixels."""
        unknown = set(data) - set(PreprocessSpec.__dataclass_fields__)
        if unknown:
            raise WrongUsage(f"This version does not know the preprocessing settings {', '.join(sorted(unknown))}.")
        return PreprocessSpec(**data)
