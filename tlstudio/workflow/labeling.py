"""Changing labels, with undo and redo. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tlstudio.domain.values import ImageClass
from tlstudio.storage import classes, journal, labels
from tlstudio.storage.journal import Turned
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What a change did: number of images and a sentence for the undo message."""

    images: int
    sentence: str


def set_label(project: Path, image_ids: Sequence[int], class_name: str | None, author: str = "") -> LabelChange:
    """Gives images a class, or takes it away with None. Raises WrongUsage for an unknown class."""
    n = labels.set_label(Project(project), image_ids, class_name, author or author_name())
    return LabelChange(n, f"{_images(n)} moved to {class_name}" if class_name else f"{_images(n)} left without a class")


def undo(project: Path) -> LabelChange | None:
    """Takes the newest change back; None when there is none."""
    return _told(journal.undo(Project(project), author_name()), "back in", "Undone")


def redo(project: Path) -> LabelChange | None:
    """Does the change that was undone last again; None when there is none."""
    return _told(journal.redo(Project(project), author_name()), "moved again to", "Done again")


def can_undo(project: Path) -> bool:
    return journal.can_undo(Project(project))


def can_redo(project: Path) -> bool:
    return journal.can_redo(Project(project))


def add_class(project: Path, name: str) -> ImageClass:
    """Adds a class at the end of the order. Raises WrongUsage for an empty or known name."""
    found = Project(project)
    number = classes.add_class(found, name, author_name())
    return next(c for c in classes.list_classes(found) if c.id == number)


def rename_class(project: Path, old: str, new: str) -> None:
    """Gives a class another name. Raises WrongUsage when the new one is empty or taken."""
    classes.rename_class(Project(project), old, new, author_name())


def merge_class(project: Path, source: str, target: str) -> LabelChange:
    """Moves all images of a class to another and removes the emptied one. Raises WrongUsage for unknown names."""
    n = classes.merge_class(Project(project), source, target, author_name())
    return LabelChange(n, f"{source} merged into {target}, {_images(n)}")


def remove_class(project: Path, name: str, *, with_images: bool = False) -> LabelChange:
    """Removes a class; its images lose their label. Raises WrongUsage if it has images and `with_images` does not say so."""
    n = classes.remove_class(Project(project), name, author_name(), with_images=with_images)
    return LabelChange(n, f"{name} removed" + (f", {_images(n)} left without a class" if n else ""))


def _told(done: Turned | None, verb: str, lead: str) -> LabelChange | None:
    if done is None:
        return None
    if done.title:
        return LabelChange(done.images, f"{lead}: {done.title}")
    return LabelChange(done.images, f"{_images(done.images)} {verb} {done.class_name or 'the classes they had'}")


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"


def author_name() -> str:
    """The name that the system knows the user by; some systems know none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
