"""Where a picture comes from, as far as its file says so without being decoded: format, compression, camera, burned-in text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tlstudio.images import dicom
from tlstudio.images.address import split
from tlstudio.images.decode import FORMATS, read_header

MAKE, MODEL = 0x010F, 0x0110  # EXIF 2.3, section 4.6.4
SUM_AT_50 = 3688  # of the 64 entries of the luminance table
MAKER_ELEMENTS = ("Manufacturer", "ManufacturerModelName")


@dataclass(frozen=True, slots=True)
class Origin:
    """camera: maker and model, empty where the file does not say. text: whether it says that text is burned into the picture.

    quality: of a JPEG file, 1 … 100 as most programs count it, read from its tables; 0 for other files.
    """

    format: str = ""
    camera: str = ""
    text: bool | None = None
    quality: int = 0


def read_origin(path: Path) -> Origin:
    """Reads a file's header; to be called in a guarded process. Raises ImageRefused for what is no image."""
    format = read_header(path).format
    file, _ = split(path)
    if format == "DICOM":
        return Origin(format, _scanner(file), dicom.burned_in(path))
    camera, quality = "", 0
    with suppress(Exception), Image.open(file, formats=FORMATS) as picture:  # damaged tags are no news
        quality = _quality(getattr(picture, "quantization", {}))
        exif = picture.getexif()
        camera = _joined(str(exif.get(tag, "")) for tag in (MAKE, MODEL))
    return Origin(format, camera, quality=quality)


def _quality(tables: Mapping[int, Sequence[int]]) -> int:
    """How the IJG library, which most programs use, calls tables of this strength; 0 without tables.

    Its luminance table of quality 50 is ITU-T T.81, table K.1; others are that one times 50 / q, or 2 - q / 50 above 50.
    """
    if not tables:
        return 0
    scale = sum(tables[min(tables)]) / SUM_AT_50
    return min(100, max(1, round(50 / scale if scale > 1 else 100 - 50 * scale)))


def _scanner(file: Path) -> str:
    with suppress(Exception), dicom.silent(), dicom.opened(file) as opened:
        data = dicom.read_elements(opened, MAKER_ELEMENTS)
        return _joined(str(data.get(keyword, "")) for keyword in MAKER_ELEMENTS)
    return ""


def _joined(words: Iterable[str]) -> str:
    """Maker and model in one line, without the padding that cameras leave."""
    return " ".join(clean for word in words if (clean := word.strip(" \0\t\r\n")))
