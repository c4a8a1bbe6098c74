"""The images that a run is measured on. Imports nothing heavy."""

from __future__ import annotations

from tlstudio.domain.errors import NotEnoughImages
from tlstudio.domain.runs import RunRow
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import images
from tlstudio.storage.project import Project


def held_out(project: Project, run: RunRow, split: Split) -> list[ImageRow]:
    """The labeled images of a split whose class the run knows. Raises NotEnoughImages when there is none."""
    rows = [r for r in images.list_images(project, split=split, labeled=True) if r.label in run.classes]
    if not rows:
        raise NotEnoughImages(
            f"The project has no {split.caption.lower()} images.",
            remedy="Import with a share for them, or look at another part.",
        )
    return rows
