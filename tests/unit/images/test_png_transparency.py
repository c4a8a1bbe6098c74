"""One transparent colour in PNG files of every depth, written by hand, laid on black."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.unit.images.kinds import HEIGHT, RNG, WIDTH, Array, assert_reads, grey, levels
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images import png
from tlstudio.images.decode import load_deep, load_rgb


def write(path: Path, values: Array, bits: int, clear: Array) -> None:
    """values: (height, width) or (height, width, 3), below 2 ** bits. clear: the transparent one."""
    if bits < 8:
        split = (values[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = np.packbits(split.reshape(HEIGHT, -1).astype(np.uint8), axis=1)
    else:
        rows = values.astype(">u2" if bits == 16 else "u1").reshape(HEIGHT, -1)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 2 if values.ndim == 3 else 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    told = np.atleast_1d(clear).astype(">u2").tobytes()
    pieces = ((b"IHDR", head), (b"tRNS", told), (b"IDAT", body), (b"IEND", b""))
    raw = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in pieces)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + raw)


def colours(bits: int) -> tuple[Array, Array]:
    """A picture and its transparent colour, with others that differ from it in one channel, or in the low byte alone."""
    values = RNG.integers(0, 2**bits, (HEIGHT, WIDTH, 3))
    values[5], values[6, :, 0], values[7] = values[3, 3], values[3, 3, 0], values[3, 3] ^ 1
    return values, values[3, 3]


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey(tmp_path: Path, bits: int) -> None:
    values = RNG.integers(0, 2**bits, (HEIGHT, WIDTH))
    values[4], values[5] = values[3, 3], values[3, 3] ^ 1
    write(tmp_path / "a.png", values, bits, values[3, 3])
    seen = levels(values) if bits == 16 else levels(values, 0, 2**bits - 1)
    assert_reads(tmp_path / "a.png", grey(np.where(values == values[3, 3], 0, seen)))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_every_level_can_be_the_transparent_one(tmp_path: Path, bits: int) -> None:
    values = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 2**bits
    seen = levels(values, 0, 2**bits - 1)
    for clear in range(2**bits):
        write(tmp_path / "a.png", values, bits, np.array(clear))
        assert_reads(tmp_path / "a.png", grey(np.where(values == clear, 0, seen)))


@pytest.mark.parametrize("bits", [8, 16])
def test_colour(tmp_path: Path, bits: int) -> None:
    values, clear = colours(bits)
    write(tmp_path / "a.png", values, bits, clear)
    seen = levels(values) if bits == 16 else values
    gone = (values == clear).all(axis=2, keepdims=True)
    assert gone.sum() > WIDTH
    assert_reads(tmp_path / "a.png", np.where(gone, 0, seen))


def test_values_in_full_depth(tmp_path: Path) -> None:
    values, clear = colours(16)
    write(tmp_path / "colour.png", values, 16, clear)
    deep = load_deep(tmp_path / "colour.png")
    assert deep is not None
    assert np.array_equal(deep.values, np.where((values == clear).all(axis=2, keepdims=True), 0, values))
    write(tmp_path / "grey.png", values[:, :, 0], 16, values[3, 3, 0])
    deep = load_deep(tmp_path / "grey.png")
    assert deep is not None
    assert np.array_equal(deep.values, np.where(values[:, :, 0] == values[3, 3, 0], 0, values[:, :, 0]))


def test_one_range_for_all_images(tmp_path: Path) -> None:
    values, clear = colours(16)
    write(tmp_path / "a.png", values, 16, clear)
    spec = PreprocessSpec(depth="dataset", low=1000, high=50_000)
    gone = (values == clear).all(axis=2, keepdims=True)
    assert_reads(tmp_path / "a.png", np.where(gone, 0, levels(values, 1000, 50_000)), spec=spec)


def test_models_of_version_2_see_what_they_were_trained_on(tmp_path: Path) -> None:
    values, clear = colours(16)
    write(tmp_path / "a.png", values, 16, clear)
    assert np.array_equal(np.asarray(load_rgb(tmp_path / "a.png", spec=PreprocessSpec(version=2))), levels(values))


@pytest.mark.parametrize("bits", [2, 4])
def test_of_a_level_that_is_too_large_the_low_bits_count(tmp_path: Path, bits: int) -> None:
    """PNG specification, 11.3.2.1."""
    values = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 2**bits
    write(tmp_path / "a.png", values, bits, np.array(2**bits + 1))
    assert_reads(tmp_path / "a.png", grey(np.where(values == 1, 0, levels(values, 0, 2**bits - 1))))


def opened(path: Path, **info: object) -> PngImagePlugin.PngImageFile:
    Image.new("L", (3, 2)).save(path)
    image = Image.open(path)
    assert isinstance(image, PngImagePlugin.PngImageFile)
    image.info.update(info)
    return image


def test_full_depth_is_clear_or_whole_and_nothing_between(tmp_path: Path) -> None:
    values = np.array([[[1, 2, 3], [1, 2, 4]]], np.uint16)
    with opened(tmp_path / "a.png", transparency=(1, 2, 3)) as image:
        laid = png.with_alpha(image, values)
        assert laid.dtype == np.uint16
        assert laid.tolist() == [[[1, 2, 3, 0], [1, 2, 4, 65_535]]]
        four = np.dstack([values, values[:, :, :1]])
        assert png.with_alpha(image, four) is four, "it has its own alpha"


@pytest.mark.parametrize("told", [None, b"\0\1", 5, (1, 2)])
def test_what_is_no_colour_changes_nothing(tmp_path: Path, told: object) -> None:
    values = np.zeros((1, 1, 3), np.uint16)
    with opened(tmp_path / "a.png", transparency=told) as image:
        assert png.with_alpha(image, values) is values


def test_what_is_no_level_makes_nothing_clear(tmp_path: Path) -> None:
    values = np.array([[5, 6]], np.uint16)
    for told, clear in ((5, [[True, False]]), (None, None), ((5,), None), (b"\5", None)):
        with opened(tmp_path / "a.png", transparency=told) as image:
            found = png.clear_grey(image, values)
            assert (None if found is None else found.tolist()) == clear


def test_other_formats_are_left_alone(tmp_path: Path) -> None:
    """A GIF file names its transparent colour in the same place."""
    Image.new("P", (3, 2)).save(tmp_path / "a.gif", transparency=1)
    with Image.open(tmp_path / "a.gif") as image:
        image.info["transparency"] = 1
        png.correct_transparency(image)
        assert image.info["transparency"] == 1
        assert png.clear_grey(image, np.ones((1, 1), np.uint16)) is None
        image.info["transparency"] = (1, 1, 1)
        values = np.ones((1, 1, 3), np.uint16)
        assert png.with_alpha(image, values) is values


@pytest.mark.parametrize(("told", "after"), [(3, 3), (b"\1", b"\1")])
def test_eight_bits_and_palettes_keep_what_they_say(tmp_path: Path, told: object, after: object) -> None:
    with opened(tmp_path / "a.png", transparency=told) as image:
        png.correct_transparency(image)
        assert image.info["transparency"] == after
        image.tile = []
        png.correct_transparency(image)
        assert image.info["transparency"] == after
