"""Values of images of more than 8 bits, at viewing size, as the file means them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image
from pydicom.data import get_testdata_file

from tests.unit.images.dicoms import make, save
from tests.unit.images.kinds import DEEP, DEEP_RGB, GREY
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.viewing import CT_WINDOWS, DeepImage, PresetKind, ViewWindow
from tlstudio.images.decode import load_rgb
from tlstudio.images.windowing import look_deep

EDGE = 1600
RAMP = np.arange(65_536, dtype=np.uint16).reshape(256, 256)


def deep(path: Path, edge: int = EDGE) -> DeepImage:
    found = look_deep(path, edge)
    assert found is not None
    return found


def values(image: DeepImage) -> npt.NDArray[np.float64]:
    codes = np.frombuffer(image.codes, "<u2").reshape(image.height, image.width, image.channels)
    return image.first + image.step * codes.squeeze()


def preset(image: DeepImage, kind: PresetKind) -> list[ViewWindow]:
    return [preset.window for preset in image.presets if preset.kind is kind]


def of_pydicom(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    if not isinstance(found, str):
        pytest.skip(f"this pydicom has no {name}")
    return Path(found)


@pytest.mark.parametrize("name", ["ramp.png", "ramp.tif"])
def test_a_ramp_of_16_bits_keeps_every_value(tmp_path: Path, name: str) -> None:
    Image.fromarray(RAMP).save(tmp_path / name)
    image = deep(tmp_path / name)
    assert np.array_equal(values(image), RAMP)
    assert (image.first, image.last, image.step, image.unit, image.inverted) == (0, 65_535, 1, "", False)
    assert image.automatic == ViewWindow(32_767.5, 65_535)
    assert preset(image, PresetKind.FULL) == [image.automatic]
    (most,) = preset(image, PresetKind.MOST)
    assert most.centre == pytest.approx(32_767.5)
    assert most.width == pytest.approx(0.98 * 65_535)
    assert {each.kind for each in image.presets} == {PresetKind.FULL, PresetKind.MOST}


def test_a_large_image_is_averaged_down_to_viewing_size(tmp_path: Path) -> None:
    checks = np.kron(np.indices((60, 40)).sum(axis=0) % 2, np.ones((2, 2))).astype(np.uint16) * 60_000
    tifffile.imwrite(tmp_path / "a.tif", checks)
    image = deep(tmp_path / "a.tif", 30)
    assert (image.width, image.height) == (20, 30)
    assert set(values(image).ravel()) == {30_000}
    assert image.last == 60_000, "the range is that of the whole file"


@pytest.mark.parametrize("low", [-7.5, 2e9])
def test_numbers_with_a_point_and_wide_ones(tmp_path: Path, low: float) -> None:
    numbers = np.linspace(low, low + 1000, 64 * 48, dtype=np.float64).reshape(48, 64)
    numbers[3, 5] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", numbers.astype(np.float32))
    image = deep(tmp_path / "a.tif")
    expected = numbers.astype(np.float32)
    assert values(image)[3, 5] == image.first == pytest.approx(np.nanmin(expected))
    assert np.nanmax(np.abs(values(image) - expected)) <= max(image.step, 256.0 if low > 0 else 0.0)


def test_white_is_the_smallest_where_the_file_says_so(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="miniswhite")
    assert deep(tmp_path / "a.tif").inverted
    save(make(DEEP, PhotometricInterpretation="MONOCHROME1"), tmp_path / "b.dcm")
    assert deep(tmp_path / "b.dcm").inverted


def test_colour_of_16_bits_has_three_channels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP_RGB, photometric="rgb")
    image = deep(tmp_path / "a.tif")
    assert image.channels == 3
    assert np.array_equal(values(image), DEEP_RGB)
    half = np.full(DEEP_RGB.shape[:2], 32_768, np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", np.dstack([DEEP_RGB, half]), photometric="rgb", extrasamples=[2])
    assert np.abs(values(deep(tmp_path / "b.tif")) - DEEP_RGB / 2).max() <= 1


def test_images_of_8_bits_have_none(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    Image.fromarray(GREY).save(tmp_path / "a.jpg")
    save(make(GREY), tmp_path / "a.dcm")
    save(make(np.dstack([GREY] * 3)), tmp_path / "b.dcm")
    assert [look_deep(path, EDGE) for path in sorted(tmp_path.iterdir())] == [None] * 4


def test_computed_tomography_comes_in_hounsfield_units_with_the_usual_windows(tmp_path: Path) -> None:
    stored = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    scan = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024}
    save(make(stored, WindowCenter=[40, -600], WindowWidth=[400, 1500], **scan), tmp_path / "a.dcm")
    image = deep(tmp_path / "a.dcm")
    assert image.unit == "HU"
    assert np.array_equal(values(image), stored - 1024.0)
    assert preset(image, PresetKind.FILE) == [ViewWindow(40, 400), ViewWindow(-600, 1500)]
    assert image.automatic == ViewWindow(40, 400)
    assert set(CT_WINDOWS) <= set(image.presets)
    save(make(stored, **{**scan, "Modality": "MR"}), tmp_path / "b.dcm")
    assert not set(CT_WINDOWS) & set(deep(tmp_path / "b.dcm").presets)


def test_padding_does_not_count_for_the_windows(tmp_path: Path) -> None:
    stored = np.full((40, 40), -2000, np.int16)
    stored[10:30, 10:30] = np.arange(400).reshape(20, 20)
    save(make(stored, PixelPaddingValue=-2000), tmp_path / "a.dcm")
    image = deep(tmp_path / "a.dcm")
    (most,) = preset(image, PresetKind.MOST)
    assert image.span(most)[0] > 0
    assert image.span(image.automatic)[0] > 0


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "emri_small.dcm"])
def test_files_of_scanners(name: str) -> None:
    """The automatic window gives the picture that the program shows by itself."""
    path = of_pydicom(name)
    image = deep(path)
    low, high = image.span(image.automatic)
    levels = np.rint(np.clip((values(image) - low) / (high - low), 0, 1) * 255)
    assert np.abs(levels - np.asarray(load_rgb(path))[:, :, 0]).max() <= 1
    assert (image.unit == "HU") == name.startswith("CT")


def test_what_can_not_be_read_is_refused(tmp_path: Path) -> None:
    Image.fromarray(RAMP).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:-200])
    with pytest.raises(ImageRefused, match="cut off"):
        look_deep(tmp_path / "b.png", EDGE)
    with pytest.raises(ImageRefused, match="not there"):
        look_deep(tmp_path / "c.png", EDGE)
