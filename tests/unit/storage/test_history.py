"""The history of one image, labels that were kept on purpose, and other people's labels."""

from __future__ import annotations

from collections.abc import Callable

from tlstudio.storage import annotators, classes, history, journal, labels
from tlstudio.storage.journal import Edit, Turned
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def told(project: Project, image: int) -> list[tuple[str, str, str, str | None, str | None]]:
    return [(d.kind, d.author, d.field, d.before, d.after) for d in history.history(project, image)]


def test_who_did_what_newest_first(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    journal.record(made, Edit(fields=[(1, "note", "odd"), (1, "unsure", 1), (2, "unsure", 1)]), "ben")
    journal.undo(made, "eve")
    deeds = told(made, 1)
    assert set(deeds[:2]) == {("undo", "eve", "note", "odd", ""), ("undo", "eve", "unsure", "1", "0")}
    assert set(deeds[2:4]) == {("label", "ben", "note", "", "odd"), ("label", "ben", "unsure", "0", "1")}
    assert deeds[4:] == [("label", "ann", "class", "cat", "dog"), ("import", "", "class", None, "cat")]
    assert told(made, 2)[-1] == ("import", "", "class", None, "dog")
    times = [d.at for d in history.history(made, 1)]
    assert times == sorted(times, reverse=True)


def test_a_label_that_was_kept_is_a_change_of_its_own(pets: Pets) -> None:
    made = pets(["cat", "dog", None])
    assert journal.record(made, Edit("2 kept", kept=[1, 2, 99]), "ann") == 2
    assert told(made, 1)[0] == ("label", "ann", "class", "cat", "cat")
    assert journal.undo(made, "ben") == Turned(2, None, "2 kept")
    assert journal.redo(made, "ben") == Turned(2, None, "2 kept")
    assert not journal.can_redo(made)
    assert labels.set_label(made, [1], "cat", "ann") == 0, "the class is the same as before"


def test_undo_tells_an_image_to_look_at(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    labels.set_label(made, [3, 2], None, "ann")
    done = journal.undo(made)
    assert done is not None
    assert done.first == 2


def test_another_person_s_labels_are_kept_beside_ours(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    annotators.put_labels(made, "Ben", {1: 2, 2: 2})
    annotators.put_labels(made, "Eve", {3: 1})
    assert annotators.annotators(made) == ["Eve", "Ben"]
    assert annotators.labels_of(made, "Ben") == {1: "dog", 2: "dog"}
    annotators.put_labels(made, "Ben", {3: 1})
    assert annotators.labels_of(made, "Ben") == {3: "cat"}
    classes.rename_class(made, "cat", "kitten", "ann")
    assert annotators.labels_of(made, "Eve") == {3: "kitten"}
    classes.remove_class(made, "kitten", "ann", with_images=True)
    assert annotators.labels_of(made, "Eve") == {}


def test_a_disagreement_is_settled_as_long_as_the_label_is_kept(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    journal.record(made, Edit(kept=[3]), "ann")
    annotators.put_labels(made, "Ben", {1: 2, 2: 2, 3: 2})
    assert annotators.kept(made, "Ben") == set(), "what was kept before these labels came says nothing of them"
    journal.record(made, Edit(kept=[1]), "ann")
    assert annotators.kept(made, "Ben") == {1}
    journal.undo(made)
    assert annotators.kept(made, "Ben") == set()
    journal.redo(made)
    assert annotators.kept(made, "Ben") == {1}
    labels.set_label(made, [1], None, "ann")
    assert annotators.kept(made, "Ben") == set()
    labels.set_label(made, [1], "cat", "ann")
    assert annotators.kept(made, "Ben") == {1}, "a label given since is as much a decision as one that was kept"
