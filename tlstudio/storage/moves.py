"""A project that was moved or copied: its images are found where they are now, with it or where they were left.

Images near the project are kept by their place from the project on, all others by their whole path. Neither is right in every
case: a project may be moved without its images, or with images that lie further away. The project remembers its own place, and
when it is opened in another one, each image whose file is not there is looked for in the place that the other way of naming it
gives.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from tlstudio.domain.errors import StudioError

if TYPE_CHECKING:
    from tlstudio.storage.project import Project

PLACE = "place"  # the project's note of its own folder
PAGE = "#page="  # see images.address


def settle(project: Project) -> None:
    """Once for each new place; where nothing may be written, the next opening does it."""
    known = project.meta(PLACE)
    if known == str(project.folder):
        return
    with suppress(StudioError), project.write() as db:
        if known:
            db.row_factory = None
            rows = db.execute("SELECT id, path, bytes FROM images").fetchall()
            moved = [(new, n) for n, path, size in rows if (new := _elsewhere(project, known, path, size)) is not None]
            db.executemany("UPDATE OR IGNORE images SET path = ? WHERE id = ?", moved)
        db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (PLACE, str(project.folder)),
        )


def _elsewhere(project: Project, before: str, stored: str, size: int) -> str | None:
    """How an image is to be kept from now on; None where it is where it is said to be, or nowhere.

    before: the project's folder when its paths were right. size: of the image's file.
    """
    if _size(str(project.absolute(stored))) is not None:
        return None
    if os.path.isabs(stored):  # noqa: PTH117 - as text, for a hundred thousand of them
        try:
            other = os.path.normpath(os.path.join(project.folder, os.path.relpath(stored, before)))  # noqa: PTH118
        except ValueError:  # on another drive
            return None
    else:
        other = os.path.normpath(f"{before}/{stored}")
    return project.stored(other) if _size(other) == size else None


def _size(place: str) -> int | None:
    """Of the file, or of the one that holds the page; None where there is none."""
    for file in dict.fromkeys((place, place.partition(PAGE)[0])):
        with suppress(OSError, ValueError):
            return os.path.getsize(file)  # noqa: PTH202
    return None
