"""TIFF files that Pillow has no mode for, and a choice of channels: values against numpy, whatever the arrangement."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.dicoms import make, save
from tests.unit.images.kinds import (
    ALPHA,
    DEEP_ALPHA,
    DEEP_RGB,
    GREY,
    HEIGHT,
    RGB,
    RNG,
    WIDTH,
    Array,
    assert_reads,
    grey,
    levels,
)
from tests.unit.images.test_decode_colours import TURNED, turned
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images.decode import load_deep, load_rgb, read_header
from tlstudio.images.depth_sample import sample_values
from tlstudio.images.inspect import inspect
from tlstudio.images.refusals import CUT_OFF

FIVE = RNG.integers(0, 60_000, (HEIGHT, WIDTH, 5), np.uint16)
GREYISH = {"photometric": "minisblack", "planarconfig": "contig"}


def each(values: Array) -> Array:
    """Every channel by its own range."""
    return np.dstack([levels(values[:, :, k]) for k in range(values.shape[2])])


def extra(count: int) -> dict[str, Any]:
    return {"extrasamples": ["unspecified"] * count} if count else {}


def on_black_16(colours: Array) -> Array:
    return np.rint(np.rint(colours).astype(float) * np.rint(DEEP_ALPHA / 257)[:, :, None] / 255)


# name: stored values, how they are written, what is seen of them
KINDS: dict[str, tuple[Array, dict[str, Any], Array]] = {
    "five-8": ((FIVE // 256).astype(np.uint8), {**GREYISH, **extra(4)}, (FIVE // 256)[:, :, :3]),
    "five-16": (FIVE, {**GREYISH, **extra(4)}, each(FIVE[:, :, :3])),
    "five-16-unsaid": (FIVE, {**GREYISH}, each(FIVE[:, :, :3])),
    "five-planes": (
        FIVE.transpose(2, 0, 1),
        {"photometric": "minisblack", "planarconfig": "separate"},
        each(FIVE[:, :, :3]),
    ),
    "four": (FIVE[:, :, :4], {**GREYISH, **extra(3)}, each(FIVE[:, :, :3])),
    "three": (FIVE[:, :, :3], {**GREYISH, **extra(2)}, each(FIVE[:, :, :3])),
    "two": (FIVE[:, :, :2], {**GREYISH, **extra(1)}, np.dstack([each(FIVE[:, :, :2]), np.zeros((HEIGHT, WIDTH))])),
    "three-inverted": (
        FIVE[:, :, :3],
        {**GREYISH, "photometric": "miniswhite", **extra(2)},
        255 - each(FIVE[:, :, :3]),
    ),
    "signed": ((FIVE.astype(np.int32) - 30_000).astype(np.int16), {**GREYISH, **extra(4)}, each(FIVE[:, :, :3])),
    "words": (FIVE.astype(np.uint32) * 60_000, {**GREYISH, **extra(4)}, each(FIVE[:, :, :3])),
    "reals": (FIVE / 7.0 - 100, {**GREYISH, **extra(4)}, each(FIVE[:, :, :3])),
    "float-rgb": (DEEP_RGB.astype(np.float32), {"photometric": "rgb"}, levels(DEEP_RGB)),
    "double-rgb": (DEEP_RGB / 3.0, {"photometric": "rgb"}, levels(DEEP_RGB)),
    "half-rgb": ((RGB / 256).astype(np.float16), {"photometric": "rgb"}, levels((RGB / 256).astype(np.float16))),
    "half": (
        (GREY / 256).astype(np.float16),
        {"photometric": "minisblack"},
        grey(levels((GREY / 256).astype(np.float16))),
    ),
    "rgb-planes-16": (
        DEEP_RGB.transpose(2, 0, 1),
        {"photometric": "rgb", "planarconfig": "separate"},
        levels(DEEP_RGB),
    ),
    "rgb-planes-and-one-16": (
        FIVE[:, :, :4].transpose(2, 0, 1),
        {"photometric": "rgb", "planarconfig": "separate", **extra(1)},
        levels(FIVE[:, :, :3]),
    ),
    "rgba-planes-16": (
        np.dstack([DEEP_RGB, DEEP_ALPHA]).transpose(2, 0, 1),
        {"photometric": "rgb", "planarconfig": "separate", "extrasamples": ["unassalpha"]},
        on_black_16(levels(DEEP_RGB)),
    ),
    "rgb-and-two-16": (FIVE, {"photometric": "rgb", **extra(2)}, levels(FIVE[:, :, :3])),
    "grey-alpha-16": (
        np.dstack([FIVE[:, :, 0], DEEP_ALPHA]),
        {**GREYISH, "extrasamples": ["unassalpha"]},
        on_black_16(grey(levels(FIVE[:, :, 0]))),
    ),
    "grey-alpha-premultiplied": (
        np.dstack([FIVE[:, :, 0], DEEP_ALPHA]),
        {**GREYISH, "extrasamples": ["assocalpha"]},
        grey(levels(FIVE[:, :, 0])),
    ),
    "float-rgba": (
        np.dstack([DEEP_RGB, DEEP_ALPHA / 65_535]).astype(np.float32),
        {"photometric": "rgb", "extrasamples": ["unassalpha"]},
        on_black_16(levels(DEEP_RGB)),
    ),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(("order", "compression"), [("<", None), (">", None), ("<", "zlib"), (">", "zlib")])
def test_sound_files_are_read(tmp_path: Path, name: str, order: str, compression: str | None) -> None:
    stored, options, seen = KINDS[name]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ascontiguousarray(stored), byteorder=order, compression=compression, **options)
    assert_reads(path, seen, 1 if "alpha" in name or "rgba" in name else 0)


def packed(path: Path, values: Array, strips: list[bytes], code: int) -> None:
    """A TIFF file of these strips of 4 rows, whatever they are compressed in."""
    options: dict[str, Any] = {"shape": values.shape, "dtype": values.dtype, "rowsperstrip": 4, "compression": "zlib"}
    tifffile.imwrite(path, iter(strips), **options, **GREYISH, **extra(values.shape[2] - 1))
    tifffile.tiffcomment(path, code, tagcode=259)  # type: ignore[arg-type]


def by_libtiff(path: Path, values: Array, code: int) -> None:
    """Channels compressed by libtiff, which is made to write them as one wide grey picture."""
    names = {5: "tiff_lzw", 32773: "packbits", 50000: "zstd"}
    Image.fromarray(values.reshape(values.shape[0], -1)).save(path, compression=names[code], tiffinfo={278: 4})
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages.first.tags
        places, sizes = tags[273].value, tags[279].value
    whole = path.read_bytes()
    packed(path, values, [whole[at : at + size] for at, size in zip(places, sizes, strict=True)], code)


@pytest.mark.parametrize("code", [5, 32773, 50000])
def test_what_only_libtiff_can_unpack(tmp_path: Path, code: int) -> None:
    path = tmp_path / "a.tif"
    for values in (FIVE, (FIVE // 256).astype(np.uint8)):
        by_libtiff(path, values, code)
        assert_reads(path, each(FIVE[:, :, :3]) if values.dtype == np.uint16 else values[:, :, :3])


def chosen(*channels: int) -> PreprocessSpec:
    return PreprocessSpec(channels=channels)


@pytest.mark.parametrize(
    ("channels", "seen"),
    [
        ((4,), grey(levels(FIVE[:, :, 3]))),
        ((5, 2), np.dstack([each(FIVE[:, :, [4, 1]]), np.zeros((HEIGHT, WIDTH))])),
        ((5, 1, 3), each(FIVE[:, :, [4, 0, 2]])),
    ],
)
def test_channels_are_chosen(tmp_path: Path, channels: tuple[int, ...], seen: Array) -> None:
    stacked = np.ascontiguousarray(FIVE.transpose(2, 0, 1))
    tifffile.imwrite(tmp_path / "pixel.tif", FIVE, **GREYISH)
    tifffile.imwrite(tmp_path / "planes.tif", stacked, photometric="minisblack", planarconfig="separate")
    tifffile.imwrite(tmp_path / "imagej.tif", stacked, imagej=True, metadata={"axes": "CYX"})
    tifffile.imwrite(tmp_path / "micro.ome.tif", stacked, ome=True, metadata={"axes": "CYX"}, photometric="minisblack")
    for name in ("pixel.tif", "planes.tif", "imagej.tif", "micro.ome.tif"):
        assert read_header(tmp_path / name).channels == 5
        assert_reads(tmp_path / name, seen, spec=chosen(*channels))
        deep = load_deep(tmp_path / name, chosen(*channels))
        assert deep is not None
        picked = FIVE[:, :, [c - 1 for c in channels]]
        assert np.array_equal(np.sort(deep.inside), np.sort(picked.ravel()))
        sample = sample_values(tmp_path / name, chosen(*channels))
        assert sample is not None and set(sample) <= set(picked.ravel().astype(np.float32))


def test_one_range_for_the_data_set_is_that_of_every_channel(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FIVE, **GREYISH)
    spec = PreprocessSpec(depth="dataset", low=100, high=50_000, channels=(2, 5))
    seen = levels(FIVE[:, :, [1, 4]], 100, 50_000)
    assert_reads(tmp_path / "a.tif", np.dstack([seen, np.zeros((HEIGHT, WIDTH))]), spec=spec)


def test_channels_of_other_pictures_are_red_green_and_blue_or_grey(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    Image.fromarray(np.dstack([RGB, ALPHA])).save(tmp_path / "alpha.png")
    save(make(RGB), tmp_path / "a.dcm")
    for name in ("a.png", "a.dcm"):
        assert_reads(tmp_path / name, grey(RGB[:, :, 1]), spec=chosen(2))
        assert_reads(tmp_path / name, RGB[:, :, ::-1], spec=chosen(3, 2, 1))
    assert_reads(tmp_path / "alpha.png", grey(np.asarray(load_rgb(tmp_path / "alpha.png"))[:, :, 1]), spec=chosen(2))
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    Image.fromarray(FIVE[:, :, 0]).save(tmp_path / "deep.png")
    save(make(GREY), tmp_path / "grey.dcm")
    for name in ("grey.png", "grey.dcm", "deep.png"):
        assert_reads(tmp_path / name, np.asarray(load_rgb(tmp_path / name)), spec=chosen(1))
        assert read_header(tmp_path / name).channels == 0
        with pytest.raises(ImageRefused, match="has 1 channel, and channel 2 was chosen"):
            load_rgb(tmp_path / name, spec=chosen(2))
    with pytest.raises(ImageRefused, match="has 3 channels, and channel 4 was chosen"):
        load_rgb(tmp_path / "a.png", spec=chosen(4))
    tifffile.imwrite(tmp_path / "five.tif", FIVE, **GREYISH)
    with pytest.raises(ImageRefused, match="has 5 channels, and channel 6 was chosen"):
        load_rgb(tmp_path / "five.tif", spec=chosen(6))


@pytest.mark.parametrize(
    ("values", "options", "reason"),
    [
        (FIVE.astype(np.complex64), GREYISH, "5 channels of 64 bits, grey"),
        (FIVE[:, :, :3].astype(np.uint64), {"photometric": "cielab"}, "3 channels of 64 bits, CIELAB"),
        (
            np.dstack([FIVE[:, :, :4]] * 2),
            {"photometric": "separated", "planarconfig": "contig"},
            "8 channels of 16 bits, CMYK",
        ),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_true_reason(
    tmp_path: Path, values: Array, options: dict[str, Any], reason: str
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    with pytest.raises(ImageRefused, match=reason) as refused:
        load_rgb(tmp_path / "a.tif")
    assert "damaged" not in refused.value.what and "Save it as" in refused.value.what


def test_an_unknown_compression_is_named(tmp_path: Path) -> None:
    packed(tmp_path / "a.tif", FIVE, [b"\0" * 99] * 3, 34887)
    with pytest.raises(ImageRefused, match="compressed as LERC"):
        load_rgb(tmp_path / "a.tif")


def test_a_cut_off_file_is_still_called_so(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", FIVE, **GREYISH)
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[:-400])
    with pytest.raises(ImageRefused, match=r"cut off|damaged"):
        load_rgb(tmp_path / "a.tif")


def test_a_decoder_starts_without_the_library() -> None:
    """It is loaded when the first such file comes."""
    code = "import sys, tlstudio.images.prepare; assert not {'tifffile', 'pydicom', 'gdcm', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_for_the_viewer(tmp_path: Path) -> None:
    """Two channels are shown as three, the third of them dark; what is measured in whole numbers says so."""
    tifffile.imwrite(tmp_path / "a.tif", FIVE, **GREYISH)
    deep = load_deep(tmp_path / "a.tif", chosen(5, 2))
    assert deep is not None and deep.values.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(deep.values[:, :, :2], FIVE[:, :, [4, 1]])
    assert (deep.values[:, :, 2] == FIVE[:, :, [4, 1]].min()).all()
    assert (deep.grid, deep.inverted, deep.automatic) == (
        1.0,
        False,
        (FIVE[:, :, [4, 1]].min(), FIVE[:, :, [4, 1]].max()),
    )
    tifffile.imwrite(tmp_path / "b.tif", FIVE / 7.0, **{**GREYISH, "photometric": "miniswhite"})
    deep = load_deep(tmp_path / "b.tif", chosen(5))
    assert deep is not None and deep.values.shape == (HEIGHT, WIDTH) and (deep.grid, deep.inverted) == (0.0, True)
    tifffile.imwrite(tmp_path / "c.tif", (FIVE // 256).astype(np.uint8), **GREYISH)
    assert load_deep(tmp_path / "c.tif", chosen(5)) is None, "8 bits"


def test_colours_of_a_profile_are_those_of_the_screen(tmp_path: Path) -> None:
    """Of three channels; a single one is no colour."""
    stored = np.dstack([RGB, GREY, ALPHA])
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", iccprofile=TURNED, **extra(2))
    assert_reads(tmp_path / "a.tif", turned(RGB), 2)
    assert_reads(tmp_path / "a.tif", grey(GREY), spec=chosen(4))


def test_pieces_that_are_not_in_the_file_are_not_made_black(tmp_path: Path) -> None:
    values = np.random.default_rng(3).integers(1, 60_000, (24, 30, 5), np.uint16)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, values, photometric="minisblack", planarconfig="contig", rowsperstrip=8)
    sound = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        tag = file.pages[0].tags["ImageLength"]  # type: ignore[union-attr]
        counts = file.pages[0].tags["StripByteCounts"]  # type: ignore[union-attr]
    for at, value in ((tag.valueoffset, 32), (counts.valueoffset, 100)):
        path.write_bytes(sound[:at] + value.to_bytes(2, "little") + sound[at + 2 :])
        seen = inspect(path)
        assert isinstance(seen, Refusal)
        assert seen.reason == CUT_OFF
    path.write_bytes(sound)
    assert not isinstance(inspect(path), Refusal)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_strips_that_are_missing_are_told_of_plain_pictures_too(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tif"
    Image.new(mode, (30, 24), 7).save(path)
    sound = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        tag, rows = (file.pages[0].tags[name] for name in ("ImageLength", "RowsPerStrip"))  # type: ignore[union-attr]
    assert rows.value == 24
    path.write_bytes(sound[: tag.valueoffset] + (48).to_bytes(2, "little") + sound[tag.valueoffset + 2 :])
    seen = inspect(path)
    assert isinstance(seen, Refusal)
    assert seen.reason == CUT_OFF


@pytest.mark.parametrize("name", ["ImageWidth", "ImageLength"])
def test_a_size_of_many_numbers_is_damage(tmp_path: Path, name: str) -> None:
    """As many as the tag's count says; multiplied with each other they would fill the memory."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((24, 30, 5), np.float16), photometric="minisblack", planarconfig="contig")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].tags[name].offset  # type: ignore[union-attr]
    data[at + 4 : at + 12] = struct.pack("<II", 40, 8)  # a count, and where they lie
    path.write_bytes(bytes(data))
    assert isinstance(inspect(path), Refusal)
