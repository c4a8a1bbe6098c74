"""Where imported images lie: their own places, copies in the project, or files taken out of an archive."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import DiskFull, from_os_error
from tlstudio.domain.events import Progress, Reporter
from tlstudio.domain.values import Refusal
from tlstudio.images import address
from tlstudio.images.file_names import possible, shortened
from tlstudio.images.inspect import Inspected, write_once
from tlstudio.images.scan import Found
from tlstudio.images.sources.archive import Archive
from tlstudio.images.sources.tree import Tree
from tlstudio.storage import files
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail

Usable = tuple[Found, Inspected]
UNLABELED = "unlabeled"  # the folder of copies without a class


@contextmanager
def unpacked(
    project: Project, tree: Tree, found: Sequence[Found], reporter: Reporter
) -> Iterator[tuple[list[Found], list[Refusal], dict[Path, str]]]:
    """The files on the disk. Those of an archive are taken out into the project and go again unless they were moved on.

    Gives the files, those that are damaged inside the archive, and {place on the disk: path in the archive}.
    """
    if not isinstance(tree, Archive):
        yield list(found), [], {}
        return
    folder = project.copies / f"{project.UNPACKED}{uuid.uuid4().hex[:8]}"
    try:
        _need_room(project, tree, found)
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            reporter.report(Progress("Unpacking images", done, len(found)))

        taken = tree.take_out([f.place for f in found], folder, step)
        refused = [r for r in taken.values() if isinstance(r, Refusal)]
        there = [replace(f, place=str(path)) for f in found if isinstance(path := taken[f.place], Path)]
        yield there, refused, {path: inside for inside, path in taken.items() if isinstance(path, Path)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            project.copies.rmdir()  # only if it is empty


def _need_room(project: Project, tree: Archive, found: Sequence[Found]) -> None:
    """Raises DiskFull before anything is written."""
    wanted = sum(tree.size(f.place) for f in found)
    try:
        free = shutil.disk_usage(project.folder).free
    except OSError as error:
        raise from_os_error(error, project.folder) from error
    if wanted > free:
        raise DiskFull(
            f"The images in the archive need {wanted / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            remedy="Free some space, or choose another place for the project.",
            path=project.folder,
        )


@contextmanager
def places(
    project: Project, usable: Sequence[Usable], *, copy: bool, move: bool, reporter: Reporter
) -> Iterator[list[str]]:
    """Where each image is, for the database. Copies are made first if wished, and go again when the import fails.

    move: the files lie in the project's own temporary folder and are moved, not copied.
    """
    if not (copy or move):
        yield [found.place for found, _ in usable]
        return
    made: dict[Path, Path] = {}  # file: its place in the project; the pages of a file share it
    stored: list[str] = []
    try:
        for done, (found, seen) in enumerate(usable, start=1):
            file, page = address.split(found.path)
            if file not in made:
                folder = UNLABELED if found.label is None else possible(found.label)
                made[file] = _free_place(project.copies / folder, file, seen.content)
                _bring(file, made[file], move=move)
            stored.append(address.join(made[file], page).relative_to(project.folder).as_posix())
            reporter.report(Progress("Copying images", done, len(usable)))
        yield stored
    except BaseException:
        for path in made.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.parent.rmdir()  # only if it is empty
        raise


def _bring(file: Path, target: Path, *, move: bool) -> None:
    if move:
        files.move(file, target)
        return
    with files.replacing(target) as temporary:
        shutil.copyfile(file, temporary)


def _free_place(folder: Path, original: Path, content: str) -> Path:
    """The file's own name, or one that nothing in the folder has yet."""
    name = shortened(original.name)
    path, number = folder / name, 1
    while path.exists():  # asks the disk, which knows whether it tells large from small letters
        path = folder / f"{Path(name).stem}-{content[:8]}{'' if number == 1 else f'-{number}'}{original.suffix}"
        number += 1
    return path


def keep_thumbnail(project: Project, seen: Inspected) -> None:
    """Raises DiskFull, CantWrite …"""
    path = thumbnail(project.folder, seen.content)
    try:
        write_once(path, seen.thumbnail)
    except OSError as error:
        raise from_os_error(error, path) from error
