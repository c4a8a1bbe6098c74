"""Making, opening and listing projects. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.values import ProjectSummary
from tlstudio.storage import images, places, recent, runs
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.workflow.browsing import thumbnail


def create_project(folder: Path, name: str) -> None:
    """Makes an empty project; raises ProjectExists or CantWrite."""
    Project.create(folder, name)


def open_project(folder: Path) -> ProjectSummary:
    """Opens a project, backs its database up if it changed, and remembers it among the recent ones."""
    project = Project.open(folder)
    with suppress(StudioError):  # on a full disk the project can still be looked at
        project.back_up()
    recent.remember(project.folder)
    return summary(project.folder)


def summary(folder: Path) -> ProjectSummary:
    """The project's figures. Raises NotAProject or ProjectTooNew."""
    project = Project.open(folder)
    counts = images.counts(project)
    finished = [r for r in runs.list_runs(project) if r.accuracy is not None]
    best = max((r.accuracy for r in finished if r.accuracy is not None), key=lambda a: a.value, default=None)
    return ProjectSummary(
        folder=project.folder,
        name=project.meta("name", project.folder.name),
        images=counts.images,
        unlabeled=counts.unlabeled,
        classes=tuple(list_classes(project)),
        splits=counts.splits,
        groups=counts.groups,
        refused=counts.refused,
        best_accuracy=best,
        opened_at=dict(recent.read()).get(project.folder, 0.0),
        thumbnails=tuple(thumbnail(project.folder, content) for content in images.sample_contents(project, 4)),
    )


def recent_projects() -> list[ProjectSummary]:
    """The projects opened lately, newest first; one that can't be read is left out."""
    found = []
    for folder, _ in recent.read():
        try:
            found.append(summary(folder))
        except StudioError:
            continue
    return found


def forget_project(folder: Path) -> None:
    """Takes a project off the recent list; its files stay."""
    recent.forget(folder)


def suggested_folder(source: Path) -> Path:
    """A free folder among the user's documents for a project of these images."""
    base = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", source.resolve().name).strip(" .") or "project"
    folder = places.documents_dir() / base
    number = 2
    while folder.exists():
        folder = places.documents_dir() / f"{base} {number}"
        number += 1
    return folder
