"""Colour profiles, inks and L*a*b*: what is seen on a screen, computed here from the definitions of the colour spaces."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.unit.images.kinds import ALPHA, GREY, HEIGHT, INDEX, PALETTE, RGB, WIDTH, Array, assert_reads, grey, on_black
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.decode import load_rgb

# sRGB's primaries as X, Y, Z (columns), adapted to D50, and D50 itself: IEC 61966-2-1 and the ICC's specification.
PRIMARIES = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
D50 = np.array([0.9642, 1.0, 0.8249])


def to_screen(linear: Array) -> Array:
    """Light (0 … 1) as sRGB levels (0 … 255)."""
    light = np.clip(linear, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def lab_to_screen(lab: Array) -> Array:
    """L* (0 … 100), a*, b* at D50 as sRGB levels."""
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = D50 * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return to_screen(xyz @ np.linalg.inv(PRIMARIES).T)


def s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    """A colour profile written by hand after the ICC's specification, version 2."""
    text = b"Test profile\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": b"XYZ \0\0\0\0" + b"".join(s15(v) for v in D50),
        **tags,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s", offset + len(body), b"\0\0\0\0", 0x02400000, kind, space, connection)
    header += bytes(12) + b"acsp" + bytes(28) + b"".join(s15(v) for v in D50)
    return header.ljust(128, b"\0") + table + body


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def xyz(column: Array) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(s15(v) for v in column)


# Red is what sRGB calls green, green is blue, blue is red; and levels are light to the power 1 / 1.8.
TURNED = profile(
    b"RGB ",
    {
        **{name: xyz(PRIMARIES[:, k]) for name, k in ((b"rXYZ", 1), (b"gXYZ", 2), (b"bXYZ", 0))},
        **{name: gamma(1.8) for name in (b"rTRC", b"gTRC", b"bTRC")},
    },
)
STRAIGHT_GREY = profile(b"GRAY", {b"kTRC": gamma(1.0)})


def turned(values: Array) -> Array:
    return to_screen((values / 255.0) ** 1.8)[..., (2, 0, 1)]


def inks(corners: dict[tuple[int, int, int, int], tuple[float, float, float]]) -> bytes:
    """A printer's profile that says which L*a*b* each full mixture of inks has (16 corners, white where nothing is said)."""
    steps = bytes(range(256))
    nodes = b""
    for n in range(16):
        lightness, a, b = corners.get(tuple(n >> k & 1 for k in (3, 2, 1, 0)), (100.0, 0.0, 0.0))
        nodes += bytes([round(lightness * 2.55), round(a + 128), round(b + 128)])
    matrix = b"".join(s15(v) for v in np.eye(3).ravel())
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + steps * 4 + nodes + steps * 3
    return profile(b"CMYK", {b"A2B0": table, b"A2B1": table}, b"prtr", b"Lab ")


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_a_colour_profile_is_followed(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    Image.fromarray(RGB).save(tmp_path / name, icc_profile=TURNED, **options)
    assert_reads(tmp_path / name, turned(RGB), 1.5)
    assert_reads(tmp_path / name, RGB, spec=PreprocessSpec(version=1))


def test_a_jpeg_with_a_profile(tmp_path: Path) -> None:
    flat = np.full((HEIGHT, WIDTH, 3), (200, 90, 40), np.uint8)
    Image.fromarray(flat).save(tmp_path / "a.jpg", quality=100, icc_profile=TURNED)
    assert_reads(tmp_path / "a.jpg", turned(flat), 4)


def test_a_profile_reaches_the_colours_of_a_palette_and_under_an_alpha(tmp_path: Path) -> None:
    image = Image.fromarray(INDEX, "L").copy()
    image.putpalette(PALETTE.tobytes())
    image.save(tmp_path / "palette.png", icc_profile=TURNED)
    assert_reads(tmp_path / "palette.png", turned(PALETTE[INDEX]), 1.5)
    Image.fromarray(np.dstack([RGB, ALPHA])).save(tmp_path / "clear.png", icc_profile=TURNED)
    assert_reads(tmp_path / "clear.png", on_black(turned(RGB), ALPHA), 2.5)


def test_a_profile_of_grey(tmp_path: Path) -> None:
    values = np.maximum(GREY, 20)  # in the dark a step of light is many levels, and rounding shows
    expected = grey(to_screen(values / 255.0))
    Image.fromarray(values).save(tmp_path / "a.png", icc_profile=STRAIGHT_GREY)
    assert_reads(tmp_path / "a.png", expected, 1.5)
    Image.fromarray(np.dstack([values, ALPHA])).save(tmp_path / "la.png", icc_profile=STRAIGHT_GREY)
    assert_reads(tmp_path / "la.png", on_black(expected, ALPHA), 2.5)


@pytest.mark.parametrize(
    "data",
    [b"not a profile", TURNED[:200], STRAIGHT_GREY, b"\0" * 500],
    ids=["text", "cut off", "of grey", "nothing"],
)
def test_a_profile_that_can_not_be_followed_is_passed_over(tmp_path: Path, data: bytes) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png", icc_profile=data)
    assert_reads(tmp_path / "a.png", RGB)


def test_inks_by_their_profile(tmp_path: Path) -> None:
    mixtures = {(1, 0, 0, 1): (20.0, 5.0, -25.0), (1, 0, 0, 0): (60.0, -20.0, -30.0), (0, 1, 1, 0): (50.0, 50.0, 35.0)}
    for mixture, lab in mixtures.items():
        image = Image.new("CMYK", (WIDTH, HEIGHT), tuple(255 * ink for ink in mixture))
        image.save(tmp_path / "a.tif", icc_profile=inks(mixtures | {(1, 1, 1, 1): (0.0, 0.0, 0.0)}))
        expected = np.tile(lab_to_screen(np.array(lab)), (HEIGHT, WIDTH, 1))
        assert_reads(tmp_path / "a.tif", expected, 3)


def test_a_cmyk_jpeg_without_adobes_marker_is_not_turned_round(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (WIDTH, HEIGHT), (200, 40, 90, 30)).save(buffer, "JPEG", quality=100)
    data = buffer.getvalue()
    start = data.index(b"\xff\xee")
    plain = data[:start] + data[start + 2 + struct.unpack_from(">H", data, start + 2)[0] :]
    (tmp_path / "adobe.jpg").write_bytes(data)
    (tmp_path / "plain.jpg").write_bytes(plain)
    ink = np.array([200, 40, 90]) / 255
    light = np.tile(255 * (1 - ink) * (1 - 30 / 255), (HEIGHT, WIDTH, 1))
    assert_reads(tmp_path / "adobe.jpg", light, 3)
    assert_reads(tmp_path / "plain.jpg", np.tile(255 * ink * 30 / 255, (HEIGHT, WIDTH, 1)), 3)
    assert_reads(tmp_path / "plain.jpg", light, 3, spec=PreprocessSpec(version=1))


def test_lab_is_seen_as_its_colours(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    lightness = rng.uniform(20, 90, (HEIGHT, WIDTH))
    chroma = rng.uniform(-14, 14, (HEIGHT, WIDTH, 2)).round()
    stored = np.dstack([np.rint(lightness * 2.55), chroma.astype(np.int8).view(np.uint8)]).astype(np.uint8)
    tifffile.imwrite(tmp_path / "lab.tif", stored, photometric="cielab")
    expected = lab_to_screen(np.dstack([stored[..., 0] / 2.55, chroma]))
    assert_reads(tmp_path / "lab.tif", expected, 2)


def test_the_first_picture_of_a_phones_two_is_read_and_shrinks_like_any_jpeg(tmp_path: Path) -> None:
    """Phones hide a second picture behind the first; the library then calls the file MPO."""
    first, second = Image.new("RGB", (800, 600), (9, 90, 200)), Image.new("RGB", (800, 600), (250, 0, 0))
    first.save(tmp_path / "phone.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    assert_reads(tmp_path / "phone.jpg", np.full((600, 800, 3), (9, 90, 200)), 3)
    assert min(load_rgb(tmp_path / "phone.jpg", least=100).size) == 150
