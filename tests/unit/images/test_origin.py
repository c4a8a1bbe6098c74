"""What files say of themselves, and small pictures as pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.images import dicoms
from tlstudio.domain.errors import ImageRefused
from tlstudio.images.inspect import THUMBNAIL
from tlstudio.images.origin import Origin, read_origin
from tlstudio.images.small import make_small, read_grey, read_small


@pytest.fixture
def picture() -> Image.Image:
    return Image.linear_gradient("L").resize((300, 200)).convert("RGB")


def test_the_camera_of_a_photograph(tmp_path: Path, picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "RICOH  \0", " WG-6"
    picture.save(tmp_path / "a.jpg", exif=exif, quality=90)
    picture.save(tmp_path / "b.png")
    assert read_origin(tmp_path / "a.jpg") == Origin("JPEG", "RICOH WG-6", quality=90)
    assert read_origin(tmp_path / "b.png") == Origin("PNG")


@pytest.mark.parametrize("quality", [30, 49, 50, 51, 75, 95, 99])
def test_the_strength_of_a_compression(tmp_path: Path, picture: Image.Image, quality: int) -> None:
    picture.convert("L").save(tmp_path / "a.jpg", quality=quality)
    assert read_origin(tmp_path / "a.jpg").quality == quality


def test_the_scanner_of_a_dicom_file_and_nothing_of_the_patient(tmp_path: Path) -> None:
    shade = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint16)
    data = dicoms.make(shade, Manufacturer="Acme", ManufacturerModelName="X1", BurnedInAnnotation="NO")
    origin = read_origin(dicoms.save(data, tmp_path / "a.dcm"))
    assert origin == Origin("DICOM", "Acme X1", False)
    plain = read_origin(dicoms.save(dicoms.make(shade), tmp_path / "b.dcm"))
    assert plain == Origin("DICOM")


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    for read in (read_origin, make_small, lambda path: read_grey(path, 100)):
        with pytest.raises(ImageRefused) as caught:
            read(tmp_path / "a.jpg")
        assert caught.value.path == str(tmp_path / "a.jpg")


def test_small_pictures_as_pixels(tmp_path: Path, picture: Image.Image) -> None:
    picture.save(tmp_path / "a.png")
    (tmp_path / "a.thumbnail").write_bytes(make_small(tmp_path / "a.png"))
    seen = read_small(tmp_path / "a.thumbnail")
    assert seen is not None
    assert (seen.shape, seen.dtype) == ((round(200 / 300 * THUMBNAIL), THUMBNAIL, 3), np.uint8)
    assert read_small(tmp_path / "missing.jpg") is None
    assert read_small(tmp_path / "a.png") is None, "not one of ours"


def test_grey_values_no_larger_than_wanted(tmp_path: Path, picture: Image.Image) -> None:
    picture.save(tmp_path / "a.png")
    assert read_grey(tmp_path / "a.png", 150).shape == (100, 150)
    assert read_grey(tmp_path / "a.png", 800).shape == (200, 300)
    tall = np.asarray(picture.convert("L"))
    assert np.array_equal(read_grey(tmp_path / "a.png", 800), tall)
