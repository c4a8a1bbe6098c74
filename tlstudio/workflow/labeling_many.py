"""Changing very many images at once, which takes seconds: for the worker, with the project's figures as they are afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlstudio.domain.events import SILENT, Reporter
from tlstudio.domain.values import ProjectSummary
from tlstudio.workflow import labeling, projects
from tlstudio.workflow.labeling import LabelChange

# Deeds on images by name; each takes the project, the images' ids, and what the deed needs besides.
DEEDS: dict[str, Callable[..., LabelChange]] = {
    "label": labeling.set_label,
    "unsure": labeling.set_unsure,
    "left_out": labeling.set_left_out,
    "note": labeling.set_note,
    "accept": labeling.accept_suggestions,
}
TURNS: dict[str, Callable[[Path], LabelChange | None]] = {"undo": labeling.undo, "redo": labeling.redo}


@dataclass(frozen=True, slots=True)
class ManyChanged:
    """change: None where there was nothing to take back or to do again. summary: the project's, afterwards."""

    change: LabelChange | None
    summary: ProjectSummary


def edit_many(
    project: Path, deed: str, ids: Sequence[int] = (), values: Sequence[Any] = (), reporter: Reporter = SILENT
) -> ManyChanged:
    """One deed of DEEDS on images, with its `values`, or one of TURNS; all of it as one change, or nothing."""
    reporter.stop_requested()  # raises when the user has cancelled already; from here on it is done as a whole
    change = TURNS[deed](project) if deed in TURNS else DEEDS[deed](project, ids, *values)
    return ManyChanged(change, projects.summary(project))
