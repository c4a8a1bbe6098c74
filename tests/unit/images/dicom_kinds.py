"""Kinds of DICOM files, and how each should come out by the formulas of the standard (PS3.3 C.7.6.3, C.11.1, C.11.2)."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    RLELossless,
)

from tests.unit.images import lossless_jpeg
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
    grey,
    levels,
)
from tests.unit.images.test_decode_colours import TURNED, turned

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


def without(data: Dataset, *keywords: str) -> Dataset:
    for keyword in keywords:
        delattr(data, keyword)
    return data


def worded(data: Dataset, **texts: str) -> Dataset:
    """Elements with text that the standard does not allow there."""
    for keyword, text in texts.items():
        tag = tag_for_keyword(keyword)
        assert tag is not None
        data[tag] = RawDataElement(Tag(tag), "DS", len(text), text.encode(), 0, False, True)
    return data


def by_zoom(values: Array, size: tuple[int, int]) -> Array:
    """Grey levels at another width and height."""
    return np.asarray(Image.fromarray(np.asarray(values, np.uint8)).resize(size, Image.Resampling.BICUBIC))


PADDED = np.where(INDEX == 0, -2000, HOUNSFIELD).astype(np.int16)
HOLED = np.where(INDEX == 0, 0, TWELVE | 1).astype(np.uint16)
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
    dicom(
        "padding-inverted",
        make(HOLED, PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=0, **WINDOW),
        np.where(grey(HOLED) == 0, 0, 255 - grey(window(HOLED, 1500, 2000))),
    ),
    dicom(
        "padding-range-inverted",
        make(
            HOLED + 5,
            PhotometricInterpretation="MONOCHROME1",
            PixelPaddingValue=0,
            PixelPaddingRangeLimit=5,
            **WINDOW,
        ),
        np.where(grey(HOLED) == 0, 0, 255 - grey(window(HOLED + 5, 1500, 2000))),
    ),
    dicom(
        "padding-on-top",
        make(np.where(INDEX == 0, 65_535, TWELVE).astype(np.uint16), PixelPaddingValue=65_535, **WINDOW),
        np.where(grey(INDEX) == 0, 0, grey(window(TWELVE, 1500, 2000))),
    ),
    dicom(
        "padding-only",
        make(np.full_like(TWELVE, 7), PixelPaddingValue=7, WindowCenter=7, WindowWidth=2),
        grey(np.full_like(GREY, 255)),
    ),
    dicom(
        "second-window",
        make(TWELVE, WindowCenter=[40, 1500], WindowWidth=[0, 2000]),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "window-no-number",
        lambda: worded(make(TWELVE), WindowCenter="2000", WindowWidth="3000,5"),
        grey(percentiles(TWELVE)),
    ),
    dicom(
        "second-window-no-number",
        lambda: worded(make(TWELVE), WindowCenter="n.a.\\1500", WindowWidth="80\\2000"),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "rescale-comma",
        lambda: worded(make(TWELVE, **WINDOW), RescaleSlope="0,5", RescaleIntercept="-10,0"),
        grey(window(TWELVE * 0.5 - 10, 1500, 2000)),
    ),
    dicom(
        "frames-no-number", lambda: worded(make(TWELVE, **WINDOW), NumberOfFrames=""), grey(window(TWELVE, 1500, 2000))
    ),
    dicom("no-kind", without(make(TWELVE, **WINDOW), "PhotometricInterpretation"), grey(window(TWELVE, 1500, 2000))),
    dicom("no-kind-rgb", without(make(RGB), "PhotometricInterpretation", "PlanarConfiguration"), RGB),
    dicom(
        "hardly-anything-said",
        without(
            make(TWELVE, **WINDOW),
            "PhotometricInterpretation",
            "SamplesPerPixel",
            "PixelRepresentation",
            "BitsStored",
            "HighBit",
        ),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "monochrome", make(TWELVE, PhotometricInterpretation="MONOCHROME", **WINDOW), grey(window(TWELVE, 1500, 2000))
    ),
    dicom(
        "monochrome-1",
        make(TWELVE, PhotometricInterpretation="MONOCHROME 1", **WINDOW),
        255 - grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "monochrome-spaced",
        make(TWELVE, PhotometricInterpretation="MONOCHROME", PixelSpacing=[0.5, 0.5], **WINDOW),
        grey(window(TWELVE, 1500, 2000)),
    ),
    dicom(
        "high-pixels",
        make(GREY, PixelSpacing=[0.6, 0.3]),
        grey(by_zoom(GREY, (WIDTH, 2 * HEIGHT))),
    ),
    dicom("wide-pixels", make(GREY, ImagerPixelSpacing=[0.2, 0.3]), grey(by_zoom(GREY, (round(WIDTH * 1.5), HEIGHT)))),
    dicom("wide-by-ratio", make(RGB, PixelAspectRatio=[1, 2]), by_zoom(RGB, (2 * WIDTH, HEIGHT))),
    dicom("nearly-square", make(GREY, PixelSpacing=[0.3, 0.301]), grey(GREY)),
    dicom("spacing-no-number", lambda: worded(make(GREY), PixelSpacing="0,6\\0,3"), grey(GREY)),
    dicom("spacing-absurd", make(GREY, PixelSpacing=[11, 1]), grey(GREY)),
    *(
        dicom(
            f"lossless-{bits}-{predictor}",
            make(
                (TWELVE << (bits - 12)).astype(np.uint16),
                BitsStored=bits,
                HighBit=bits - 1,
                syntax=JPEGLosslessSV1 if predictor == 1 else JPEGLossless,
                PixelData=pack([lossless_jpeg.encode(TWELVE << (bits - 12), bits, predictor)]),
            ),
            grey(percentiles((TWELVE << (bits - 12)).astype(np.uint16))),
        )
        for bits in (12, 14, 16)
        for predictor in (1, 2, 7)
    ),
    dicom(
        "lossless-8",
        make(GREY, syntax=JPEGLosslessSV1, PixelData=pack([lossless_jpeg.encode(GREY, 8)])),
        grey(GREY),
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
