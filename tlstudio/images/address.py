"""Where an image is: a file, or one page of it.

Most files hold one picture. A TIFF file may hold many pages and a DICOM file many frames; each can be an image of the project.
The first page is addressed by the file itself, page 3 by `<file>#page=3`, counted from 1. A file that really has such a name
is that file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tlstudio.images.directories import Sheets

PAGE = re.compile(r"(?P<file>.+)#page=(?P<page>[1-9][0-9]{0,8})", re.DOTALL)


def split(path: Path) -> tuple[Path, int]:
    """The file and the page in it that an address names, counted from 1."""
    match = PAGE.fullmatch(path.name)
    if match is None or path.exists():
        return path, 1
    return path.with_name(match["file"]), int(match["page"])


def join(file: Path, page: int) -> Path:
    """The address of a page; the first one is the file itself."""
    return file if page == 1 else file.with_name(f"{file.name}#page={page}")


def sheets(path: Path) -> Sheets:
    """The images that a file holds, without decoding any: one for everything but TIFF and DICOM, and for what can't be read.

    Reduced copies and masks inside a TIFF file are no pages, and channels that are pages of their own are one image.
    """
    from tlstudio.images.decode import sheets as found

    return found(path)


def pages(path: Path) -> int:
    """How many images a file holds, see `sheets`."""
    return len(sheets(path).pages)
