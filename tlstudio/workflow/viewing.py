"""A large, safe copy of one image for the viewer: the window itself never decodes a user's file."""

from __future__ import annotations

from pathlib import Path

from tlstudio.domain.errors import from_os_error
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.images.decode import load_rgb, quiet_decoders, read_header
from tlstudio.images.inspect import VIEW, content_key, shrink, write_once
from tlstudio.storage import images
from tlstudio.storage.project import Project


def view_image(project: Path, path: Path, reporter: Reporter = SILENT) -> Path:
    """A JPEG of at most VIEW pixels in the project's cache, made on first use. Raises ImageRefused."""
    target = project / "cache" / "views" / f"{_content(project, path)}.jpg"
    if not target.exists():
        with quiet_decoders():
            data = shrink(load_rgb(path, least=VIEW), VIEW)
        try:
            write_once(target, data)
        except OSError as error:
            raise from_os_error(error, target) from error
    return target


def _content(project: Path, path: Path) -> str:
    known = next((i.content for i in images.list_images(Project(project)) if i.path == path), None)
    if known is not None:
        return known
    read_header(path)  # refuses what is no picture before all its bytes are read
    try:
        return content_key(path)
    except OSError as error:
        raise from_os_error(error, path) from error
