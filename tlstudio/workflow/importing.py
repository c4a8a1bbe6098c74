"""From a folder of images to a project: scan, look at every file once, divide, and write it down in one transaction."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlstudio.domain.errors import NotEnoughImages, NothingToImport, ProjectExists, from_os_error
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.results import ImportPreview, ImportRequest, ImportResult
from tlstudio.domain.values import Refusal, Split
from tlstudio.images.cache import in_order
from tlstudio.images.decode import quiet_decoders
from tlstudio.images.inspect import Inspected, inspect, write_once
from tlstudio.images.scan import Found, Scan, group_of, group_pattern, guess_groups, scan_folder
from tlstudio.images.splits import Units, check_fractions, divide
from tlstudio.storage import files, images
from tlstudio.storage.images import NewImage
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.projects import suggested_folder

SAMPLES = 8


def preview_import(source: Path, reporter: Reporter = SILENT) -> ImportPreview:
    """What a folder holds, without decoding. Raises NothingToImport, or NotEnoughImages with one class only."""
    reporter.report(Progress("Looking through the folder", 0, 0))
    source = source.expanduser().absolute()
    scan = scan_folder(source)
    _need_two_classes(scan)
    samples: dict[str, tuple[Path, ...]] = {}
    for name in scan.classes():
        paths = [f.path for f in scan.found if f.label == name]
        samples[name] = tuple(paths[:: max(1, len(paths) // SAMPLES)][:SAMPLES])
    return ImportPreview(
        source=source,
        classes=scan.classes(),
        splits=scan.splits(),
        samples=samples,
        refused=scan.refused,
        guess=guess_groups(scan.found),
        suggested_project=suggested_folder(source),
    )


def import_images(request: ImportRequest, reporter: Reporter = SILENT) -> ImportResult:
    """Imports a labeled folder into a new project, or adds what is new to an existing one.

    Unreadable files are refused one by one. Raises NothingToImport, NotEnoughImages (one class only), WrongUsage (fractions,
    group rule), DiskFull or CantWrite. Cancelling leaves no half project behind.
    """
    check_fractions(request.test_fraction, request.val_fraction)
    if request.group_from is not None and request.group_from.startswith("name:"):
        group_pattern(request.group_from)
    reporter.report(Note("Looking through the folder."))
    scan = scan_folder(request.source.expanduser().absolute())
    target = request.project.expanduser().absolute()
    fresh = not (target / "project.db").exists()
    if fresh:
        _need_two_classes(scan)
        _need_room_apart(request.source, target)
    project = Project.create(target, request.name or target.name) if fresh else Project.open(target)
    try:
        return _import_into(project, scan, request, reporter)
    except BaseException:
        if fresh:
            shutil.rmtree(project.folder, ignore_errors=True)
        raise


def _import_into(project: Project, scan: Scan, request: ImportRequest, reporter: Reporter) -> ImportResult:
    known = images.known_paths(project)
    found = [f for f in scan.found if f.path not in known]
    usable: list[tuple[Found, Inspected]] = []
    refused = [*scan.refused]
    with quiet_decoders():
        for item, result in _inspect_all(found, reporter):
            if isinstance(result, Refusal):
                refused.append(result)
            else:
                usable.append((item, result))
                _keep_thumbnail(project, result)
    if not usable and not known:
        raise NothingToImport(
            "None of the files can be read as an image.",
            remedy="Check the files, or choose another folder.",
            path=request.source,
        )
    splits = _split(usable, request)
    stored = _copy(project, usable, reporter) if request.copy else [str(f.path) for f, _ in usable]
    rows = [
        NewImage(
            stored=place,
            content=seen.content,
            width=seen.width,
            height=seen.height,
            bytes=seen.size,
            label=item.label,
            group=group_of(item, request.group_from),
            split=split,
        )
        for (item, seen), split, place in zip(usable, splits, stored, strict=True)
    ]
    images.add_images(project, rows, refused)
    project.set_meta("seed", str(request.seed))
    counts = images.counts(project)
    return ImportResult(
        images=len(rows),
        refused=tuple(refused),
        classes={c.name: c.count for c in images.list_classes(project)},
        splits=counts.splits,
        groups=counts.groups,
        project=project.folder,
    )


def _need_two_classes(scan: Scan) -> None:
    names = list(scan.classes())
    if len(names) < 2:
        raise NotEnoughImages(
            f"All images belong to one class, “{names[0]}”.",
            remedy="A model tells classes apart: add a second sub-folder with images of another class.",
        )


def _need_room_apart(source: Path, target: Path) -> None:
    """A project inside the image folder would look like a class on the next import."""
    if target.resolve().is_relative_to(source.expanduser().resolve()):
        raise ProjectExists(
            "The project can't lie inside the folder of images.", remedy="Choose a folder beside it.", path=target
        )


def _inspect_all(found: Sequence[Found], reporter: Reporter) -> Iterator[tuple[Found, Inspected | Refusal]]:
    started = time.monotonic()
    by_path = {f.path: f for f in found}
    for done, (path, result) in enumerate(in_order(inspect, by_path), start=1):
        yield by_path[path], result
        left = (time.monotonic() - started) / done * (len(found) - done)
        reporter.report(Progress("Reading images", done, len(found), left))


def _keep_thumbnail(project: Project, seen: Inspected) -> None:
    path = thumbnail(project.folder, seen.content)
    try:
        write_once(path, seen.thumbnail)
    except OSError as error:
        raise from_os_error(error, path) from error


def _split(usable: Sequence[tuple[Found, Inspected]], request: ImportRequest) -> list[Split]:
    """Split folders are honoured; what they leave open is divided, groups and copies of one file staying together."""
    if any(f.split is not None for f, _ in usable):
        return _complete_folders(usable, request)
    units = Units(len(usable))
    for i, (item, seen) in enumerate(usable):
        units.join(i, ("content", seen.content))
        group = group_of(item, request.group_from)
        if group is not None:
            units.join(i, ("group", group))
    labels = [f.label for f, _ in usable]
    return divide(labels, units.all(), test=request.test_fraction, val=request.val_fraction, seed=request.seed)


def _complete_folders(usable: Sequence[tuple[Found, Inspected]], request: ImportRequest) -> list[Split]:
    """Takes the source's own splits. A missing validation or test part is cut from the training images."""
    given = [f.split or Split.TRAIN for f, _ in usable]
    there = Counter(given)
    test = 0.0 if there[Split.TEST] else request.test_fraction
    val = 0.0 if there[Split.VAL] else request.val_fraction
    if test == val == 0.0:
        return given
    rest = [i for i, split in enumerate(given) if split is Split.TRAIN]
    units = Units(len(rest))
    for n, i in enumerate(rest):
        item, seen = usable[i]
        units.join(n, ("content", seen.content))
        group = group_of(item, request.group_from)
        if group is not None:
            units.join(n, ("group", group))
    dealt = divide([usable[i][0].label for i in rest], units.all(), test=test, val=val, seed=request.seed)
    for i, split in zip(rest, dealt, strict=True):
        given[i] = split
    return given


def _copy(project: Project, usable: Sequence[tuple[Found, Inspected]], reporter: Reporter) -> list[str]:
    """Copies files to images/<class>/ under free names; returns their places relative to the project."""
    places: list[str] = []
    taken: set[str] = set()
    for done, (item, seen) in enumerate(usable, start=1):
        folder = project.copies / item.label
        name = item.path.name
        if str(folder / name).lower() in taken or (folder / name).exists():
            name = f"{item.path.stem}-{seen.content[:8]}{item.path.suffix}"
        taken.add(str(folder / name).lower())
        with files.replacing(folder / name) as temporary:
            shutil.copyfile(item.path, temporary)
        places.append(os.fspath((folder / name).relative_to(project.folder)))
        reporter.report(Progress("Copying images", done, len(usable)))
    return places
