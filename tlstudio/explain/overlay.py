"""Heat maps as pictures: colours of even steps, laid over the image at the image's own proportions."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.explain.hiding import Heat

EDGE = 640  # of the longer side of each half, in pixels
GAP = 12
# Anchors of viridis (van der Walt and Smith 2015, CC0), whose lightness rises evenly: readable in grey and to the colour-blind.
ANCHORS = (
    (0x44, 0x01, 0x54), (0x48, 0x28, 0x78), (0x3E, 0x49, 0x89), (0x31, 0x68, 0x8E), (0x26, 0x82, 0x8E), (0x1F, 0x9E, 0x89),
    (0x35, 0xB7, 0x79), (0x6D, 0xCD, 0x59), (0xB4, 0xDE, 0x2C), (0xFD, 0xE7, 0x25),
)  # fmt: skip


def colours(heat: Heat) -> npt.NDArray[np.uint8]:
    """Viridis colours of values in 0 … 1: uint8, (*shape, 3)."""
    steps = np.linspace(0.0, 1.0, len(ANCHORS))
    channels = [np.interp(heat, steps, [anchor[c] for anchor in ANCHORS]) for c in range(3)]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def side_by_side(picture: Image.Image, heat: Heat, spec: PreprocessSpec, *, strength: float = 0.65) -> Image.Image:
    """The picture, and beside it the same under its heat map: cold places stay as they are, hot ones take the colour."""
    scale = EDGE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    plain = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    placed = place(heat, spec, size)
    ground = np.asarray(
        plain.convert("L").convert("RGB"), np.float64
    )  # grey, so that no colour of the picture reads as heat
    share = (strength * placed)[..., None]
    mixed = np.rint(ground * (1 - share) + colours(placed) * share).astype(np.uint8)
    sheet = Image.new("RGB", (2 * size[0] + GAP, size[1]), "white")
    sheet.paste(plain, (0, 0))
    sheet.paste(Image.fromarray(mixed), (size[0] + GAP, 0))
    return sheet


def place(heat: Heat, spec: PreprocessSpec, size: tuple[int, int]) -> Heat:
    """Brings a map of the prepared square back to the picture, `size` = (width, height): float32, (height, width).

    The way back of `images.prepare.fit_pixels`; what a centre crop left out has no heat.
    """
    width, height = size
    square = Image.fromarray(heat)
    if spec.fit == "stretch":
        return _enlarged(square, size)
    if spec.fit == "crop":
        edge = min(width, height)
        whole = Image.new("F", size)
        whole.paste(Image.fromarray(_enlarged(square, (edge, edge))), ((width - edge) // 2, (height - edge) // 2))
        return np.asarray(whole, np.float32)
    scale = spec.size / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (spec.size - inner[0]) // 2, (spec.size - inner[1]) // 2
    return _enlarged(square.crop((left, top, left + inner[0], top + inner[1])), size)


def _enlarged(heat: Image.Image, size: tuple[int, int]) -> Heat:
    return np.asarray(heat.resize(size, Image.Resampling.BILINEAR), np.float32).clip(0, 1)


def layer(heat: Heat, spec: PreprocessSpec, size: tuple[int, int]) -> bytes:
    """The map as a PNG to lay over the picture of `size` = (width, height): its proportions, clear where it is cold."""
    scale = min(1.0, EDGE / max(size))
    placed = place(heat, spec, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    pixels = np.dstack([colours(placed), np.rint(placed * 255).astype(np.uint8)])
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
