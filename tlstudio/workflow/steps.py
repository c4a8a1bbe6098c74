"""Which steps of the way from images to a model in use have been taken in a project, as far as its images and runs don't tell."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from tlstudio.storage.project import Project


class Step(StrEnum):
    """Looking at a result, and taking the model out or letting it look at new images."""

    INSPECT = "inspect"
    USE = "use"


def take(project: Path, step: Step, run: str) -> None:
    """The step was taken with this run. Raises CantWrite, DiskFull …"""
    Project.open(project).set_meta(f"step_{step}", run)


def take_back(project: Path, step: Step) -> None:
    """What was seen then is true no more: labels or images have changed. Raises CantWrite, DiskFull …"""
    opened = Project.open(project)
    if opened.meta(f"step_{step}"):
        opened.set_meta(f"step_{step}", "")


def taken(project: Path, step: Step) -> str:
    """The run that the step was taken with; empty where it was not. Raises NotAProject, ProjectDamaged …"""
    return Project.open(project, looking=True).meta(f"step_{step}")
