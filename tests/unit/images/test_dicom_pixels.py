"""DICOM pixels are those of the standard, and what can't be read is refused by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from tests.unit.images.dicom_kinds import KINDS, TWELVE, WINDOW, compressed, enhanced, percentiles, window
from tests.unit.images.dicoms import make, pack, save
from tests.unit.images.kinds import GREY, RGB, Kind, assert_reads, grey, levels
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.address import pages
from tlstudio.images.decode import load_rgb, looks_like_image, read_header


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_pixels_are_those_of_the_standard(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / f"{kind.name}.dcm"
    kind.write(path)
    assert_reads(path, kind.expected, kind.tolerance)
    assert read_header(path).format == "DICOM"


def test_enough_kinds_are_looked_at() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 40


def test_later_frames_have_pages_and_windows_of_their_own(tmp_path: Path) -> None:
    save(enhanced(), tmp_path / "a.dcm")
    assert pages(tmp_path / "a.dcm") == 2
    assert_reads(tmp_path / "a.dcm#page=2", grey(window(TWELVE[::-1] * 2.0 - 500, 900, 400)))
    with pytest.raises(ImageRefused, match="no page 3"):
        load_rgb(tmp_path / "a.dcm#page=3")


def test_a_file_has_no_more_frames_than_its_bytes_can_hold(tmp_path: Path) -> None:
    save(make(GREY, NumberOfFrames=2_000_000_000), tmp_path / "a.dcm")
    assert pages(tmp_path / "a.dcm") < 20
    save(compressed(make(np.stack([GREY] * 3), frames=3), RLELossless), tmp_path / "b.dcm")
    assert pages(tmp_path / "b.dcm") == 3


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_frames_of_a_compressed_file(tmp_path: Path, syntax: str) -> None:
    values = np.tile(GREY, (8, 8))
    stack = np.stack([values, 255 - values, values[::-1]])
    save(compressed(make(stack, frames=3), syntax), tmp_path / "a.dcm")
    for page, frame in enumerate(stack, start=1):
        assert_reads(tmp_path / f"a.dcm#page={page}", grey(frame))


def test_one_range_for_the_data_set_comes_before_every_window(tmp_path: Path) -> None:
    spec = PreprocessSpec(depth="dataset", low=-100, high=300)
    scan = {"RescaleSlope": 0.5, "RescaleIntercept": -1024}
    save(make(TWELVE, WindowCenter=9, WindowWidth=9, **scan), tmp_path / "a.dcm")
    assert_reads(tmp_path / "a.dcm", grey(levels(TWELVE * 0.5 - 1024, -100, 300)), spec=spec)
    save(make(TWELVE, PhotometricInterpretation="MONOCHROME1", **scan), tmp_path / "b.dcm")
    assert_reads(tmp_path / "b.dcm", 255 - grey(levels(TWELVE * 0.5 - 1024, -100, 300)), spec=spec)


def test_a_large_frame_is_scaled_like_a_small_one(tmp_path: Path) -> None:
    values = np.random.default_rng(6).integers(0, 4096, (700, 900), np.uint16)
    save(make(values), tmp_path / "a.dcm")
    assert_reads(tmp_path / "a.dcm", grey(percentiles(values)))
    save(make(values, **WINDOW), tmp_path / "b.dcm")
    assert_reads(tmp_path / "b.dcm", grey(window(values, 1500, 2000)))


def test_a_12_bit_ramp_keeps_256_levels(tmp_path: Path) -> None:
    save(make(np.arange(4096, dtype=np.uint16).reshape(64, 64)), tmp_path / "a.dcm")
    assert len(np.unique(np.asarray(load_rgb(tmp_path / "a.dcm")))) == 256


def test_a_flat_frame_is_black(tmp_path: Path) -> None:
    save(make(np.full((8, 8), 700, np.uint16)), tmp_path / "a.dcm")
    assert_reads(tmp_path / "a.dcm", np.zeros((8, 8, 3)))


def test_what_counts_as_dicom(tmp_path: Path) -> None:
    """With its mark under any name; without it only when the name says so and nothing else fits."""
    marked = save(make(GREY), tmp_path / "IM000001").read_bytes()
    (tmp_path / "1.2.840.10008").write_bytes(marked)
    (tmp_path / "photo.jpg").write_bytes(marked)
    bare = make(GREY)
    del bare.file_meta
    save(bare, tmp_path / "old.dcm", enforce=False, implicit_vr=True, little_endian=True)
    Image.fromarray(RGB).save(tmp_path / "really.dcm", "PNG")
    for name in ("IM000001", "1.2.840.10008", "photo.jpg", "old.dcm"):
        assert looks_like_image(tmp_path / name)
        assert_reads(tmp_path / name, grey(GREY))
    assert_reads(tmp_path / "really.dcm", RGB)
    (tmp_path / "README").write_text("x" * 200)
    (tmp_path / "notes.docx").write_bytes(b"x" * 200)
    for name in ("README", "notes.docx", "gone"):
        assert not looks_like_image(tmp_path / name)


REFUSED: dict[str, tuple[Callable[[], Dataset], str]] = {
    "extended": (
        lambda: make(TWELVE, BitsStored=12, syntax="1.2.840.10008.1.2.4.51", PixelData=pack([b"\xff\xd8"])),
        r"JPEG Extended \(12 bits\) \(1.2.840.10008.1.2.4.51\).*dcmdjpeg of DCMTK",
    ),
    "video": (
        lambda: make(GREY, syntax="1.2.840.10008.1.2.4.102", PixelData=pack([b"\0\0"])),
        r"H.264 video \(1.2.840.10008.1.2.4.102\).*gdcmraw",
    ),
    "unheard": (
        lambda: make(GREY, syntax="1.2.840.10008.1.2.4.94", PixelData=pack([b"\0\0"])),
        "JPIP Referenced.*gdcmconv",
    ),
    "short": (lambda: make(TWELVE, PixelData=TWELVE.tobytes()[:100]), "cut off"),
    "huge": (lambda: make(TWELVE, Rows=60_000, Columns=60_000), "megapixels"),
    "empty": (lambda: make(TWELVE, Rows=0), "no pixels"),
    "inks": (lambda: make(np.dstack([RGB, GREY]), PhotometricInterpretation="CMYK"), "[.]"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(tmp_path: Path, name: str) -> None:
    data, reason = REFUSED[name]
    path = save(data(), tmp_path / f"{name}.dcm")
    with pytest.raises(ImageRefused, match=reason) as refused:
        load_rgb(path)
    assert refused.value.path == str(path)


def test_a_report_holds_no_picture(tmp_path: Path) -> None:
    data = make(GREY)
    del data.PixelData
    save(data, tmp_path / "a.dcm")
    del data.Rows
    save(data, tmp_path / "b.dcm")
    for name in ("a.dcm", "b.dcm"):
        with pytest.raises(ImageRefused, match="holds no picture"):
            load_rgb(tmp_path / name)


def test_a_compressed_data_set_may_not_become_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tlstudio.images import dicom as reader

    path = save(make(np.zeros((500, 500), np.uint16), syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(reader, "MAX_INFLATED", 100_000)
    with pytest.raises(ImageRefused, match="megapixels"):
        load_rgb(path)
