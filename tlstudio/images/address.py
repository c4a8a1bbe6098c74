"""Where an image is: a file, or one page of it.

Most files hold one picture. A TIFF file may hold many pages and a DICOM file many frames; each can be an image of the project.
The first page is addressed by the file itself, page 3 by `<file>#page=3`, counted from 1. A file that really has such a name
is that file.
"""

from __future__ import annotations

import re
from pathlib import Path

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


def pages(path: Path) -> int:
    """How many pages a file has, without decoding any: 1 for everything but TIFF and DICOM, and for what can't be read.

    Reduced copies and masks inside a TIFF file are no pages.
    """
    from tlstudio.images.decode import count_pages

    return count_pages(path)
