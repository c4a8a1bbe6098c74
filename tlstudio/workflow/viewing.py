"""A large, safe copy of one image for the viewer: the window itself never decodes a user's file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from tlstudio.domain.errors import ImageRefused, from_os_error
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.values import Refusal
from tlstudio.domain.viewing import DeepImage
from tlstudio.images.guard import DECODERS
from tlstudio.images.inspect import VIEW, key_of_picture, make_view, write_once
from tlstudio.images.windowing import look_deep
from tlstudio.storage import queries
from tlstudio.storage.project import Project

T = TypeVar("T")


def view_image(project: Path, path: Path, reporter: Reporter = SILENT) -> Path:
    """A JPEG of at most VIEW pixels in the project's cache, made on first use. Raises ImageRefused."""
    target = project / "cache" / "views" / f"{_content(project, path, reporter)}.jpg"
    if not target.is_file():
        data = _guarded(make_view, path, reporter)
        try:
            write_once(target, data)
        except OSError as error:
            raise from_os_error(error, target) from error
    return target


def view_deep(path: Path, reporter: Reporter = SILENT) -> DeepImage | None:
    """The values of one image at the size of `view_image`, to be shown through any window; None for an image of 8 bits.

    See `windowing.show_through`. Raises ImageRefused.
    """
    return _guarded(partial(look_deep, edge=VIEW), path, reporter)


def _content(project: Path, path: Path, reporter: Reporter) -> str:
    known = queries.content_at(Project(project), path)
    if known is not None:
        return known
    try:
        return _guarded(key_of_picture, path, reporter)
    except OSError as error:
        raise from_os_error(error, path) from error


def _guarded(look: Callable[[Path], T], path: Path, reporter: Reporter) -> T:
    found: T | Refusal = DECODERS.call(look, path, path, waiting=reporter.check_cancelled)
    if isinstance(found, Refusal):
        raise ImageRefused(found.reason, path=path)
    return found
