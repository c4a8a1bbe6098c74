"""From any picture to the square that the model sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlstudio.domain.preprocess import FITS, INTERPOLATIONS, PreprocessSpec
from tlstudio.images.prepare import FILTERS, fit_pixels, prepare, prepare_and_keep

RED, GREEN, BLUE = (200, 20, 20), (20, 200, 20), (20, 20, 200)


def flag(width: int, height: int) -> Image.Image:
    """Three stripes along the longer side: red, green, blue."""
    image = Image.new("RGB", (width, height))
    for k, colour in enumerate((RED, GREEN, BLUE)):
        box = (0, k * height // 3, width, (k + 1) * height // 3)
        if width >= height:
            box = (k * width // 3, 0, (k + 1) * width // 3, height)
        image.paste(colour, box)
    return image


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (700, 2), (33, 31), (64, 64), (300, 200)], ids=str)
def test_always_a_square_of_bytes(tmp_path: Path, fit: str, interpolation: str, size: tuple[int, int]) -> None:
    flag(*size).save(tmp_path / "a.png")
    pixels = prepare(tmp_path / "a.png", PreprocessSpec(32, fit, interpolation))
    assert (pixels.shape, pixels.dtype) == ((32, 32, 3), np.uint8)
    assert pixels.max() > 0, "something of the picture is seen"


def test_every_setting_has_its_filter() -> None:
    assert set(FILTERS) == set(INTERPOLATIONS)


def test_stretch_shows_the_whole_picture() -> None:
    pixels = fit_pixels(flag(90, 30), PreprocessSpec(30))
    assert [tuple(pixels[15, x]) for x in (2, 15, 27)] == [RED, GREEN, BLUE]
    assert [tuple(pixels[y, 2]) for y in (0, 29)] == [RED, RED]


@pytest.mark.parametrize("size", [(90, 30), (30, 90)], ids=["wide", "tall"])
def test_crop_shows_the_centre_without_distortion(size: tuple[int, int]) -> None:
    pixels = fit_pixels(flag(*size), PreprocessSpec(30, "crop"))
    assert (pixels[3:-3, 3:-3] == GREEN).all()


@pytest.mark.parametrize("turned", [False, True], ids=["wide", "tall"])
def test_pad_shows_everything_between_black_bars(turned: bool) -> None:
    pixels = fit_pixels(flag(30, 90) if turned else flag(90, 30), PreprocessSpec(30, "pad"))
    if turned:
        pixels = pixels.swapaxes(0, 1)
    assert (pixels[:10] == 0).all()
    assert (pixels[20:] == 0).all()
    assert [tuple(pixels[15, x]) for x in (2, 15, 27)] == [RED, GREEN, BLUE]


def test_a_picture_of_the_right_size_is_left_alone(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    for fit in FITS:
        assert np.array_equal(prepare(tmp_path / "a.png", PreprocessSpec(32, fit)), noise)


def test_shrinking_is_antialiased() -> None:
    """A fine chessboard becomes grey, not a coarser chessboard."""
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    pixels = fit_pixels(Image.fromarray(board).convert("RGB"), PreprocessSpec(32, interpolation="bilinear"))
    assert np.abs(pixels.astype(int) - 127).max() < 5


def test_the_same_file_gives_the_same_pixels_every_time(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (400, 500, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    spec = PreprocessSpec(48)
    pixels, picture = prepare_and_keep(tmp_path / "a.jpg", spec)
    assert np.array_equal(pixels, prepare(tmp_path / "a.jpg", spec))
    assert min(picture.size) >= 96
