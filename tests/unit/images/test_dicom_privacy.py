"""What leaves a DICOM file besides its pixels: keyed names of groups, one flag, and nothing of the patient."""

from __future__ import annotations

import hashlib
import hmac
import logging
import pickle
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.images.dicoms import NAMES, NUMBER, make, save
from tlstudio.domain.errors import ImageRefused, WrongUsage
from tlstudio.images.decode import load_rgb, read_header
from tlstudio.images.dicom import burned_in, check_keyword, group_keys
from tlstudio.images.inspect import inspect

KEY = b"a secret of the project"
PIXELS = np.arange(64, dtype=np.uint16).reshape(8, 8)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return save(make(PIXELS), tmp_path / "a.dcm")


def group_key(path: Path, keyword: str, secret: bytes) -> str | None:
    return group_keys(path, (keyword,), secret)[0]


def test_a_group_is_the_keyed_hash_of_the_element(scan: Path) -> None:
    expected = "g" + hmac.new(KEY, NUMBER.encode(), hashlib.sha256).hexdigest()[:16]
    assert group_key(scan, "PatientID", KEY) == expected
    assert group_key(scan.with_name("a.dcm#page=7"), "PatientID", KEY) == expected
    assert group_key(scan, "PatientID", b"another") != expected
    assert group_key(scan, "PatientName", KEY) != expected


def test_the_same_patient_is_the_same_group_however_it_is_padded(tmp_path: Path) -> None:
    names = [save(make(PIXELS, PatientID=value), tmp_path / f"{i}.dcm") for i, value in enumerate(("A1 ", "A1", " A1"))]
    assert len({group_key(path, "PatientID", KEY) for path in names}) == 1


def test_no_group_where_nothing_is_told(tmp_path: Path, scan: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "broken.dcm").write_bytes(scan.read_bytes()[:300])
    (tmp_path / "text.dcm").write_bytes(b"no scan at all" * 30)
    for path in (tmp_path / "a.png", tmp_path / "broken.dcm", tmp_path / "text.dcm", tmp_path / "gone.dcm", tmp_path):
        assert group_key(path, "PatientID", KEY) is None
    assert group_key(scan, "StudyInstanceUID", KEY) is None
    assert group_key(save(make(PIXELS, PatientID="  "), tmp_path / "b.dcm"), "PatientID", KEY) is None


@pytest.mark.parametrize("keyword", ["PatientIdentity", "", "PixelData", "ReferencedImageSequence"])
def test_a_keyword_that_names_no_group(scan: Path, keyword: str) -> None:
    with pytest.raises(WrongUsage):
        check_keyword(keyword)


@pytest.mark.parametrize(("said", "meant"), [("YES", True), ("NO", False), ("", None), ("MAYBE", None), (None, None)])
def test_burned_in_text(tmp_path: Path, said: str | None, meant: bool | None) -> None:
    data = make(PIXELS) if said is None else make(PIXELS, BurnedInAnnotation=said)
    assert burned_in(save(data, tmp_path / "a.dcm")) is meant


def test_burned_in_text_of_other_files(tmp_path: Path) -> None:
    assert burned_in(tmp_path / "gone.dcm") is None


def spoil(path: Path, folder: Path) -> list[Path]:
    """The same file damaged in many ways, its values where they do not belong."""
    data = path.read_bytes()
    rng = np.random.default_rng(3)
    spoiled = []
    for i in range(150):
        bad = bytearray(data[: len(data) if i % 3 else int(rng.integers(140, len(data)))])
        for place in rng.integers(132, len(bad), 6):
            bad[place] = int(rng.integers(256))
        spoiled.append(folder / f"{i:03d}.dcm")
        spoiled[-1].write_bytes(bad)
    wrong = make(PIXELS)
    for keyword in ("WindowCenter", "RescaleSlope", "PixelSpacing"):
        wrong.add_new(keyword, "LO", NUMBER)
    spoiled.append(save(wrong, folder / "wrong.dcm"))
    return spoiled


def test_nothing_of_the_patient_is_told_by_anybody(
    scan: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad").mkdir()
    said: list[str] = []
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for path in [scan, *spoil(scan, tmp_path / "bad")]:
            for look in (read_header, load_rgb):
                try:
                    look(path)
                except ImageRefused as error:
                    said += [str(error), *traceback.format_exception(error), repr(pickle.dumps(error))]
            said += [repr(inspect(path)), repr(group_key(path, "PatientID", KEY)), repr(burned_in(path))]
    said += [str(w.message) for w in heard] + [record.getMessage() for record in caplog.records] + [*capfd.readouterr()]
    told = "\n".join(said)
    assert "can't be decoded" in told, "some of them are damaged"
    for name in NAMES:
        assert name not in told
