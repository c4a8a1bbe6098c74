"""What a JPEG Lossless or JPEG-LS frame says of itself is checked before GDCM believes it."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames

from tests.unit.images import lossless_jpeg
from tlstudio.images.dicom_gdcm import DECODER_DEPENDENCIES, check, is_available

VALUES = np.arange(30 * 20, dtype=np.uint16).reshape(30, 20)
FRAME = lossless_jpeg.encode(VALUES, 12)


def of(name: str) -> bytes:
    data = dcmread(str(get_testdata_file(name, download=False)))
    return bytes(next(generate_frames(data.PixelData, number_of_frames=1)))


def test_sound_frames_pass() -> None:
    check(FRAME, 30, 20, 1)
    check(b"\xff\xd8\xff\xff" + FRAME[3:], 30, 20, 1)  # filled up between markers
    check(b"\xff\xd8\xff\x01" + FRAME[2:], 30, 20, 1)
    check(of("SC_rgb_jpeg_gdcm.dcm"), 100, 100, 3)
    check(of("SC_rgb_jls_lossy_line.dcm"), 100, 100, 3)
    check(of("MR_small_jpeg_ls_lossless.dcm"), 64, 64, 1)
    for predictor in (1, 7):
        check(lossless_jpeg.encode(VALUES, 12, predictor), 30, 20, 1)
    assert all(is_available(syntax) for syntax in DECODER_DEPENDENCIES) and len(DECODER_DEPENDENCIES) == 4
    assert not is_available("1.2.840.10008.1.2.4.50")


HEAD = FRAME.index(b"\xff\xc3")  # then length, bits, height, width, components, and of each its number, sampling, table
TABLE = FRAME.index(b"\xff\xc4")  # then length, number, 16 counts, categories
SCAN = FRAME.index(b"\xff\xda")  # then length, components, of each its number and tables, predictor, 0, shift


def at(place: int, *values: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:place] + bytes(values) + frame[place + len(values) :]


def without(begin: int, end: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:begin] + frame[end:]


def adobe(transform: int) -> Callable[[bytes], bytes]:
    return lambda frame: frame[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\0\0\0\0" + bytes((transform,)) + frame[2:]


@pytest.mark.parametrize("transform", [0, 1])
def test_colours_that_there_are(transform: int) -> None:
    check(adobe(transform)(FRAME), 30, 20, 1)


@pytest.mark.parametrize(
    "damage",
    [
        at(0, 0),
        at(HEAD + 1, 0xC0),  # baseline
        at(HEAD + 3, 14),  # its length
        at(HEAD + 4, 1),
        at(HEAD + 4, 17),
        at(HEAD + 6, 31),
        at(HEAD + 8, 21),
        at(HEAD + 9, 2),
        at(HEAD + 11, 0x21),
        at(HEAD, 0),
        at(TABLE + 4, 4),
        at(TABLE + 5, 3),  # codes of one bit
        at(TABLE + 9, 18),
        at(TABLE + 9, 0),
        at(TABLE + 21, 17),
        at(TABLE + 21, 16),  # a category twice
        at(SCAN + 4, 0),
        at(SCAN + 4, 2),
        at(SCAN + 6, 0x10),
        at(SCAN + 7, 0),
        at(SCAN + 7, 8),
        at(SCAN + 8, 1),
        at(SCAN + 9, 16),
        adobe(2),
        adobe(255),
        without(HEAD, TABLE),
        without(TABLE, SCAN),
        without(SCAN, len(FRAME)),
        without(SCAN + 6, len(FRAME)),
        without(1, len(FRAME)),
        lambda frame: b"",
    ],
)
def test_damaged_frames_are_told(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises((ValueError, struct.error)):
        check(damage(FRAME), 30, 20, 1)


@pytest.mark.parametrize("size", [(29, 20, 1), (30, 19, 1), (30, 20, 3)])
def test_another_picture_than_the_file_tells_of(size: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="another picture"):
        check(FRAME, *size)
