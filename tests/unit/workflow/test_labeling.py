"""Changing labels, with the sentences that the window shows."""

from __future__ import annotations

import getpass
from collections.abc import Callable

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import WrongUsage
from tlstudio.storage import suggestions
from tlstudio.storage.project import Project
from tlstudio.storage.suggestions import NewSuggestion
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.labeling import LabelChange

Pets = Callable[..., Project]


def test_sentences_of_change_undo_and_redo(pets: Pets) -> None:
    made = pets(["cat", "cat", "dog", None])
    folder = made.folder
    assert labeling.set_label(folder, [1], "dog") == LabelChange(1, "1 image moved to dog")
    assert labeling.set_label(folder, [1, 2, 3], "cat") == LabelChange(2, "2 images moved to cat")
    assert labeling.set_label(folder, [3], None) == LabelChange(1, "1 image left without a class")
    assert labels_now(made) == ["cat", "cat", None, None]
    assert labeling.undo(folder) == LabelChange(1, "1 image back in cat")
    assert labeling.undo(folder) == LabelChange(2, "2 images back in dog")
    assert labeling.redo(folder) == LabelChange(2, "2 images moved again to cat")
    labeling.undo(folder)
    labeling.undo(folder)
    assert labels_now(made) == ["cat", "cat", "dog", None]
    assert labeling.undo(folder) is None
    assert (labeling.can_undo(folder), labeling.can_redo(folder)) == (False, True)


def test_many_images_are_counted_readably_and_go_back_to_mixed_classes(pets: Pets) -> None:
    made = pets(["cat", "dog"] * 700)
    assert labeling.set_label(made.folder, range(1, 1401), None).sentence == "1,400 images left without a class"
    undone = labeling.undo(made.folder)
    assert undone is not None
    assert undone.sentence == "1,400 images back in the classes they had"


def test_nothing_changed_is_said_so(pets: Pets) -> None:
    assert labeling.set_label(pets(["cat", "dog"]).folder, [1], "cat").images == 0


def test_the_author_is_the_user_of_the_system_or_unknown(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])

    def nobody() -> str:
        raise OSError("no name")

    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    labeling.set_label(made.folder, [1], "dog")
    monkeypatch.setattr(getpass, "getuser", nobody)
    labeling.set_label(made.folder, [2], "cat")
    with made.read() as db:
        authors = [r["author"] for r in db.execute("SELECT author FROM changes WHERE kind = 'label' ORDER BY id")]
    assert authors == ["ann", ""]


def test_classes_from_the_window(pets: Pets) -> None:
    folder = pets(["cat", "dog"]).folder
    added = labeling.add_class(folder, "  bird ")
    assert (added.name, added.count, added.position) == ("bird", 0, 2)
    labeling.rename_class(folder, "bird", "parrot")
    assert [c.name for c in browsing.classes(folder)] == ["cat", "dog", "parrot"]
    labeling.remove_class(folder, "parrot")
    for wrong in (
        lambda: labeling.add_class(folder, "cat"),
        lambda: labeling.add_class(folder, " "),
        lambda: labeling.rename_class(folder, "cat", "dog"),
        lambda: labeling.remove_class(folder, "cat"),
        lambda: labeling.set_label(folder, [1], "parrot"),
    ):
        with pytest.raises(WrongUsage):
            wrong()
    assert [c.name for c in browsing.classes(folder)] == ["cat", "dog"]


def test_marks_notes_and_leaving_out_with_their_sentences(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    folder = made.folder
    assert labeling.set_unsure(folder, [1, 2], True) == LabelChange(2, "2 images marked as unsure")
    assert labeling.set_unsure(folder, [2, 3], True) == LabelChange(1, "1 image marked as unsure")
    assert labeling.set_unsure(folder, [1], False) == LabelChange(1, "1 image no longer marked as unsure")
    assert labeling.set_left_out(folder, [3], True) == LabelChange(1, "1 image left out")
    assert labeling.set_note(folder, [1, 3], "  scale bar\nin view ") == LabelChange(2, "2 images noted")
    rows = browsing.images(folder)
    assert [(r.unsure, r.excluded, r.note) for r in rows] == [
        (False, False, "scale bar in view"),
        (True, False, ""),
        (True, True, "scale bar in view"),
    ]
    assert labeling.set_left_out(folder, [3], False) == LabelChange(1, "1 image taken back")
    assert labeling.set_note(folder, [1, 2], "") == LabelChange(1, "1 image without a note now")
    undone = labeling.undo(folder)
    assert undone is not None
    assert (undone.sentence, undone.first) == ("Undone: 1 image without a note now", 1)
    redone = labeling.redo(folder)
    assert redone is not None
    assert redone.sentence == "Done again: 1 image without a note now"


def test_settling_an_image_is_one_change(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    folder = made.folder
    assert labeling.settle(folder, 1, "cat") == LabelChange(1, "1 image settled as cat")
    newest = labeling.history(folder, 1)[0]
    assert (newest.before, newest.after) == ("cat", "cat")
    assert labeling.settle(folder, 1, "cat", unsure=True) == LabelChange(1, "1 image marked as unsure")
    assert labeling.settle(folder, 1, "dog") == LabelChange(1, "1 image settled as dog")
    row = browsing.images(folder)[0]
    assert (row.label, row.unsure) == ("dog", False)
    undone = labeling.undo(folder)
    assert undone is not None
    assert undone.sentence == "Undone: 1 image settled as dog"
    row = browsing.images(folder)[0]
    assert (row.label, row.unsure) == ("cat", True)


def test_suggestions_become_labels_only_when_they_are_accepted(pets: Pets) -> None:
    made = pets(["cat", "dog", None, None, None])
    new = [NewSuggestion(i, class_id, 0.8, i) for i, class_id in ((3, 1), (4, 2), (5, 2))]
    suggestions.put_suggestions(made, "run", new)
    assert labels_now(made)[2:] == [None, None, None]
    assert {s.image: s.label for s in browsing.suggested(made.folder, [3, 5]).values()} == {3: "cat", 5: "dog"}
    labeling.set_label(made.folder, [4], "cat")
    assert labeling.accept_suggestions(made.folder, [1, 3, 4]) == LabelChange(1, "1 suggestion accepted")
    assert labels_now(made) == ["cat", "dog", "cat", "cat", None]
    undone = labeling.undo(made.folder)
    assert undone is not None
    assert undone.sentence == "Undone: 1 suggestion accepted"
    assert labels_now(made)[2] is None
