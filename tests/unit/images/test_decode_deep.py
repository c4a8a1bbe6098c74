"""Deep TIFF and PNG files of every sample type, byte order and arrangement, written by another library than reads them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.kinds import (
    ALPHA,
    DEEP,
    DEEP_ALPHA,
    DEEP_RGB,
    GREY,
    HEIGHT,
    RGB,
    WIDTH,
    Array,
    Kind,
    assert_reads,
    grey,
    levels,
    on_black,
    spread,
)
from tests.unit.images.test_decode import chunk
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_rgb

SIGNED = (DEEP.astype(np.int32) - 20_000).astype(np.int16)
BYTE = (GREY.astype(np.int16) - 128).astype(np.int8)
WORD = DEEP.astype(np.uint32) * 70_000  # beyond what 31 bits hold
REAL = DEEP.astype(np.float64) / 1e3 - 7.5
FLOAT = REAL.astype(np.float32)
DEEP_GREY_ALPHA = np.dstack([DEEP, DEEP_ALPHA])
DEEP_RGBA = np.dstack([DEEP_RGB, DEEP_ALPHA])


def tiff(name: str, values: Array, expected: Array, tolerance: int = 0, **options: Any) -> Kind:
    def write(path: Path) -> None:
        tifffile.imwrite(path, np.ascontiguousarray(values), **options)

    return Kind(name, write, expected, tolerance)


def planes(values: Array) -> Array:
    return values.transpose(2, 0, 1)


def save_png(path: Path, values: Array, colour_type: int) -> None:
    """16-bit PNG written by hand, the rows unfiltered."""
    rows = values.reshape(HEIGHT, -1).astype(">u2")
    body = b"".join(b"\0" + line.tobytes() for line in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*c) for c in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b"")))
    )


SEEN_THROUGH = on_black(levels(DEEP_RGB), np.rint(DEEP_ALPHA / 257))
RGB_OPTIONS: dict[str, Any] = {"photometric": "rgb"}
KINDS = [
    tiff("u16-motorola-deflate.tif", DEEP, spread(DEEP), byteorder=">", compression="zlib"),
    tiff("u16-big.tif", DEEP, spread(DEEP), bigtiff=True),
    tiff("u16-tiles.tif", np.tile(DEEP, (4, 4)), spread(np.tile(DEEP, (4, 4))), tile=(32, 32)),
    tiff("u16-white-is-zero.tif", DEEP, 255 - spread(DEEP), photometric="miniswhite"),
    tiff("u8-white-is-zero.tif", GREY, 255 - grey(GREY), photometric="miniswhite"),
    tiff("i8.tif", BYTE, spread(BYTE)),
    tiff("i16.tif", SIGNED, spread(SIGNED)),
    tiff("i16-motorola.tif", SIGNED, spread(SIGNED), byteorder=">"),
    tiff("i16-motorola-deflate.tif", SIGNED, spread(SIGNED), byteorder=">", compression="zlib"),
    tiff("u32.tif", WORD, spread(WORD)),
    tiff("u32-deflate.tif", WORD, spread(WORD), compression="zlib"),
    tiff("u32-motorola.tif", WORD, spread(WORD), byteorder=">"),
    tiff("u32-motorola-deflate.tif", WORD, spread(WORD), byteorder=">", compression="zlib"),
    tiff(
        "i32-motorola-deflate.tif", WORD.view(np.int32), spread(WORD.view(np.int32)), byteorder=">", compression="zlib"
    ),
    tiff("f32-motorola.tif", FLOAT, spread(FLOAT), byteorder=">"),
    tiff("f32-motorola-deflate.tif", FLOAT, spread(FLOAT), byteorder=">", compression="zlib"),
    tiff("f64.tif", REAL, spread(FLOAT)),
    tiff("f64-motorola.tif", REAL, spread(FLOAT), byteorder=">"),
    tiff("f64-motorola-deflate.tif", REAL, spread(FLOAT), byteorder=">", compression="zlib"),
    tiff("rgb16.tif", DEEP_RGB, levels(DEEP_RGB), **RGB_OPTIONS),
    tiff("rgb16-motorola.tif", DEEP_RGB, levels(DEEP_RGB), byteorder=">", **RGB_OPTIONS),
    tiff("rgb16-deflate.tif", DEEP_RGB, levels(DEEP_RGB), compression="zlib", **RGB_OPTIONS),
    tiff("rgb16-motorola-deflate.tif", DEEP_RGB, levels(DEEP_RGB), byteorder=">", compression="zlib", **RGB_OPTIONS),
    tiff("rgb16-planes.tif", planes(DEEP_RGB), levels(DEEP_RGB), planarconfig="separate", **RGB_OPTIONS),
    tiff(
        "rgb16-planes-motorola.tif",
        planes(DEEP_RGB),
        levels(DEEP_RGB),
        planarconfig="separate",
        byteorder=">",
        **RGB_OPTIONS,
    ),
    tiff("rgb16-small-values.tif", RGB.astype(np.uint16), RGB, **RGB_OPTIONS),
    tiff("rgbx16.tif", DEEP_RGBA, levels(DEEP_RGB), extrasamples=["unspecified"], **RGB_OPTIONS),
    tiff("rgba16.tif", DEEP_RGBA, SEEN_THROUGH, 1, extrasamples=["unassalpha"], **RGB_OPTIONS),
    tiff("rgb8-planes.tif", planes(RGB), RGB, planarconfig="separate", **RGB_OPTIONS),
    Kind("rgb16.png", lambda path: save_png(path, DEEP_RGB, 2), levels(DEEP_RGB)),
    Kind("rgba16.png", lambda path: save_png(path, DEEP_RGBA, 6), SEEN_THROUGH, 1),
    Kind(
        "la16.png",
        lambda path: save_png(path, DEEP_GREY_ALPHA, 4),
        on_black(spread(DEEP), np.rint(DEEP_ALPHA / 257)),
        1,
    ),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_pixels_are_those_that_were_put_in(tmp_path: Path, kind: Kind) -> None:
    kind.write(tmp_path / kind.name)
    assert_reads(tmp_path / kind.name, kind.expected, kind.tolerance)


def test_one_range_for_the_whole_data_set_makes_images_comparable(tmp_path: Path) -> None:
    spec = PreprocessSpec(depth="dataset", low=500, high=40_000)
    bright, dark = DEEP, DEEP // 4
    for name, values in (("bright.png", bright), ("dark.tif", dark)):
        Image.fromarray(values).save(tmp_path / name)
        assert_reads(tmp_path / name, grey(levels(values, 500, 40_000)), spec=spec)
    tifffile.imwrite(tmp_path / "colour.tif", DEEP_RGB, photometric="rgb")
    assert_reads(tmp_path / "colour.tif", levels(DEEP_RGB, 500, 40_000), spec=spec)


def test_one_range_leaves_8_bits_alone(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert_reads(tmp_path / "a.png", RGB, spec=PreprocessSpec(depth="dataset", low=0, high=4095))


def test_a_large_deep_picture_is_scaled_like_a_small_one(tmp_path: Path) -> None:
    """Beyond a size values go through a table, and in portions."""
    values = np.random.default_rng(8).integers(-3000, 9000, (1100, 1000)).astype(np.int16)
    tifffile.imwrite(tmp_path / "large.tif", values)
    assert_reads(tmp_path / "large.tif", spread(values))
    tifffile.imwrite(tmp_path / "large-float.tif", values.astype(np.float32))
    assert_reads(tmp_path / "large-float.tif", spread(values))


@pytest.mark.parametrize("turned", [3, 6])
def test_deep_colour_stands_upright(tmp_path: Path, turned: int) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP_RGB, photometric="rgb", extratags=[(274, 3, 1, turned, True)])
    assert_reads(tmp_path / "a.tif", levels(np.rot90(DEEP_RGB, 2 if turned == 3 else -1)))


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    """Three pages of different kinds, with a reduced copy and a mask between them that are no pages."""
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(RGB, photometric="rgb")
        writer.write(np.ascontiguousarray(RGB[::2, ::2]), photometric="rgb", subfiletype=1)
        writer.write(DEEP, photometric="minisblack")
        writer.write(ALPHA, photometric="minisblack", extratags=[(254, 4, 1, 4, True)])
        writer.write(np.ascontiguousarray(GREY[:5]), photometric="minisblack")
    from tlstudio.images.address import pages

    assert pages(path) == 3
    assert_reads(path, RGB)
    assert_reads(tmp_path / "stack.tif#page=1", RGB)
    assert_reads(tmp_path / "stack.tif#page=2", spread(DEEP))
    assert_reads(tmp_path / "stack.tif#page=3", grey(GREY[:5]))
    with pytest.raises(ImageRefused, match="no page 4") as refused:
        load_rgb(tmp_path / "stack.tif#page=4")
    assert refused.value.path == str(tmp_path / "stack.tif#page=4")


def test_a_tiff_whose_pages_go_in_a_circle_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "circle.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(GREY, photometric="minisblack")
        writer.write(GREY, photometric="minisblack")
    with tifffile.TiffFile(path) as opened:
        first, second = (page.offset for page in opened.pages)
    data = bytearray(path.read_bytes())
    count = struct.unpack_from("<H", data, second)[0]
    struct.pack_into("<I", data, second + 2 + 12 * count, first)
    path.write_bytes(data)
    from tlstudio.images.address import pages

    assert pages(path) == 2
