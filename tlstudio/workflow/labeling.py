"""Changing labels, marks and notes, with undo and redo. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tlstudio.domain.labels import Deed
from tlstudio.domain.values import ImageClass
from tlstudio.storage import classes, journal, labels
from tlstudio.storage import history as stored_history
from tlstudio.storage.journal import Turned, Value
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class LabelChange:
    """What a change did: number of images and a sentence for the undo message.

    first: after undo and redo, one of the images, for showing it again. parts: whether images have come to another part or group.
    """

    images: int
    sentence: str
    first: int | None = field(default=None, compare=False)
    parts: bool = field(default=False, compare=False)


def set_label(project: Path, image_ids: Sequence[int], class_name: str | None, author: str = "") -> LabelChange:
    """Gives images a class, or takes it away with None. Raises WrongUsage for an unknown class."""
    n = labels.set_label(Project(project), image_ids, class_name, author or author_name())
    return LabelChange(n, f"{_images(n)} moved to {class_name}" if class_name else f"{_images(n)} left without a class")


def set_unsure(project: Path, image_ids: Sequence[int], unsure: bool) -> LabelChange:
    """Marks images to be looked at again, or takes the mark away."""
    verb = "marked as unsure" if unsure else "no longer marked as unsure"
    return _set_field(project, image_ids, "unsure", int(unsure), verb)


def set_left_out(project: Path, image_ids: Sequence[int], left_out: bool) -> LabelChange:
    """Leaves images out of training and figures, or takes them back. Their files and labels stay."""
    return _set_field(project, image_ids, "excluded", int(left_out), "left out" if left_out else "taken back")


def set_note(project: Path, image_ids: Sequence[int], note: str) -> LabelChange:
    """Writes a note on images in place of the one they had; an empty one takes it away."""
    clean = " ".join(note.split())
    return _set_field(project, image_ids, "note", clean, "noted" if clean else "without a note now")


def settle(project: Path, image: int, class_name: str, *, unsure: bool = False) -> LabelChange:
    """Decides on one image that was in question: it has or keeps this class, and is unsure or no longer so, as one change."""
    title = "1 image marked as unsure" if unsure else f"1 image settled as {class_name}"
    n = labels.settle(Project(project), image, class_name, author_name(), unsure=unsure, title=title)
    return LabelChange(n, title)


def accept_suggestions(project: Path, image_ids: Sequence[int]) -> LabelChange:
    """Gives images without a class the one that the model suggests, each its own; the others are left as they are."""
    n = labels.accept_suggestions(Project(project), image_ids, author_name())
    return LabelChange(n, f"{n:,} suggestions accepted" if n != 1 else "1 suggestion accepted")


def history(project: Path, image: int) -> list[Deed]:
    """Everything that was done to an image, newest first."""
    return stored_history.history(Project(project), image)


def undo(project: Path) -> LabelChange | None:
    """Takes the newest change back; None when there is none."""
    return _told(journal.undo(Project(project), author_name()), "back in", "Undone")


def redo(project: Path) -> LabelChange | None:
    """Does the change that was undone last again; None when there is none."""
    return _told(journal.redo(Project(project), author_name()), "moved again to", "Done again")


def size_of_undo(project: Path) -> int:
    """How many images and fields `undo` would change."""
    return journal.size_of_turn(Project(project), back=True)


def size_of_redo(project: Path) -> int:
    """How many images and fields `redo` would change."""
    return journal.size_of_turn(Project(project), back=False)


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
        return LabelChange(done.images, f"{lead}: {done.title}", done.first, done.parts)
    if done.images == 1 and done.class_name is None:
        return LabelChange(1, "1 image without a class again", done.first, done.parts)
    sentence = f"{_images(done.images)} {verb} {done.class_name or 'the classes they had'}"
    return LabelChange(done.images, sentence, done.first, done.parts)


def _set_field(project: Path, image_ids: Sequence[int], name: str, value: Value, verb: str) -> LabelChange:
    """One change of a field; the count and the title tell how many images really differ from before."""
    n = labels.set_field(
        Project(project), image_ids, name, value, author=author_name(), title=lambda k: f"{_images(k)} {verb}"
    )
    return LabelChange(n, f"{_images(n)} {verb}")


def _images(n: int) -> str:
    return "1 image" if n == 1 else f"{n:,} images"


def author_name() -> str:
    """The name that the system knows the user by; some systems know none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
