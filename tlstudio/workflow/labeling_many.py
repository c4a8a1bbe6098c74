"""Changing very many images at once, which takes seconds: for the worker, with the project as it is afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.labels import ImageQuery
from tlstudio.domain.values import ProjectSummary
from tlstudio.storage.queries import Found
from tlstudio.workflow import browsing, labeling, projects
from tlstudio.workflow.labeling import LabelChange

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
    """One of DEEDS on images or of CLASS_DEEDS, with its `values`, or one of TURNS; all of it as one change, or nothing."""
    reporter.stop_requested()  # raises when the user has cancelled already; from here on it is done as a whole
    if deed in TURNS:
        change = TURNS[deed](project)
    elif deed in CLASS_DEEDS:
        change = CLASS_DEEDS[deed](project, *values)
    else:
        change = DEEDS[deed](project, ids, *values)
    found = None if query is None else tuple(browsing.find(project, query))
    return ManyChanged(change, projects.summary(project), query, found)
