"""Small sound pictures of every format and of many kinds within, and copies of them that are damaged."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from tests.unit.images import lossless_jpeg
from tests.unit.images.dicoms import item, make, pack, save, table
from tests.unit.images.looking import Look
from tlstudio.domain.values import Refusal
from tlstudio.images.guard import CRASHED, TOO_LONG


def wrong_with(answer: Look | Refusal) -> str:
    """What must not come of any file, sound or not; empty where nothing is wrong. answer: of `looking.look`."""
    if isinstance(answer, Refusal):
        return f"costs its decoder: {answer.reason}"
    reasons = {answer.inspected, answer.prepared}
    wrong = {
        "the import takes what the model can't read, or the other way round": len(reasons) != 1,
        "a refusal without a reason": bool(reasons & {CRASHED, TOO_LONG, ""}),
        "a reason that is no sentence": answer.inspected is not None and not answer.inspected.endswith("."),
        "another size than its header says": answer.header != answer.decoded,
        "no page": answer.pages < 1,
    }
    return "; ".join(f"{words}: {answer}" for words, so in wrong.items() if so)


NOISE = np.random.default_rng(11).integers(0, 256, (24, 30, 3), np.uint8)
GREY, DEEP = NOISE[:, :, 0].copy(), NOISE[:, :, 1].astype(np.uint16) * 17
FIVE = np.random.default_rng(12).integers(0, 60_000, (24, 30, 5), np.uint16)


def encoded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def more() -> list[Image.Image]:
    return [Image.new("RGB", (30, 24), "red"), Image.new("RGB", (30, 24), "blue")]


def tiff(values: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def dicom(data: Dataset, folder: Path) -> bytes:
    return save(data, folder / "seed").read_bytes()


def compressed(values: np.ndarray, syntax: str) -> Dataset:
    data = make(values)
    data.compress(syntax, generate_instance_uid=False)
    return data


def seeds(folder: Path) -> dict[str, bytes]:
    """Small good files of every format and of many kinds within."""
    exif = Image.Exif()
    exif[0x0112] = 6
    large = np.tile(GREY, (4, 4))
    voi = {"VOILUTSequence": table(0, np.arange(256), 8), "ModalityLUTSequence": table(0, np.arange(4096), 16)}
    frames = item(FrameVOILUTSequence=item(WindowCenter=100, WindowWidth=90))
    return {
        "plain.jpg": encoded("JPEG", exif=exif),
        "steps.jpg": encoded("JPEG", progressive=True),
        "inks.jpg": encoded("JPEG", "CMYK"),
        "two.jpg": encoded("MPO", save_all=True, append_images=more()),
        "plain.png": encoded("PNG", exif=exif),
        "palette.png": encoded("PNG", "P", transparency=3),
        "deep.png": tiff_as_png(),
        "plain.bmp": encoded("BMP"),
        "palette.bmp": encoded("BMP", "P"),
        "plain.gif": encoded("GIF", save_all=True, append_images=more()),
        "lossy.webp": encoded("WEBP", exif=exif),
        "moving.webp": encoded("WEBP", lossless=True, save_all=True, append_images=more()),
        "plain.tif": encoded("TIFF"),
        "lzw.tif": encoded("TIFF", compression="tiff_lzw", save_all=True, append_images=more()),
        "jpeg.tif": encoded("TIFF", compression="jpeg"),
        "fax.tif": encoded("TIFF", "1", compression="group4"),
        "deep.tif": tiff(DEEP, compression="zlib"),
        "colour.tif": tiff(NOISE.astype(np.uint16) * 9, photometric="rgb", byteorder=">"),
        "tiles.tif": tiff(np.tile(GREY, (2, 2)), tile=(16, 16), compression="zlib"),
        "lab.tif": tiff(NOISE, photometric="cielab"),
        "plain.dcm": dicom(make(DEEP, WindowCenter=900, WindowWidth=700), folder),
        "implicit.dcm": dicom(make(DEEP, syntax=ImplicitVRLittleEndian, **voi), folder),
        "colour.dcm": dicom(make(NOISE), folder),
        "deflated.dcm": dicom(make(DEEP, syntax=DeflatedExplicitVRLittleEndian), folder),
        "frames.dcm": dicom(make(np.stack([DEEP] * 3), frames=3, PerFrameFunctionalGroupsSequence=frames), folder),
        "rle.dcm": dicom(compressed(DEEP, RLELossless), folder),
        "wavelets.dcm": dicom(compressed(large, JPEG2000Lossless), folder),
        "five.tif": tiff(FIVE, photometric="minisblack", planarconfig="contig", compression="zlib"),
        "imagej.tif": tiff(FIVE.transpose(2, 0, 1), imagej=True, metadata={"axes": "CYX"}),
        "half.tif": tiff(FIVE.astype(np.float16), photometric="minisblack", planarconfig="contig"),
        "lossless.dcm": dicom(
            make(DEEP, syntax=JPEGLosslessSV1, PixelData=pack([lossless_jpeg.encode(DEEP, 16)])), folder
        ),
        "colours.dcm": Path(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm", download=False))).read_bytes(),
        "ls.dcm": Path(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False))).read_bytes(),
        "jpeg.dcm": dicom(make(GREY, syntax=JPEGBaseline8Bit, PixelData=pack([encoded("JPEG", "L")])), folder),
    }


def tiff_as_png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(DEEP).save(buffer, "PNG")
    return buffer.getvalue()


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """A copy with a few bytes changed, mostly near the front where the headers are; some also cut off or with a hole."""
    bad = bytearray(data)
    reach = min(len(bad), int(rng.choice([64, 400, len(bad)])))
    for place in rng.integers(0, reach, int(rng.integers(1, 9))):
        bad[place] = int(rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))]))
    if rng.random() < 0.15:
        del bad[int(rng.integers(len(bad) // 4, len(bad))) :]
    elif rng.random() < 0.1:
        start = int(rng.integers(len(bad)))
        del bad[start : start + int(rng.integers(1, 40))]
    return bytes(bad)
