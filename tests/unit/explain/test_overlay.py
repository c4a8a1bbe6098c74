"""Heat comes back to the place of the picture that the model saw it at."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tlstudio.domain.preprocess import FITS, PreprocessSpec
from tlstudio.explain.overlay import colours, layer, place, side_by_side
from tlstudio.images.prepare import fit_pixels


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(300, 200), (200, 300), (120, 120)])
def test_placing_is_the_way_back_of_fitting(fit: str, size: tuple[int, int]) -> None:
    spec = PreprocessSpec(96, fit)
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[size[1] // 2 + 10 : size[1] // 2 + 30, size[0] // 2 - 40 : size[0] // 2 - 20] = 255
    seen = fit_pixels(Image.fromarray(picture), spec)[..., 0].astype(np.float32) / 255
    back = place(seen, spec, size)
    assert back.shape == (size[1], size[0])
    truth = picture[..., 0] > 0
    assert back[truth].mean() > 0.75
    assert back[~truth].mean() < 0.03


def test_lightness_of_the_colours_rises_evenly() -> None:
    rgb = colours(np.linspace(0, 1, 64, dtype=np.float32)).astype(np.float64) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)  # CIE L*
    steps = np.diff(lightness)
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.mean()


def test_sheet_holds_both_and_cold_places_keep_the_picture() -> None:
    picture = Image.new("RGB", (200, 100), (90, 90, 90))
    heat = np.zeros((32, 32), np.float32)
    heat[:, :8] = 1.0
    sheet = np.asarray(side_by_side(picture, heat, PreprocessSpec(32)))
    assert sheet.shape == (320, 640 * 2 + 12, 3)
    assert (sheet[160, 100] == 90).all()
    assert (sheet[160, -5] == 90).all(), "cold: as it was"
    hot = sheet[160, 640 + 12 + 40].astype(int)
    assert hot[0] > hot[2] + 60, "hot: yellow"


def test_layer_has_the_proportions_of_the_picture_and_is_clear_where_cold() -> None:
    heat = np.zeros((32, 32), np.float32)
    heat[:, :8] = 1.0
    with Image.open(io.BytesIO(layer(heat, PreprocessSpec(32), (2000, 1000)))) as found:
        assert (found.mode, found.size) == ("RGBA", (640, 320))
        assert found.getpixel((40, 160))[3] == 255
        assert found.getpixel((600, 160))[3] == 0
