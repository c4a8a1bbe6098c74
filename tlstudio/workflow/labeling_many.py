"""Changing very many images at once, which takes seconds: for the worker, with the project as it is afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.findings import Finding
from tlstudio.domain.labels import ImageQuery
from tlstudio.domain.values import ProjectSummary
from tlstudio.storage.queries import Found
from tlstudio.workflow import browsing, checking_repairs, labeling, projects
from tlstudio.workflow.labeling import LabelChange


def _repair(project: Path, finding: Finding) -> LabelChange:
    done = checking_repairs.repair(project, finding)
    return LabelChange(done.images, done.sentence)


def _set_aside(project: Path, finding: Finding, reason: str) -> LabelChange:
    checking_repairs.set_aside(project, finding, reason)
    return LabelChange(len(finding.files), "")


def _consider_again(project: Path, finding: Finding) -> LabelChange:
    checking_repairs.consider_again(project, finding)
    return LabelChange(len(finding.files), "")


# Deeds on images by name; each takes the project, the images' ids, and what the deed needs besides.
DEEDS: dict[str, Callable[..., LabelChange]] = {
    "label": labeling.set_label,
    "unsure": labeling.set_unsure,
    "left_out": labeling.set_left_out,
    "note": labeling.set_note,
    "accept": labeling.accept_suggestions,
}
# Deeds on classes by name, which change all their images; each takes the project and the names of the classes.
CLASS_DEEDS: dict[str, Callable[..., LabelChange]] = {
    "merge": labeling.merge_class,
    "remove": partial(labeling.remove_class, with_images=True),
}
# Deeds on what the data check has found; each takes the project, the finding, and what the deed needs besides.
FINDING_DEEDS: dict[str, Callable[..., LabelChange]] = {
    "repair": _repair,
    "set_aside": _set_aside,
    "consider_again": _consider_again,
}
ON_WHOLE = CLASS_DEEDS | FINDING_DEEDS  # these know themselves which images they are about
TURNS: dict[str, Callable[[Path], LabelChange | None]] = {"undo": labeling.undo, "redo": labeling.redo}


@dataclass(frozen=True, slots=True)
class ManyChanged:
    """change: None where there was nothing to take back or to do again. summary: the project's, afterwards.

    found: what `query` finds afterwards, for whoever shows it; None where nobody asked.
    """

    change: LabelChange | None
    summary: ProjectSummary
    query: ImageQuery | None = None
    found: tuple[Found, ...] | None = None


def edit_many(
    project: Path,
    deed: str,
    ids: Sequence[int] = (),
    values: Sequence[Any] = (),
    *,
    query: ImageQuery | None = None,
    reporter: Reporter = SILENT,
) -> ManyChanged:
    """One of DEEDS on images or of ON_WHOLE, with its `values`, or one of TURNS; all of it as one change, or nothing."""
    reporter.check_cancelled()  # raises when the user has cancelled already; from here on it is done as a whole
    if deed in TURNS:
        change = TURNS[deed](project)
    elif deed in ON_WHOLE:
        change = ON_WHOLE[deed](project, *values)
    else:
        change = DEEDS[deed](project, ids, *values)
    found = None if query is None else tuple(browsing.find(project, query))
    return ManyChanged(change, projects.summary(project), query, found)
