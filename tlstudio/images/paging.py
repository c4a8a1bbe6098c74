"""Files that hold several pictures: pages of a TIFF file, frames of a DICOM file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import Refusal
from tlstudio.images import address
from tlstudio.images.decode import PLAIN, TIFF
from tlstudio.images.guard import DECODERS
from tlstudio.images.scan import Found, suffix_of

Pages = dict[str, tuple[int, ...]]


def may_have_pages(name: str) -> bool:
    """By its name alone: a DICOM file may have any."""
    return suffix_of(name) not in PLAIN


def may_be_dicom(name: str) -> bool:
    return suffix_of(name) not in PLAIN | TIFF


def count_pages(found: Sequence[Found], reporter: Reporter) -> Pages:
    """{place of a file: the numbers of its pages that are images}, for the files that hold more than one.

    Files are looked into by the decoding processes; what can't be read counts as one page, and is refused when it is decoded.
    """
    files = {item.path: item.place for item in found if may_have_pages(item.name)}
    counts: Pages = {}
    results = DECODERS.in_order(address.sheets, files, waiting=reporter.check_cancelled)
    for done, (path, sheets) in enumerate(results, start=1):
        if not isinstance(sheets, Refusal) and len(sheets.pages) > 1:
            counts[files[path]] = sheets.pages
        reporter.report(Progress("Counting pages", done, len(files)))
    return counts


def with_all_pages(found: Sequence[Found], counts: Pages) -> list[Found]:
    """Each page as an image of its own; the pages of one file share its `sheet`."""
    result: list[Found] = []
    for item in found:
        pages = counts.get(item.place, ())
        if len(pages) < 2:
            result.append(item)
            continue
        sheet = "/".join(part for part in (item.label or "", item.inner, item.name) if part)
        result += [replace(item, place=str(address.join(item.path, page)), sheet=sheet) for page in pages]
    return result
