"""The pixel cache: every image decoded once, kept as model input in a memory map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import psutil

from tlstudio.domain.errors import ImageRefused
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.preprocess import PreprocessSpec
from tlstudio.domain.values import ImageRow, Refusal
from tlstudio.images.decode import quiet_decoders
from tlstudio.images.inspect import content_key
from tlstudio.images.prepare import Pixels, prepare
from tlstudio.storage.project import Project
from tlstudio.storage.rowstore import RowStore

A = TypeVar("A")
B = TypeVar("B")


def pixel_store(project: Project, spec: PreprocessSpec) -> RowStore:
    """The project's cache for this specification: uint8, (n, size, size, 3), keyed by content."""
    return RowStore(project.cache / "pixels", spec.key(), (spec.size, spec.size, 3), "uint8")


def fill_cache(
    project: Project, spec: PreprocessSpec, images: Iterable[ImageRow], reporter: Reporter
) -> tuple[RowStore, list[Refusal]]:
    """Decodes what the cache lacks, on all cores. Returns the cache and the files that could not be read any more.

    Raises DiskFull before it starts when the rows can't fit. Cancelling keeps what is done.
    """
    store = pixel_store(project, spec)
    wanted: dict[str, list[Path]] = {}
    for image in images:
        wanted.setdefault(image.content, []).append(image.path)
    missing = store.missing(wanted)
    refused: list[Refusal] = []
    if not missing:
        return store, refused

    def read_one(content: str) -> Pixels | Refusal:
        return _prepare_content(content, wanted[content], spec)

    with quiet_decoders(), store.writer(len(missing)) as writer:
        for done, (content, result) in enumerate(in_order(read_one, missing), start=1):
            if isinstance(result, Refusal):
                refused.append(result)
            else:
                writer.append(content, result)
            reporter.report(Progress("Reading images", done, len(missing)))
    return store, refused


def _prepare_content(content: str, paths: list[Path], spec: PreprocessSpec) -> Pixels | Refusal:
    """Pixels of the first of these copies that is there and still holds what was imported."""
    result: Pixels | Refusal = Refusal("", "The file is not there any more.")
    for path in paths:
        try:
            unchanged = content_key(path) == content
        except FileNotFoundError:
            result = Refusal(str(path), "The file is not there any more.")
            continue
        except OSError as error:
            result = Refusal(str(path), f"The file can't be read: {error.strerror or error}.")
            continue
        result = try_prepare(path, spec) if unchanged else Refusal(str(path), "The file was changed after the import.")
        if not isinstance(result, Refusal):
            break
    return result


def in_order(function: Callable[[A], B], items: Iterable[A], *, ahead: int = 4) -> Iterator[tuple[A, B]]:
    """Runs `function` over `items` on one thread a core (Pillow decodes without the interpreter lock), results in order.

    At most `ahead` items a core are under way, so memory stays bounded however long the list and slow the consumer.
    """
    workers = max(1, psutil.cpu_count(logical=False) or 1)
    pending: list[tuple[A, Future[B]]] = []
    source = iter(items)
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        try:
            for item in source:
                pending.append((item, pool.submit(function, item)))
                if len(pending) >= workers * ahead:
                    first, future = pending.pop(0)
                    yield first, future.result()
            while pending:
                first, future = pending.pop(0)
                yield first, future.result()
        finally:
            for _, future in pending:
                future.cancel()


def try_prepare(path: Path, spec: PreprocessSpec) -> Pixels | Refusal:
    """`prepare`, with a refusal as a value instead of an error: for loops that go on after a bad file."""
    try:
        return prepare(path, spec)
    except ImageRefused as error:
        return Refusal(str(path), error.what)
