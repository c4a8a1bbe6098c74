"""A large, safe copy of one image for the viewer: the window itself never decodes a user's file."""

from __future__ import annotations

from pathlib import Path

from tlstudio.domain.errors import from_os_error
from tlstudio.domain.events import SILENT, Reporter
from tlstudio.images.decode import load_rgb, quiet_decoders
from tlstudio.images.inspect import VIEW, shrink, write_once
from tlstudio.storage import images
from tlstudio.storage.project import Project


def view_image(project: Path, path: Path, reporter: Reporter = SILENT) -> Path:
    """A JPEG of at most VIEW pixels in the project's cache, made on first use. Raises ImageRefused."""
    content = next((i.content for i in images.list_images(Project(project)) if i.path == path), path.stem)
    target = project / "cache" / "views" / f"{content}.jpg"
    if not target.exists():
        with quiet_decoders():
            data = shrink(load_rgb(path, least=VIEW), VIEW)
        try:
            write_once(target, data)
        except OSError as error:
            raise from_os_error(error, target) from error
    return target
