"""Changing labels, with undo and redo. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.values import ImageClass
from tlstudio.storage import images, labels
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What a change did: number of images and a sentence for the undo message."""

    images: int
    sentence: str


def set_label(project: Path, image_ids: Sequence[int], class_name: str | None, author: str = "") -> LabelChange:
    """Gives images a class, or takes it away with None. Raises WrongUsage for an unknown class."""
    n = labels.set_label(Project(project), image_ids, class_name, author or _author())
    return LabelChange(n, f"{_images(n)} moved to {class_name}" if class_name else f"{_images(n)} left without a class")


def undo(project: Path) -> LabelChange | None:
    """Takes the newest label change back; None when there is none."""
    return _told(labels.undo(Project(project), _author()), "back in")


def redo(project: Path) -> LabelChange | None:
    """Does the change that was undone last again; None when there is none."""
    return _told(labels.redo(Project(project), _author()), "moved again to")


def can_undo(project: Path) -> bool:
    return labels.can_undo(Project(project))


def can_redo(project: Path) -> bool:
    return labels.can_redo(Project(project))


def add_class(project: Path, name: str) -> ImageClass:
    """Adds a class at the end of the order. Raises WrongUsage for an empty or known name."""
    found = Project(project)
    with found.write() as db:
        class_id = images.insert_class(db, name)
    return next(c for c in images.list_classes(found) if c.id == class_id)


def rename_class(project: Path, old: str, new: str) -> None:
    """Gives a class another name. Raises WrongUsage when the new one is empty or taken."""
    images.rename_class(Project(project), old, new)


def remove_class(project: Path, name: str) -> None:
    """Removes an empty class without history. Raises WrongUsage otherwise."""
    images.remove_class(Project(project), name)


def _told(done: tuple[int, str | None] | None, verb: str) -> LabelChange | None:
    if done is None:
        return None
    n, class_name = done
    return LabelChange(n, f"{_images(n)} {verb} {class_name or 'the classes they had'}")


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"


def _author() -> str:
    """The name that the system knows the user by; some systems know none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
