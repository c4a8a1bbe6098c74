"""Looking at the images of a project. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tlstudio.domain import safe_text
from tlstudio.domain.labels import ImageQuery, Suggestion
from tlstudio.domain.values import ClassOverview, ImageClass, ImageRow, Refusal
from tlstudio.storage import annotators, files, queries, suggestions
from tlstudio.storage import images as stored
from tlstudio.storage import overview as stored_overview
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project
from tlstudio.storage.queries import Found
from tlstudio.storage.suggestions import Standing


def images(project: Path) -> list[ImageRow]:
    """All images of the project, in import order: seconds and megabytes for a large one, so the window never asks for it."""
    return stored.list_images(Project(project))


def overview(project: Path, samples: int) -> list[ClassOverview]:
    """Amounts, parts and a few images of each class; see `overview.overview`."""
    return stored_overview.overview(Project(project), samples)


def find(project: Path, query: ImageQuery) -> list[Found]:
    """The ids of the images that a query asks for, by class; see `queries.find`."""
    return queries.find(Project(project), query)


def rows(project: Path, ids: Sequence[int]) -> list[ImageRow]:
    """These images, in this order, as far as they are there."""
    return queries.rows_of(Project(project), ids)


def ids_of(project: Path, paths: Iterable[str | Path]) -> tuple[int, ...]:
    """The images at these absolute paths, as far as they are there, in import order."""
    return tuple(sorted(queries.ids_of_paths(Project(project), map(str, paths)).values()))


def suggested(project: Path, ids: Sequence[int]) -> dict[int, Suggestion]:
    """What a model suggests for these images: {image id: suggestion}, for those without a class."""
    return {s.image: s for s in suggestions.list_suggestions(Project(project), ids)}


def suggestions_standing(project: Path) -> Standing | None:
    """How old the suggestions are and how many still wait; None without any."""
    return suggestions.standing(Project(project))


def people(project: Path) -> list[str]:
    """Those whose labels for the same images were taken in, the newest first."""
    return annotators.annotators(Project(project))


def classes(project: Path) -> list[ImageClass]:
    """All classes in the user's order, with counts."""
    return list_classes(Project(project))


def unlabeled(project: Path) -> int:
    """How many images have no class yet."""
    return stored.count_unlabeled(Project(project))


def thumbnail(project: Path, content: str) -> Path:
    """Where the small picture of a content is: a JPEG of at most 208 px; the file may be missing."""
    return project / "cache" / "thumbnails" / content[:2] / f"{content}.jpg"


def refusals(project: Path, most: int = -1) -> list[Refusal]:
    """The files that were not imported, with the reason; only the first `most`, if asked."""
    return stored.list_refusals(Project(project), most)


def save_refusals(project: Path, file: Path) -> None:
    """Writes the refused files as a CSV of file and reason."""
    text = safe_text.table([("file", "reason"), *((r.path, r.reason) for r in refusals(project))])
    files.write_bytes(file, text.encode("utf-8-sig"))  # the mark lets spreadsheets see UTF-8
