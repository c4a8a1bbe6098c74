"""Files that hold several pictures: pages of a TIFF file, frames of a DICOM file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tlstudio.images import address, dicom
from tlstudio.images.scan import Found, Steps, suffix_of

SUFFIXES = dicom.SUFFIXES | {".tif", ".tiff"}


def may_have_pages(name: str) -> bool:
    """By its name alone: files of a scanner's disc have none that tells, and are DICOM."""
    suffix = suffix_of(name)
    return suffix in SUFFIXES or not suffix or suffix[1:].isdecimal()


def count_pages(found: Sequence[Found], steps: Steps, pages: Callable[[Path], int] = address.pages) -> dict[str, int]:
    """{place of a file: its pages}, for the files that hold more than one."""
    counts: dict[str, int] = {}
    for item in found:
        if may_have_pages(item.name):
            steps.step()
            number = pages(item.path)
            if number > 1:
                counts[item.place] = number
    return counts


def with_all_pages(found: Sequence[Found], counts: dict[str, int]) -> list[Found]:
    """Each page as an image of its own; the pages of one file share its `sheet`."""
    result: list[Found] = []
    for item in found:
        number = counts.get(item.place, 1)
        if number == 1:
            result.append(item)
            continue
        sheet = "/".join(part for part in (item.label or "", item.inner, item.name) if part)
        result += [
            replace(item, place=str(address.join(item.path, page)), sheet=sheet) for page in range(1, number + 1)
        ]
    return result
