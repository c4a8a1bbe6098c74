"""Making, opening and listing projects. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import ProjectDamaged, StudioError
from tlstudio.domain.keeping import Opened
from tlstudio.domain.values import ProjectSummary
from tlstudio.storage import backups, holding, images, places, recent, recovery, runs
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import volume_of
from tlstudio.workflow import keeping
from tlstudio.workflow.browsing import thumbnail
from tlstudio.workflow.near_setting import kept_together


def create_project(folder: Path, name: str) -> None:
    """Makes an empty project; raises ProjectExists or CantWrite."""
    Project.create(folder, name)


def open_project(folder: Path, *, take_over: bool = False) -> Opened:
    """Opens a project to change it, and remembers it among the recent ones; `close_project` lets it go.

    Where another program holds it, or nothing can be written there, it is opened to be looked at: `read_only` then says why.
    take_over: the user says that the holder on another computer has ended. Raises NotAProject, ProjectDamaged, ProjectTooNew …
    """
    folder = folder.resolve()
    recovery.require_present(folder)
    read_only, may_take_over, unclean, unchecked = "", False, False, False
    try:
        unclean = holding.take(folder, keeping.PROGRAM, over_silent=take_over)
    except StudioError as error:
        read_only = error.what
        holder = holding.other_holder(folder)
        silent = 0.0 if holder is None or holder.silent is None else holder.silent
        may_take_over = silent >= holding.SILENT_SECONDS
    try:
        if read_only:
            recovery.require_whole(folder)
        else:
            unchecked = keeping.prepare_in_a_blink(folder)
        found = summary(folder)
    except BaseException:
        if not read_only:
            holding.let_go(folder)
        raise
    recent.remember(folder)
    return Opened(
        summary=replace(found, opened_at=time.time()),
        read_only=read_only,
        may_take_over=may_take_over,
        shared=volume_of(folder).shared,
        unclean=unclean,
        unchecked=unchecked,
    )


def close_project(folder: Path) -> None:
    """Lets a project go that `open_project` opened to change it; others may then change it."""
    holding.let_go(folder)


def taken_over(folder: Path) -> str:
    """Who has taken a project over from this window, as a sentence; empty while it is still held here."""
    holder = holding.other_holder(folder)
    return "" if holder is None else holding.busy(holder).what


def summary(folder: Path, known: ProjectSummary | None = None) -> ProjectSummary:
    """The project's figures. Raises NotAProject or ProjectTooNew.

    known: earlier ones, since which no more than labels, marks and classes have changed: parts and groups are not counted again.
    """
    project = Project.open(folder, looking=True)
    counts = images.counts(project) if known is None else _recounted(project, known)
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
        near_duplicates=kept_together(project),
    )


def _recounted(project: Project, known: ProjectSummary) -> images.Counts:
    unlabeled = images.count_unlabeled(project)
    return images.Counts(known.images, unlabeled, known.groups, known.refused, known.splits)


def recent_projects() -> Iterator[ProjectSummary]:
    """The projects opened lately, newest first, each read when it is asked for: large ones take their time.

    One that can't be read is left out, unless a backup can take its place.
    """
    for folder, at in recent.read():
        try:
            recovery.require_present(folder)
            yield summary(folder)
        except ProjectDamaged as error:
            if backups.newest(folder) is not None:
                yield ProjectSummary(folder, folder.name, opened_at=at, trouble=error.what)
        except StudioError:
            continue


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
