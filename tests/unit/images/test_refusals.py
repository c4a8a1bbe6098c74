"""A file that can't be used costs that file alone, and the user reads why."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import Refusal
from tlstudio.images import decode
from tlstudio.images.copies import try_prepare
from tlstudio.images.decode import load_rgb, quiet_decoders, read_header
from tlstudio.images.inspect import Inspected, inspect

NOISE = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, kind)
    return buffer.getvalue()


def half(kind: str) -> bytes:
    data = encoded(kind)
    return data[: len(data) // 2]


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes that promises thousands of megapixels."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b"\0" * 100))
    parts = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bomb_bmp() -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 50_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0)


FILES: dict[str, tuple[bytes, str]] = {
    "empty.png": (b"", "empty"),
    "empty.jpg": (b"", "empty"),
    "letter.png": (b"Dear colleague, here is the picture you asked for.", "not a picture"),
    "half.jpg": (half("JPEG"), "cut off"),
    "half.png": (half("PNG"), "cut off"),
    "half.bmp": (half("BMP"), "cut off"),
    "half.tif": (half("TIFF"), "[.]"),
    "half.gif": (half("GIF"), "[.]"),
    "half.webp": (half("WEBP"), "[.]"),
    "head.jpg": (encoded("JPEG")[:20], "[.]"),
    "head.png": (encoded("PNG")[:8], "[.]"),
    "bomb.png": (bomb(), "megapixels"),
    "bomb-thin.png": (bomb(2**31 - 1, 1), "megapixels"),
    "bomb.bmp": (bomb_bmp(), "megapixels"),
    "scan.dcm": (b"\0" * 128 + b"DICM", "DICOM"),
    "photo.heic": (b"\0\0\0\x18ftypheic", "HEIC"),
    "picture.ppm": (b"P6 1 1 255 abc", "PGM|PPM"),
    "drawing.svg": (b"<svg/>", "SVG"),
    "unknown.xyz": (b"\x01\x02\x03", "not a picture"),
    "page.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
}


@pytest.mark.parametrize("name", FILES)
def test_refused_with_a_reason_and_nothing_else(tmp_path: Path, name: str) -> None:
    content, reason = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageRefused, match=reason) as refused:
        load_rgb(path)
    assert refused.value.path == str(path)
    assert refused.value.what.endswith(".")
    for answer in (inspect(path), try_prepare(path, PreprocessSpec(16))):
        assert isinstance(answer, Refusal)
        assert (answer.path, answer.reason) == (str(path), refused.value.what)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageRefused, match="not there any more"):
        load_rgb(tmp_path / "gone.png")
    with pytest.raises(ImageRefused, match="This is not a file"):
        load_rgb(tmp_path / "folder.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert inspect(tmp_path / "pipe.png") == Refusal(str(tmp_path / "pipe.png"), "This is not a file.")


def test_no_right_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    monkeypatch.setattr(decode.Image, "open", forbidden)
    with pytest.raises(ImageRefused, match="not allowed"):
        load_rgb(tmp_path / "a.png")


@pytest.mark.parametrize("thrown", [MemoryError(), KeyError("x"), struct.error("x"), SyntaxError("x"), OverflowError()])
def test_whatever_a_decoder_throws_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thrown: Exception
) -> None:
    def broken(_image: Image.Image) -> None:
        raise thrown

    (tmp_path / "a.png").write_bytes(encoded("PNG"))
    monkeypatch.setattr(Image.Image, "getexif", broken)
    with pytest.raises(ImageRefused):
        read_header(tmp_path / "a.png")


def test_a_picture_under_a_wrong_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded("JPEG"))
    seen = inspect(tmp_path / "photo.png")
    assert isinstance(seen, Inspected)
    assert (seen.width, seen.height) == (64, 64)


@pytest.mark.parametrize(("size", "shown"), [((64, 64), (64, 64)), ((900, 300), (208, 69)), ((1, 3000), (1, 208))])
def test_what_inspect_tells_of_a_good_file(tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", size, (10, 200, 30)).save(path)
    seen = inspect(path)
    assert isinstance(seen, Inspected)
    assert (seen.path, seen.width, seen.height, seen.size) == (path, *size, path.stat().st_size)
    with Image.open(io.BytesIO(seen.thumbnail)) as small:
        assert (small.format, small.size) == ("JPEG", shown)


def test_decoders_are_silenced_and_standard_error_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_decoders():
        os.write(2, b"TIFFReadDirectory: Warning")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def write_text(path: Path) -> None:
    path.write_text("x")


@pytest.mark.parametrize("make", [write_text, Path.mkdir], ids=["text", "folder"])
def test_refusal_as_a_value_never_raises(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "a.png")
    assert isinstance(try_prepare(tmp_path / "a.png", PreprocessSpec(16)), Refusal)
