"""Classes: added, renamed, merged and removed as changes that can be taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.conftest import labels_now, new_image
from tlstudio.domain.errors import WrongUsage
from tlstudio.storage import classes, journal, labels
from tlstudio.storage.images import add_images
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def names(project: Project) -> list[str]:
    return [c.name for c in classes.list_classes(project)]


def test_adding_and_renaming(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    classes.add_class(made, " bird ", "ann")
    assert [(c.name, c.count) for c in classes.list_classes(made)] == [("cat", 1), ("dog", 1), ("bird", 0)]
    for wrong in ("", "  ", "cat"):
        with pytest.raises(WrongUsage):
            classes.rename_class(made, "dog", wrong, "ann")
        with pytest.raises(WrongUsage):
            classes.add_class(made, wrong, "ann")
    with pytest.raises(WrongUsage, match="no class"):
        classes.rename_class(made, "horse", "pony", "ann")
    classes.rename_class(made, "dog", "dog", "ann")
    assert names(made) == ["cat", "dog", "bird"]
    journal.undo(made)
    assert names(made) == ["cat", "dog"], "the new class goes; renaming to the same name was no change"
    journal.redo(made)
    assert names(made) == ["cat", "dog", "bird"]


def test_removed_class_keeps_its_history_and_comes_back(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    with pytest.raises(WrongUsage, match="still has images"):
        classes.remove_class(made, "cat", "ann")
    assert classes.remove_class(made, "cat", "ann", with_images=True) == 2
    assert (names(made), labels_now(made)) == (["dog"], [None, "dog", None])
    with pytest.raises(WrongUsage, match="no class"):
        labels.set_label(made, [1], "cat", "ann")
    journal.undo(made)
    assert (names(made), labels_now(made)) == (["cat", "dog"], ["cat", "dog", "cat"])


def test_removed_class_is_revived_by_adding_it_again(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    classes.remove_class(made, "cat", "ann", with_images=True)
    classes.add_class(made, "cat", "ann")
    assert names(made) == ["cat", "dog"]


def test_merging_is_one_change(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat", "bird"])
    assert classes.merge_class(made, "cat", "dog", "ann") == 2
    assert (names(made), labels_now(made)) == (["bird", "dog"], ["dog", "dog", "dog", "bird"])
    done = journal.undo(made)
    assert done is not None
    assert (done.images, done.title) == (2, "cat merged into dog")
    assert (names(made), labels_now(made)) == (["bird", "cat", "dog"], ["cat", "dog", "cat", "bird"])
    for source, target in (("cat", "cat"), ("cat", "horse"), ("horse", "cat")):
        with pytest.raises(WrongUsage):
            classes.merge_class(made, source, target, "ann")


def test_a_name_that_an_import_has_taken_meanwhile_does_not_keep_a_change_from_being_taken_back(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    classes.rename_class(made, "cat", "kitten", "ann")
    add_images(made, [new_image("new", "cat"), new_image("newer", "cat (2)")], [])
    done = journal.undo(made)
    assert done is not None
    assert names(made) == ["cat (3)", "dog", "cat", "cat (2)"]
    assert labels_now(made) == ["cat (3)", "dog", "cat", "cat (2)"]
    journal.redo(made)
    assert names(made) == ["kitten", "dog", "cat", "cat (2)"]


def test_name_of_a_removed_class_is_free_again(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    classes.remove_class(made, "cat", "ann", with_images=True)
    classes.rename_class(made, "dog", "cat", "ann")
    assert names(made) == ["cat"]
    journal.undo(made)
    journal.undo(made)
    assert (names(made), labels_now(made)) == (["cat", "dog"], ["cat", "dog"])
