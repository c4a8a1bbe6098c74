"""Taking over what a model suggested, by files, class or confidence: what the command line has for the grid of the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.labels import AcceptResult, SuggestedFile
from tlstudio.storage import images, suggestions
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling


def accept(
    project: Path, files: Sequence[Path] = (), label: str | None = None, at_least: float | None = None
) -> AcceptResult:
    """Takes over suggestions that were made before: of these files, of this class, with at least this confidence (0 … 1).

    What is not given does not matter, but something must be. Raises WrongUsage for nothing given, a class or a file that is not
    of this project, and where no suggestions are waiting.
    """
    if not files and label is None and at_least is None:
        raise WrongUsage(
            "It was not said which suggestions to accept.", remedy="Name images, a class, or a confidence."
        )
    opened = Project.open(project)
    waiting = suggestions.list_suggestions(opened)
    if not waiting:
        raise WrongUsage("There are no suggestions to accept.", remedy="Make some with “tlstudio labels suggest”.")
    if label is not None and label not in {c.name for c in list_classes(opened)}:
        raise WrongUsage(f"There is no class called “{label}”.")
    paths = {row.id: row.path for row in images.list_images(opened)}
    wanted = {file.expanduser().absolute() for file in files}
    if strangers := wanted - set(paths.values()):
        raise WrongUsage("This file is no image of the project.", path=min(strangers))
    chosen = [
        each
        for each in waiting
        if (not wanted or paths[each.image] in wanted)
        and label in (None, each.label)
        and (at_least is None or each.confidence >= at_least)
    ]
    change = labeling.accept_suggestions(opened.folder, [each.image for each in chosen])
    told = tuple(SuggestedFile(paths[each.image], each.label, each.confidence, each.priority) for each in chosen)
    return AcceptResult(change.images, len(waiting) - change.images, told)
