"""The pixel cache: every image decoded once, kept as model input in a memory map."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images.copies import Copies, prepare_copy
from tlstudio.images.guard import DECODERS
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore


def pixel_store(project: Project, spec: PreprocessSpec) -> RowStore:
    """The project's cache for this specification: uint8, (n, size, size, 3), keyed by content."""
    return RowStore(project.cache / "pixels", spec.key(), (spec.size, spec.size, 3), "uint8")


def fill_cache(
    project: Project, spec: PreprocessSpec, images: Iterable[ImageRow], reporter: Reporter
) -> tuple[RowStore, list[Refusal]]:
    """Decodes what the cache lacks, on all cores and in processes of its own.

    Returns the cache and the files that could not be read any more. Raises DiskFull before it starts when the rows can't fit.
    Waits while somebody else fills it. Cancelling keeps what is done.
    """
    store = pixel_store(project, spec)
    wanted: dict[str, list[Path]] = {}
    for image in images:
        wanted.setdefault(image.content, []).append(image.path)
    missing = store.missing(wanted)
    refused: list[Refusal] = []
    if not missing:
        return store, refused

    with store.writer(len(missing), reporter) as writer:
        missing = store.missing(missing)
        copies = [Copies(content, tuple(wanted[content])) for content in missing]
        read = partial(prepare_copy, spec=spec)
        results = DECODERS.in_order(read, copies, Copies.first, waiting=reporter.check_cancelled)
        for done, (item, result) in enumerate(results, start=1):
            if isinstance(result, Refusal):
                refused.append(result)
            else:
                writer.append(item.content, result)
            reporter.report(Progress("Reading images", done, len(missing)))
    return store, refused
