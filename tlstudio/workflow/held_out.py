"""The images that a run is measured on. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence

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


def first_held_out(project: Project, run: RunRow, splits: Sequence[Split]) -> tuple[Split, list[ImageRow]]:
    """The first of these splits that holds labeled images of the run's classes, and they. Raises NotEnoughImages."""
    for split in splits:
        try:
            return split, held_out(project, run, split)
        except NotEnoughImages:
            continue
    names = " or ".join(split.caption.lower() for split in splits)
    raise NotEnoughImages(f"The project has no labeled {names} images.", remedy="Import images with a share for them.")
