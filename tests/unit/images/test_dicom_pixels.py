"""DICOM pixels against the formulas of the standard (PS3.3 C.7.6.3, C.11.1, C.11.2), computed here."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.unit.images.dicoms import item, make, pack, save, table
from tests.unit.images.kinds import (
    DEEP,
    DEEP_RGB,
    FLAT,
    GREY,
    HEIGHT,
    INDEX,
    PALETTE,
    RGB,
    RNG,
    WIDTH,
    Array,
    Kind,
    assert_reads,
    grey,
    levels,
)
from tests.unit.images.test_decode_colours import TURNED, turned
from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.images.address import pages
from tlstudio.images.decode import load_rgb, looks_like_image, read_header

TWELVE = RNG.integers(0, 4096, (HEIGHT, WIDTH), np.uint16)
HOUNSFIELD = RNG.integers(-1024, 2000, (HEIGHT, WIDTH)).astype(np.int16)
LARGER, LARGER_RGB = np.tile(HOUNSFIELD, (8, 8)), np.tile(RGB, (8, 8, 1))  # wavelets need some room
FLOAT = (HOUNSFIELD / 7).astype(np.float32)
WINDOW = {"WindowCenter": 1500, "WindowWidth": 2000}
CURVE = (np.linspace(0, 1, 512) ** 2 * 4095).astype(np.int64)


def window(values: Array, center: float, width: float) -> Array:
    """PS3.3 C.11.2.1.2.1, the LINEAR function, for 0 … 255."""
    x = values.astype(float)
    y = ((x - (center - 0.5)) / (width - 1) + 0.5) * 255
    y[x <= center - 0.5 - (width - 1) / 2] = 0
    y[x > center - 0.5 + (width - 1) / 2] = 255
    return np.rint(y)


def percentiles(values: Array) -> Array:
    low, high = np.percentile(values.astype(float), (0.5, 99.5))
    return levels(values, low, high)


def ybr(colours: Array) -> Array:
    """RGB as YBR_FULL, PS3.3 C.7.6.3.1.2."""
    matrix = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
    return np.clip(np.rint(colours @ matrix.T + (0, 128, 128)), 0, 255).astype(np.uint8)


def halved() -> tuple[Array, bytes]:
    """Colours in equal pairs, and the same with colour stored once for each pair: Y Y B R."""
    paired = np.repeat(RGB[:, ::2], 2, axis=1)
    stored = ybr(paired)
    rows = stored.reshape(HEIGHT, WIDTH // 2, 2, 3)
    packed = np.stack([rows[:, :, 0, 0], rows[:, :, 1, 0], rows[:, :, 0, 1], rows[:, :, 0, 2]], axis=-1)
    return paired, packed.astype(np.uint8).tobytes()


def with_tables(**elements: Any) -> Dataset:
    """Palette colours as 16-bit entries."""
    descriptor = [len(PALETTE), 0, 16]
    entries = {
        f"{name}PaletteColorLookupTable{part}": value
        for k, name in enumerate(("Red", "Green", "Blue"))
        for part, value in (("Descriptor", descriptor), ("Data", (PALETTE[:, k].astype("<u2") * 257).tobytes()))
    }
    return make(INDEX, PhotometricInterpretation="PALETTE COLOR", **entries, **elements)


def jpeg(picture: Array, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=100, **options)
    return buffer.getvalue()


def voi_table() -> Dataset:
    return make(TWELVE, BitsStored=12, HighBit=11, VOILUTSequence=table(1000, CURVE, 12), **WINDOW)


def dicom(
    name: str, data: Dataset | Callable[[], Dataset], expected: Array, tolerance: int = 0, **options: Any
) -> Kind:
    def write(path: Path) -> None:
        save(data if isinstance(data, Dataset) else data(), path, **options)

    return Kind(name, write, expected, tolerance)


def compressed(data: Dataset, syntax: str) -> Dataset:
    data.compress(syntax, generate_instance_uid=False)
    return data


def enhanced() -> Dataset:
    """Two frames: the rescale is shared, the window is each frame's own."""
    groups = [item(FrameVOILUTSequence=item(WindowCenter=c, WindowWidth=400))[0] for c in (100, 900)]
    shared = item(PixelValueTransformationSequence=item(RescaleSlope=2, RescaleIntercept=-500, RescaleType="US"))
    return make(
        np.stack([TWELVE, TWELVE[::-1]]),
        frames=2,
        PerFrameFunctionalGroupsSequence=Sequence(groups),
        SharedFunctionalGroupsSequence=shared,
    )


PADDED = np.where(INDEX == 0, -2000, HOUNSFIELD).astype(np.int16)
DIRTY = TWELVE | 0xA000
PAIRED, PAIRS = halved()
BITS = INDEX > 1
TWO_WINDOWS = {"WindowCenter": [1500, 40], "WindowWidth": [2000, 80]}
KINDS = [
    dicom("window", make(TWELVE, **WINDOW), grey(window(TWELVE, 1500, 2000))),
    dicom("two-windows", make(TWELVE, **TWO_WINDOWS), grey(window(TWELVE, 1500, 2000))),
    dicom("window-of-1", make(TWELVE, WindowCenter=2000, WindowWidth=1), grey(np.where(TWELVE > 1999.5, 255, 0))),
    dicom("no-window", make(TWELVE, WindowCenter=2000, WindowWidth=0), grey(percentiles(TWELVE))),
    dicom(
        "window-exact",
        make(TWELVE, VOILUTFunction="LINEAR_EXACT", **WINDOW),
        grey(levels(TWELVE, 500, 2500)),
    ),
    dicom(
        "sigmoid",
        make(TWELVE, VOILUTFunction="SIGMOID", **WINDOW),
        grey(np.rint(255 / (1 + np.exp(-4 * (TWELVE.astype(float) - 1500) / 2000)))),
    ),
    dicom(
        "inverted",
        make(TWELVE, PhotometricInterpretation="MONOCHROME1", **WINDOW),
        255 - grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "rescaled",
        make(TWELVE, RescaleSlope="0.5", RescaleIntercept="-1024", WindowCenter="40", WindowWidth="400"),
        grey(window(TWELVE * 0.5 - 1024, 40, 400)),
    ),
    dicom("signed", make(HOUNSFIELD, WindowCenter=40, WindowWidth=400), grey(window(HOUNSFIELD, 40, 400))),
    dicom("percentiles", make(TWELVE), grey(percentiles(TWELVE))),
    dicom("percentiles-signed", make(HOUNSFIELD, RescaleSlope=2, RescaleIntercept=7), grey(percentiles(HOUNSFIELD))),
    dicom("percentiles-falling", make(TWELVE, RescaleSlope=-1, RescaleIntercept=0), 255 - grey(percentiles(TWELVE))),
    dicom(
        "percentiles-inverted",
        make(DEEP, PhotometricInterpretation="MONOCHROME1"),
        255 - grey(percentiles(DEEP)),
    ),
    dicom(
        "padding",
        make(PADDED, PixelPaddingValue=-2000),
        grey(levels(PADDED, *np.percentile(PADDED[PADDED != -2000], (0.5, 99.5)))),
    ),
    dicom("voi-table", voi_table(), grey(levels(CURVE[np.clip(TWELVE.astype(int) - 1000, 0, 511)], 0, 4095))),
    dicom(
        "modality-table",
        make(TWELVE, ModalityLUTSequence=table(1000, CURVE, 16, kind="OW"), WindowCenter=2000, WindowWidth=1000),
        grey(window(CURVE[np.clip(TWELVE.astype(int) - 1000, 0, 511)], 2000, 1000)),
    ),
    dicom("unused-bits", make(DIRTY, BitsStored=12, HighBit=11, **WINDOW), grey(window(TWELVE, 1500, 2000))),
    dicom("8-bit", make(GREY), grey(GREY)),
    dicom("8-bit-inverted", make(GREY, PhotometricInterpretation="MONOCHROME1"), 255 - grey(GREY)),
    dicom("8-bit-window", make(GREY, WindowCenter=100, WindowWidth=50), grey(window(GREY, 100, 50))),
    dicom(
        "1-bit",
        make(
            GREY,
            PixelData=np.packbits(BITS.ravel(), bitorder="little").tobytes(),
            **{"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0},
        ),
        grey(np.where(BITS, 255, 0)),
    ),
    dicom("32-bit", make(DEEP.astype(np.uint32) * 60_000), grey(percentiles(DEEP))),
    dicom("float", make(FLOAT, FloatPixelData=FLOAT.tobytes()), grey(percentiles(FLOAT))),
    dicom("rgb", make(RGB), RGB),
    dicom(
        "rgb-planes",
        make(RGB, PlanarConfiguration=1, PixelData=RGB.transpose(2, 0, 1).tobytes()),
        RGB,
    ),
    dicom("rgb-16", make(DEEP_RGB), levels(DEEP_RGB)),
    dicom("rgb-profile", make(RGB, ICCProfile=TURNED), turned(RGB), 2),
    dicom("ybr", make(ybr(RGB), PhotometricInterpretation="YBR_FULL"), RGB, 2),
    dicom("ybr-422", make(RGB, PhotometricInterpretation="YBR_FULL_422", PixelData=PAIRS), PAIRED, 2),
    dicom("palette", with_tables(), PALETTE[INDEX]),
    dicom("rle", compressed(make(TWELVE, **WINDOW), RLELossless), grey(window(TWELVE, 1500, 2000))),
    dicom("rle-rgb", compressed(make(RGB), RLELossless), RGB),
    dicom(
        "jpeg2000",
        compressed(make(LARGER, WindowCenter=40, WindowWidth=400), JPEG2000Lossless),
        grey(window(LARGER, 40, 400)),
    ),
    dicom("jpeg2000-rgb", compressed(make(LARGER_RGB), JPEG2000Lossless), LARGER_RGB),
    dicom(
        "jpeg",
        make(GREY, syntax=JPEGBaseline8Bit, PixelData=pack([jpeg(np.full_like(GREY, 77))])),
        np.full_like(RGB, 77),
        2,
    ),
    dicom(
        "jpeg-colour",
        make(
            RGB,
            syntax=JPEGBaseline8Bit,
            PhotometricInterpretation="YBR_FULL_422",
            PixelData=pack([jpeg(FLAT, subsampling="4:2:2")]),
        ),
        FLAT,
        3,
    ),
    dicom("implicit", make(TWELVE, syntax=ImplicitVRLittleEndian, **WINDOW), grey(window(TWELVE, 1500, 2000))),
    dicom(
        "big-endian",
        make(TWELVE, syntax=ExplicitVRBigEndian, PixelData=TWELVE.astype(">u2").tobytes(), **WINDOW),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom("deflated", make(TWELVE, syntax=DeflatedExplicitVRLittleEndian, **WINDOW), grey(window(TWELVE, 1500, 2000))),
    dicom(
        "frames",
        make(np.stack([TWELVE, TWELVE.T.reshape(TWELVE.shape)]), frames=2, **WINDOW),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom("enhanced", enhanced(), grey(window(TWELVE * 2.0 - 500, 100, 400))),
]


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
    (tmp_path / "notes.docx").write_bytes(marked)
    for name in ("README", "notes.docx", "gone"):
        assert not looks_like_image(tmp_path / name)


REFUSED: dict[str, tuple[Callable[[], Dataset], str]] = {
    "lossless": (lambda: make(TWELVE, syntax="1.2.840.10008.1.2.4.70", PixelData=pack([b"\xff\xd8"])), "JPEG Lossless"),
    "extended": (
        lambda: make(TWELVE, BitsStored=12, syntax="1.2.840.10008.1.2.4.51", PixelData=pack([b"\xff\xd8"])),
        "JPEG Extended",
    ),
    "ls": (lambda: make(TWELVE, syntax="1.2.840.10008.1.2.4.80", PixelData=pack([b"\xff\xd8"])), "JPEG-LS"),
    "video": (lambda: make(GREY, syntax="1.2.840.10008.1.2.4.102", PixelData=pack([b"\0\0"])), "H.264 video"),
    "unheard": (lambda: make(GREY, syntax="1.2.840.10008.1.2.4.94", PixelData=pack([b"\0\0"])), "compressed in a way"),
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
