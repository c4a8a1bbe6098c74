"""Text written into pictures is seen, and textures, scratches and scales are not taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tlstudio.quality.text import letters

WORDS = ("DOE JOHN 1957", "ID 004711", "2021-03-14 10:22", "PORTABLE AP", "St. Mary Hospital")


def ground(seed: int, mean: float = 60.0, size: tuple[int, int] = (640, 512)) -> Image.Image:
    """Soft shades with a little noise, like a radiograph."""
    rng = np.random.default_rng(seed)
    shades = ndimage.zoom(rng.normal(0, 25, (5, 6)), (size[1] / 5, size[0] / 6), order=3)[: size[1], : size[0]]
    values = np.clip(mean + shades + rng.normal(0, 4, shades.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(values)


def written(picture: Image.Image, text: str, size: int, where: str, ink: int = 255) -> np.ndarray:
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    width = pen.textlength(text, font)
    x = 8 if "left" in where else picture.width - width - 8
    y = 6 if "top" in where else picture.height - size - 12
    pen.text((x, y), text, font=font, fill=ink)
    return np.asarray(picture)


@pytest.mark.parametrize("where", ["top left", "top right", "bottom left", "bottom right"])
@pytest.mark.parametrize("size", [12, 18, 28])
def test_text_in_every_corner_and_size(where: str, size: int) -> None:
    for seed, word in enumerate(WORDS):
        assert letters(written(ground(seed), word, size, where)) >= 4, word


def test_dark_text_on_light_ground() -> None:
    for seed, word in enumerate(WORDS):
        assert letters(written(ground(seed, mean=190.0), word, 20, "bottom left", ink=0)) >= 4, word


def test_no_text_in_shades_noise_stripes_and_scratches() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (400, 500)).astype(np.uint8)
    coarse = ndimage.zoom(rng.normal(128, 60, (100, 125)), 4, order=1).clip(0, 255).astype(np.uint8)
    stripes = np.tile((rng.normal(120, 30, 500)).clip(0, 255).astype(np.uint8), (400, 1))
    scratched = ground(1)
    pen = ImageDraw.Draw(scratched)
    for _ in range(60):
        x, y = rng.integers(0, 600), rng.integers(0, 480)
        pen.line((x, y, x + rng.integers(-30, 30), y + rng.integers(-30, 30)), fill=230, width=2)
    for picture in (noise, coarse, stripes, np.asarray(scratched), *(np.asarray(ground(s)) for s in range(10))):
        assert letters(picture) == 0


def test_a_side_marker_is_no_text() -> None:
    assert letters(written(ground(2), "L", 40, "top right")) == 0
    assert letters(written(ground(2), "R", 24, "top left")) == 0


def test_a_scale_is_no_text() -> None:
    picture = ground(3)
    pen = ImageDraw.Draw(picture)
    for i in range(20):
        pen.line((40 + 12 * i, 480, 40 + 12 * i, 496), fill=255, width=2)
    assert letters(np.asarray(picture)) == 0


def test_the_middle_is_not_looked_at_and_nothing_is_too_small() -> None:
    picture = ground(4)
    ImageDraw.Draw(picture).text((250, 240), "SAMPLE 12", font=ImageFont.load_default(24), fill=255)
    assert letters(np.asarray(picture)) == 0
    assert letters(np.zeros((1, 1), np.uint8)) == 0
    assert letters(np.zeros((5, 300), np.uint8)) == 0
