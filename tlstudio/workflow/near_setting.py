"""Whether near-duplicates stay on one side of a split: a setting of the project. Imports nothing heavy."""

from __future__ import annotations

from tlstudio.storage import images
from tlstudio.storage.project import Project

SETTING, KEEP, IGNORE = "near_duplicates", "keep", "ignore"


def kept_together(project: Project) -> bool:
    """Whether near-duplicates are looked for and stay on one side of a split in this project."""
    return project.meta(SETTING, KEEP) != IGNORE


def set_kept_together(project: Project, wanted: bool) -> None:
    """Switches the rule. Where it goes off, what was found is forgotten, so that nothing follows from it any more."""
    project.set_meta(SETTING, KEEP if wanted else IGNORE)
    if not wanted:
        images.forget_looks(project)
