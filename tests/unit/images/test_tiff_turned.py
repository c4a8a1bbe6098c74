"""TIFF files that are to be turned, of every kind of pixel and compression, against numpy and another library's reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.kinds import (
    ALPHA,
    DEEP,
    DEEP_RGB,
    GREY,
    INDEX,
    PALETTE,
    RGB,
    UPRIGHT,
    Array,
    assert_reads,
    grey,
    levels,
    on_black,
    spread,
)
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_deep, load_rgb

INKS = np.dstack([RGB, GREY])
REAL = DEEP.astype(np.float32) / 7 - 900
RGBA = np.dstack([RGB, ALPHA])
PLANES = np.dstack([RGB, GREY, ALPHA])


def inks(values: Array) -> Array:
    return np.asarray(Image.fromarray(np.ascontiguousarray(values), "CMYK").convert("RGB"))


def palette() -> Array:
    table = np.zeros((3, 256), np.uint16)
    table[:, : len(PALETTE)] = PALETTE.T.astype(np.uint16) * 257
    return table


# name: stored values, how tifffile is to write them, and what they look like
MODES: dict[str, tuple[Array, dict[str, Any], Array, int]] = {
    "bits": (GREY > 127, {"photometric": "minisblack"}, grey(np.where(GREY > 127, 255, 0)), 0),
    "grey": (GREY, {"photometric": "minisblack"}, grey(GREY), 0),
    "grey-inverted": (GREY, {"photometric": "miniswhite"}, 255 - grey(GREY), 0),
    "palette": (INDEX, {"photometric": "palette", "colormap": palette()}, PALETTE[INDEX], 0),
    "rgb": (RGB, {"photometric": "rgb"}, RGB, 0),
    "rgbx": (RGBA, {"photometric": "rgb", "extrasamples": ["unspecified"]}, RGB, 0),
    "rgba": (RGBA, {"photometric": "rgb", "extrasamples": ["unassalpha"]}, on_black(RGB, ALPHA), 1),
    "grey-alpha": (
        np.dstack([GREY, ALPHA]),
        {"photometric": "minisblack", "extrasamples": ["unassalpha"], "planarconfig": "contig"},
        on_black(grey(GREY), ALPHA),
        1,
    ),
    "cmyk": (INKS, {"photometric": "separated"}, inks(INKS), 0),
    "deep": (DEEP, {"photometric": "minisblack"}, spread(DEEP), 0),
    "deep-inverted": (DEEP, {"photometric": "miniswhite"}, 255 - spread(DEEP), 0),
    "deep-rgb": (DEEP_RGB, {"photometric": "rgb"}, levels(DEEP_RGB), 0),
    "whole": (DEEP.astype(np.int32) - 5, {"photometric": "minisblack"}, spread(DEEP), 0),
    "real": (REAL, {"photometric": "minisblack"}, spread(REAL), 0),
    "channels": (
        PLANES,
        {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unspecified"] * 4},
        RGB,
        0,
    ),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "how",
    [{}, {"byteorder": ">"}, {"compression": "zlib"}, {"tile": (16, 16)}],
    ids=lambda how: next(iter(how), "plain"),
)
def test_turned(tmp_path: Path, mode: str, orientation: int, how: dict[str, Any]) -> None:
    stored, options, seen, tolerance = MODES[mode]
    path = tmp_path / "a.tif"
    how = {} if stored.dtype == bool and "tile" in how else how  # bits are written in strips
    turn = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(path, stored, extratags=turn, **how, **options)
    assert_reads(path, UPRIGHT[orientation](seen), tolerance)
    deep = load_deep(path)
    if deep is not None:
        assert np.array_equal(deep.values, UPRIGHT[orientation](stored))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_turned_by_another_writer(tmp_path: Path, orientation: int, compression: str) -> None:
    for name, stored, seen in (("rgb", RGB, RGB), ("grey", GREY, grey(GREY)), ("deep", DEEP, spread(DEEP))):
        path = tmp_path / f"{name}.tif"
        Image.fromarray(stored).save(path, compression=compression, tiffinfo={274: orientation})
        assert_reads(path, UPRIGHT[orientation](seen))


def test_older_models_see_what_they_were_trained_on(tmp_path: Path) -> None:
    """Versions 1 and 2 were given such a file with the length of its rows mistaken."""
    path = tmp_path / "a.tif"
    Image.fromarray(GREY).save(path, tiffinfo={274: 6})
    for version in (1, 2):
        assert not np.array_equal(
            np.asarray(load_rgb(path, spec=PreprocessSpec(version=version))), np.rot90(grey(GREY), -1)
        )
    assert np.array_equal(np.asarray(load_rgb(path)), np.rot90(grey(GREY), -1))
