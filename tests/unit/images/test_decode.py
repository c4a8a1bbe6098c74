"""Every kind of picture comes out as the RGB pixels that were computed here without the decoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.unit.images.kinds import (
    ALPHA,
    DEEP,
    FLAT,
    GREY,
    HEIGHT,
    INDEX,
    PALETTE,
    RGB,
    RNG,
    UPRIGHT,
    WIDTH,
    Array,
    Kind,
    assert_reads,
    grey,
    on_black,
    spread,
)
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_rgb, read_header


def palette_image() -> Image.Image:
    image = Image.fromarray(INDEX, "L").copy()
    image.putpalette(PALETTE.tobytes())
    return image


def save(array: Array, **options: object) -> Callable[[Path], object]:
    return lambda path: Image.fromarray(array).save(path, **options)


def save_palette(**options: object) -> Callable[[Path], object]:
    return lambda path: palette_image().save(path, **options)


def save_one_bit(path: Path) -> None:
    Image.fromarray(INDEX > 1).save(path)


def save_cmyk(path: Path) -> None:
    Image.fromarray(np.dstack([RGB, GREY]), "CMYK").save(path)


def save_flat_cmyk_jpeg(path: Path) -> None:
    Image.new("CMYK", (WIDTH, HEIGHT), (255 - 180, 255 - 60, 255 - 90, 0)).save(path, quality=100)


def save_deep_png(path: Path, channels: int = 1) -> None:
    """16-bit PNG written by hand: the library that reads it does not write it."""
    rows = np.repeat(DEEP[:, :, None], channels, axis=2).astype(">u2")
    body = b"".join(b"\0" + line.tobytes() for line in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 0 if channels == 1 else 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b"")))
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    data = zlib.compress(body) if kind == b"IDAT" else body
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def save_big_endian_tiff(path: Path) -> None:
    """16-bit TIFF in Motorola byte order, written by hand: one strip, eight tags."""
    body = DEEP.astype(">u2").tobytes()
    tags = [(256, WIDTH), (257, HEIGHT), (258, 16), (259, 1), (262, 1), (273, 8), (278, HEIGHT), (279, len(body))]
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    path.write_bytes(
        b"MM\0*" + struct.pack(">I", 8 + len(body)) + body + struct.pack(">H", len(tags)) + entries + b"\0" * 4
    )


def holed() -> Array:
    """Float picture with values that are no numbers; the finite ones span -2 … 6."""
    values = np.linspace(-2, 6, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.float32)
    values[2, 3], values[4, 5], values[6, 7] = np.nan, np.inf, -np.inf
    return values


def holed_expected() -> Array:
    values = holed().astype(float)
    return grey(np.where(np.isfinite(values), np.rint((np.nan_to_num(values, posinf=0, neginf=0) + 2) / 8 * 255), 0))


def save_moving(path: Path) -> None:
    later = Image.new("RGB", (WIDTH, HEIGHT), (1, 2, 3))
    palette_image().save(path, save_all=True, append_images=[later, later], duration=40)


def save_pages(path: Path) -> None:
    Image.fromarray(RGB).save(path, save_all=True, append_images=[Image.new("L", (3, 3))])


KEYED = RGB.copy()
KEYED[2:5, 3:9] = (1, 2, 3)

KINDS = [
    Kind("grey.png", save(GREY), grey(GREY)),
    Kind("rgb.png", save(RGB), RGB),
    Kind("rgba.png", save(np.dstack([RGB, ALPHA])), on_black(RGB, ALPHA), 1),
    Kind("la.png", save(np.dstack([GREY, ALPHA])), on_black(grey(GREY), ALPHA), 1),
    Kind("palette.png", save_palette(), PALETTE[INDEX]),
    Kind("palette-clear.png", save_palette(transparency=1), PALETTE[INDEX] * (INDEX != 1)[:, :, None]),
    Kind(
        "palette-alpha.png",
        save_palette(transparency=bytes([255, 128, 0, 40])),
        on_black(PALETTE[INDEX], np.array([255, 128, 0, 40])[INDEX]),
        1,
    ),
    Kind("colour-key.png", save(KEYED, transparency=(1, 2, 3)), KEYED * (KEYED != (1, 2, 3)).any(2)[:, :, None]),
    Kind("one-bit.png", save_one_bit, grey(np.where(INDEX > 1, 255, 0))),
    Kind("deep.png", save_deep_png, spread(DEEP)),
    Kind("deep-rgb.png", lambda path: save_deep_png(path, 3), spread(DEEP)),
    Kind("shallow-16.png", save(GREY.astype(np.uint16)), grey(GREY)),
    Kind("grey.tif", save(GREY), grey(GREY)),
    Kind("rgb-lzw.tiff", save(RGB, compression="tiff_lzw"), RGB),
    Kind("cmyk.tif", save_cmyk, (255.0 - RGB) * (255.0 - grey(GREY)) / 255, 1),
    Kind("deep.tif", save(DEEP), spread(DEEP)),
    Kind("deep-big-endian.tif", save_big_endian_tiff, spread(DEEP)),
    Kind("int32.tif", save(DEEP.astype(np.int32) * 20_000 - 500_000_000), spread(DEEP)),
    Kind("float.tif", save(DEEP.astype(np.float32) / 1e6), spread(DEEP)),
    Kind("float-holes.tif", save(holed()), holed_expected()),
    Kind("float-nothing.tif", save(np.full((HEIGHT, WIDTH), np.nan, np.float32)), np.zeros_like(RGB)),
    Kind("deep-flat.tif", save(np.full((HEIGHT, WIDTH), 40_000, np.uint16)), np.zeros_like(RGB)),
    Kind(
        "one-bit-g4.tif",
        lambda p: Image.fromarray(INDEX > 1).save(p, compression="group4"),
        grey(np.where(INDEX > 1, 255, 0)),
    ),
    Kind("pages.tif", save_pages, RGB),
    Kind("flat.jpg", save(FLAT, quality=95), FLAT, 3),
    Kind("flat-grey.jpeg", save(np.full((HEIGHT, WIDTH), 77, np.uint8)), np.full_like(RGB, 77), 2),
    Kind("flat-cmyk.jpg", save_flat_cmyk_jpeg, FLAT, 3),
    Kind("rgb.bmp", save(RGB), RGB),
    Kind("palette.bmp", save_palette(), PALETTE[INDEX]),
    Kind("moving.gif", save_moving, PALETTE[INDEX]),
    Kind("clear.gif", save_palette(transparency=2), PALETTE[INDEX] * (INDEX != 2)[:, :, None]),
    Kind("rgb.webp", save(RGB, lossless=True), RGB),
    Kind("rgba.webp", save(np.dstack([RGB, ALPHA]), lossless=True, exact=True), on_black(RGB, ALPHA), 1),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_pixels_are_those_that_were_put_in(tmp_path: Path, kind: Kind) -> None:
    kind.write(tmp_path / kind.name)
    assert_reads(tmp_path / kind.name, kind.expected, kind.tolerance)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_models_of_the_first_version_see_what_they_were_trained_on(tmp_path: Path, kind: Kind) -> None:
    kind.write(tmp_path / kind.name)
    expected = grey(DEEP >> 8) if kind.name == "deep-rgb.png" else kind.expected
    assert_reads(tmp_path / kind.name, expected, kind.tolerance, spec=PreprocessSpec(version=1))


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_16_bit_ramp_keeps_256_levels(tmp_path: Path, suffix: str) -> None:
    ramp = np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64)
    Image.fromarray(ramp).save(tmp_path / f"ramp.{suffix}")
    assert len(np.unique(np.asarray(load_rgb(tmp_path / f"ramp.{suffix}")))) == 256


def test_a_narrow_16_bit_window_is_spread_over_all_levels(tmp_path: Path) -> None:
    """A camera with 12 bits in a 16-bit file, or an X-ray: the high bytes alone would show 16 levels."""
    narrow = np.linspace(20_000, 24_095, 4096).astype(np.uint16).reshape(64, 64)
    Image.fromarray(narrow).save(tmp_path / "narrow.png")
    assert len(np.unique(np.asarray(load_rgb(tmp_path / "narrow.png")))) == 256


@pytest.mark.parametrize("name", ["turned.png", "turned.tif", "turned.webp", "turned.jpg"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_pictures_stand_upright(tmp_path: Path, orientation: int, name: str) -> None:
    blocks = np.kron(RNG.integers(0, 256, (3, 5, 1), np.uint8), np.ones((16, 16, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name.endswith("webp") else {"quality": 100} if name.endswith("jpg") else {}
    Image.fromarray(blocks).save(tmp_path / name, exif=exif, **options)
    expected = UPRIGHT[orientation](blocks)
    found = np.asarray(load_rgb(tmp_path / name)).astype(int)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= (3 if name.endswith("jpg") else 0)
    header = read_header(tmp_path / name)
    assert (header.height, header.width) == expected.shape[:2]


def test_a_large_jpeg_is_decoded_smaller_but_never_below_what_is_wanted(tmp_path: Path) -> None:
    Image.new("RGB", (1600, 1200), (9, 90, 200)).save(tmp_path / "large.jpg")
    picture = load_rgb(tmp_path / "large.jpg", least=300)
    assert 300 <= min(picture.size) < 1200
    assert load_rgb(tmp_path / "large.jpg").size == (1600, 1200)
    assert load_rgb(tmp_path / "large.jpg", least=5000).size == (1600, 1200)
