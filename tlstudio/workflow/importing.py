"""From a folder of images to a project: scan, look at every file once, divide, and write it down in one transaction."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tlstudio.domain.errors import NotEnoughImages, NothingToImport, ProjectExists, from_os_error
from tlstudio.domain.events import SILENT, Note, Progress, Reporter
from tlstudio.domain.importing import ImportPreview, ImportRequest, ImportResult
from tlstudio.domain.values import ImageRow, Refusal, Split
from tlstudio.images.cache import in_order
from tlstudio.images.decode import quiet_decoders
from tlstudio.images.inspect import Inspected, inspect, write_once
from tlstudio.images.scan import Found, Scan, check_rule, group_of, guess_groups, scan_folder
from tlstudio.images.splits import Units, check_fractions, divide
from tlstudio.storage import files, images
from tlstudio.storage.classes import list_classes
from tlstudio.storage.images import NewImage
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.projects import suggested_folder

SAMPLES = 8
Usable = tuple[Found, Inspected]


def preview_import(source: Path, reporter: Reporter = SILENT) -> ImportPreview:
    """What a folder holds, without decoding. Raises NothingToImport, or NotEnoughImages with one class only."""
    reporter.report(Progress("Looking through the folder", 0, 0))
    source = source.expanduser().absolute()
    scan = scan_folder(source)
    _need_two_classes(scan.classes())
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
    check_rule(request.group_from)
    reporter.report(Note("Looking through the folder."))
    scan = scan_folder(request.source.expanduser().absolute())
    target = request.project.expanduser().absolute()
    fresh = not (target / "project.db").exists()
    if fresh:
        _need_two_classes(scan.classes())
        _need_room_apart(request.source, target)
    project = Project.create(target, request.name or target.name) if fresh else Project.open(target)
    try:
        return _import_into(project, scan, request, reporter)
    except BaseException:
        if fresh:
            shutil.rmtree(project.folder, ignore_errors=True)
        raise


def _import_into(project: Project, scan: Scan, request: ImportRequest, reporter: Reporter) -> ImportResult:
    known = images.list_images(project)
    paths = {i.path for i in known}
    found = [f for f in scan.found if f.path not in paths]
    usable: list[Usable] = []
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
    if not known:
        _need_two_classes({f.label for f, _ in usable})
    if request.copy:
        copied = {i.content for i in known if i.path.is_relative_to(project.copies)}
        usable = [(item, seen) for item, seen in usable if seen.content not in copied]
    splits = _split(usable, request, known)
    with _places(project, usable, request, reporter) as stored:
        rows = _rows(usable, request, splits, stored)
        images.add_images(project, rows, refused)
    project.set_meta("seed", str(request.seed))
    counts = images.counts(project)
    return ImportResult(
        images=len(rows),
        refused=tuple(refused),
        classes={c.name: c.count for c in list_classes(project)},
        splits=counts.splits,
        groups=counts.groups,
        project=project.folder,
    )


def _rows(
    usable: Sequence[Usable], request: ImportRequest, splits: Sequence[Split], stored: Sequence[str]
) -> list[NewImage]:
    return [
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


def _need_two_classes(names: Collection[str]) -> None:
    if len(names) < 2:
        raise NotEnoughImages(
            f"All images that can be read belong to one class, “{next(iter(names))}”.",
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


def _split(usable: Sequence[Usable], request: ImportRequest, known: Sequence[ImageRow]) -> list[Split]:
    """Split folders are honoured; the rest is divided. Groups and copies of one file stay together, and join their kin that is
    in the project already."""
    given = [f.split or Split.TRAIN for f, _ in usable]
    test, val = request.test_fraction, request.val_fraction
    settled: dict[Hashable, Split] = {}
    if any(f.split is not None for f, _ in usable):
        # A validation or test part that the source lacks is cut from its training images.
        there = Counter(given)
        test, val = (0.0 if there[Split.TEST] else test), (0.0 if there[Split.VAL] else val)
    else:
        settled = {key: i.split for i in known for key in _keys(i.content, i.group)}
    rest = [n for n, split in enumerate(given) if split is Split.TRAIN]
    keys = [_keys(seen.content, group_of(item, request.group_from)) for item, seen in (usable[n] for n in rest)]
    units = Units(len(rest))
    for i, mine in enumerate(keys):
        for key in mine:
            units.join(i, key)
    numbers = units.all()
    fixed = {numbers[i]: settled[key] for i, mine in enumerate(keys) for key in mine if key in settled}
    free = [i for i in range(len(rest)) if numbers[i] not in fixed]
    labels = [usable[rest[i]][0].label for i in free]
    dealt = divide(labels, [numbers[i] for i in free], test=test, val=val, seed=request.seed)
    parts = dict(zip(free, dealt, strict=True))
    for i, n in enumerate(rest):
        given[n] = parts[i] if i in parts else fixed[numbers[i]]
    return given


def _keys(content: str, group: str | None) -> list[Hashable]:
    """What an image must stay together with: copies of its file, and its group."""
    return [("content", content)] if group is None else [("content", content), ("group", group)]


@contextmanager
def _places(
    project: Project, usable: Sequence[Usable], request: ImportRequest, reporter: Reporter
) -> Iterator[list[str]]:
    """Where each image is, for the database. Copies are made first if wished, and go again when the import fails."""
    if not request.copy:
        yield [str(f.path) for f, _ in usable]
        return
    copies: list[Path] = []
    try:
        for done, (item, seen) in enumerate(usable, start=1):
            copies.append(_free_place(project.copies / item.label, item.path, seen.content))
            with files.replacing(copies[-1]) as temporary:
                shutil.copyfile(item.path, temporary)
            reporter.report(Progress("Copying images", done, len(usable)))
        yield [path.relative_to(project.folder).as_posix() for path in copies]
    except BaseException:
        for path in copies:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise


def _free_place(folder: Path, original: Path, content: str) -> Path:
    """The file's own name, or one that nothing in the folder has yet."""
    path, number = folder / original.name, 1
    while path.exists():  # asks the disk, which knows whether it tells large from small letters
        path = folder / f"{original.stem}-{content[:8]}{'' if number == 1 else f'-{number}'}{original.suffix}"
        number += 1
    return path
