"""Where a picture comes from, as far as its file says so without being decoded: format, camera, a note on burned-in text."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tlstudio.images import dicom
from tlstudio.images.address import split
from tlstudio.images.decode import FORMATS, read_header

MAKE, MODEL = 0x010F, 0x0110  # EXIF 2.3, section 4.6.4
MAKER_ELEMENTS = ("Manufacturer", "ManufacturerModelName")


@dataclass(frozen=True, slots=True)
class Origin:
    """camera: maker and model, empty where the file does not say. text: whether it says that text is burned into the picture."""

    format: str = ""
    camera: str = ""
    text: bool | None = None


def read_origin(path: Path) -> Origin:
    """Reads a file's header; to be called in a guarded process. Raises ImageRefused for what is no image."""
    format = read_header(path).format
    file, _ = split(path)
    if format == "DICOM":
        return Origin(format, _scanner(file), dicom.burned_in(path))
    return Origin(format, _camera(file))


def _camera(file: Path) -> str:
    with suppress(Exception), Image.open(file, formats=FORMATS) as picture:  # damaged tags are no news
        exif = picture.getexif()
        return _joined(str(exif.get(tag, "")) for tag in (MAKE, MODEL))
    return ""


def _scanner(file: Path) -> str:
    with suppress(Exception), dicom.silent(), dicom.opened(file) as opened:
        data = dicom.read_elements(opened, MAKER_ELEMENTS)
        return _joined(str(data.get(keyword, "")) for keyword in MAKER_ELEMENTS)
    return ""


def _joined(words: Iterable[str]) -> str:
    """Maker and model in one line, without the padding that cameras leave."""
    return " ".join(clean for word in words if (clean := word.strip(" \0\t\r\n")))
