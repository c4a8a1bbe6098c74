"""What hospital archives are full of: JPEG Lossless and JPEG-LS; files under any name; and what can't be read, by its name."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from tests.unit.images.dicoms import item, make, save
from tests.unit.images.kinds import GREY, assert_reads, grey
from tlstudio.domain.errors import ImageRefused
from tlstudio.images import dicom
from tlstudio.images.address import pages
from tlstudio.images.decode import load_deep, load_rgb, looks_like_image, read_header
from tlstudio.images.dicom_codecs import UNREADABLE, unreadable
from tlstudio.images.windowing import look_deep


def sample(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    assert isinstance(found, str)
    return Path(found)


def test_jpeg_ls_without_loss_is_the_picture_that_went_in() -> None:
    plain, packed = load_deep(sample("MR_small.dcm")), load_deep(sample("MR_small_jpeg_ls_lossless.dcm"))
    assert plain is not None and packed is not None
    assert np.array_equal(plain.values, packed.values) and plain.values.std() > 100


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("JPEGLSNearLossless_08.dcm", (10, 45)),
        ("JPEGLSNearLossless_16.dcm", (10, 50)),
        ("SC_rgb_jls_lossy_sample.dcm", (100, 100)),
        ("SC_rgb_jls_lossy_line.dcm", (100, 100)),
        ("SC_rgb_jpeg_gdcm.dcm", (100, 100)),
    ],
)
def test_files_of_other_writers(name: str, size: tuple[int, int]) -> None:
    path = sample(name)
    picture = load_rgb(path)
    header = read_header(path)
    assert picture.size == size == (header.width, header.height)
    assert np.asarray(picture).std() > 20


def test_colours_of_both_kinds_are_those_of_other_compressions() -> None:
    """pydicom's test picture: stripes of pure colours."""
    want = np.asarray(load_rgb(sample("SC_rgb_rle.dcm"))).astype(int)
    for name, tolerance in (
        ("SC_rgb_jpeg_gdcm.dcm", 0),
        ("SC_rgb_jls_lossy_sample.dcm", 10),
        ("SC_rgb_jls_lossy_line.dcm", 10),
    ):
        assert np.abs(np.asarray(load_rgb(sample(name))).astype(int) - want).max() <= tolerance


@pytest.mark.parametrize("syntax", [*UNREADABLE, "1.2.840.10008.1.2.4.94", "1.2.3.4.5"])
def test_what_can_not_be_read_names_itself_and_a_free_program(syntax: str) -> None:
    told = unreadable(UID(syntax)).what
    assert f"({syntax})" in told and "free program" in told
    assert UNREADABLE.get(syntax, ("compressed",))[0] in told


@pytest.mark.parametrize(
    "name", ["scan.IMA", "scan.dic", "scan.dc3", "scan.img", "scan.acr", "scan", "IM0001", "scan.jpg", "a.b.x"]
)
def test_the_file_says_what_it_is(tmp_path: Path, name: str) -> None:
    path = save(make(GREY), tmp_path / name)
    assert looks_like_image(path)
    assert_reads(path, grey(GREY))


@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_without_mark_the_first_element_says_it(tmp_path: Path, implicit: bool, little: bool) -> None:
    """ACR-NEMA files begin with the length of their first group."""
    data = make(GREY)
    del data.file_meta
    save(data, tmp_path / "bare", enforce=False, implicit_vr=implicit, little_endian=little)
    body = (tmp_path / "bare").read_bytes()
    order = "<" if little else ">"
    length = np.array([len(body)], f"{order}u4").tobytes()
    head = np.array([8, 0], f"{order}u2").tobytes()
    head += np.array([4], f"{order}u4").tobytes() if implicit else b"UL" + np.array([4], f"{order}u2").tobytes()
    (tmp_path / "old.img").write_bytes(head + length + body)
    assert looks_like_image(tmp_path / "old.img")
    assert_reads(tmp_path / "old.img", grey(GREY))


def test_other_files_of_these_names_are_none(tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(bytes(1000))
    (tmp_path / "letter.docx").write_bytes(b"PK\x03\x04" + bytes(500))
    assert not looks_like_image(tmp_path / "disk.img") and not looks_like_image(tmp_path / "letter.docx")


def test_a_look_at_the_header_unpacks_no_more_than_that(tmp_path: Path) -> None:
    """A data set that is compressed as a whole may become a thousand times larger."""
    values = np.zeros((4000, 5000), np.uint16)
    path = save(make(values, syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm")
    assert path.stat().st_size < values.nbytes // 500
    read_header(path)
    tracemalloc.start()
    assert (read_header(path).width, pages(path)) == (5000, 1)
    assert dicom.group_keys(path, ("PatientID",), b"")[0] is not None
    assert tracemalloc.get_traced_memory()[1] < 8e6
    tracemalloc.stop()


def test_padding_of_an_inverted_picture_is_black_in_the_viewer_too(tmp_path: Path) -> None:
    values = np.tile(np.arange(1, 65, dtype=np.uint16) * 40, (48, 1))
    values[:, :20] = 0
    window = {"WindowCenter": 2000, "WindowWidth": 6000}
    path = save(
        make(values, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0, **window), tmp_path / "a.dcm"
    )
    deep = load_deep(path)
    assert deep is not None and deep.inverted
    assert deep.values[:, :20].min() >= deep.automatic[1]
    assert np.array_equal(deep.values[:, 20:], values[:, 20:])
    assert np.array_equal(np.sort(deep.inside), np.sort(values[:, 20:].ravel()))


def test_the_viewer_shows_square_pixels_as_the_model_sees_them(tmp_path: Path) -> None:
    values = np.add.outer(np.arange(30), np.arange(20)).astype(np.uint16) * 50
    path = save(make(values, PixelSpacing=[2, 1]), tmp_path / "a.dcm")
    view = look_deep(path, 1600)
    assert view is not None
    assert (view.width, view.height) == load_rgb(path).size == (20, 60)
    small = look_deep(path, 30)
    assert small is not None and (small.width, small.height) == (10, 30)


@pytest.mark.parametrize("before", [b"", bytes(128) + b"DICM"])
def test_gigabytes_of_nothing_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes) -> None:
    """A hole in a disk is a header without an end, element by element."""
    monkeypatch.setattr(dicom, "MAX_PIECES", 1_000)
    (tmp_path / "a.dcm").write_bytes(before + bytes(1_000_000))
    with pytest.raises(ImageRefused, match="holds no picture"):
        dicom.read_size(tmp_path / "a.dcm")
    (tmp_path / "a.dcm").write_bytes(before + bytes(2_000))
    with pytest.raises(ImageRefused, match="holds no picture"):
        dicom.read_size(tmp_path / "a.dcm")


def test_a_header_of_many_frames_is_read_to_its_end(tmp_path: Path) -> None:
    """Each with a sequence of its own, and of no stated length, so that all of them are gone through."""
    frames = [item(FrameVOILUTSequence=item(WindowCenter=100 + i, WindowWidth=90)) for i in range(3_000)]
    data = make(np.zeros((2, 2), np.uint8))
    data.PerFrameFunctionalGroupsSequence = [each[0] for each in frames]
    data["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    path = save(data, tmp_path / "a.dcm")
    assert dicom.read_size(path) == (2, 2)
