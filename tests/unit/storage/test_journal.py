"""Edits of other fields than the label: recorded, taken back, done again, together with labels in one change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.values import Split
from tlstudio.storage import images, journal, labels
from tlstudio.storage.journal import Edit, Turned
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def test_one_deed_is_one_undo(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    edit = Edit(
        "Set aside 2 images",
        moves=[(1, 2)],
        fields=[
            (1, "excluded", 1),
            (3, "excluded", 1),
            (3, "note", "blurred"),
            (3, "split", "test"),
            (2, "excluded", 0),
        ],
    )
    assert journal.record(made, edit, "ann") == 2, "image 2 was not excluded before either"
    rows = images.list_images(made)
    assert [r.excluded for r in rows] == [True, False, True]
    assert (rows[2].note, rows[2].split, rows[0].label) == ("blurred", Split.TEST, "dog")
    assert [r.id for r in images.list_images(made, labeled=True)] == [2]
    assert journal.undo(made, "ben") == Turned(2, "cat", "Set aside 2 images")
    rows = images.list_images(made)
    assert [(r.excluded, r.note, r.label) for r in rows] == [(False, "", "cat"), (False, "", "dog"), (False, "", "cat")]
    assert journal.redo(made) == Turned(2, "dog", "Set aside 2 images")
    assert images.list_images(made)[2].note == "blurred"


def test_an_edit_that_changes_nothing_is_no_change(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    nothing = Edit(
        "Nothing", moves=[(1, 1)], fields=[(1, "unsure", 0), (99, "unsure", 1)], classes=[(1, "name", "cat")]
    )
    assert journal.record(made, nothing, "ann") == 0
    assert not journal.can_undo(made)


def test_the_size_of_what_can_be_turned_is_known_before(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat"])
    assert journal.size_of_turn(made, back=True) == 0
    journal.record(made, Edit("Three", moves=[(1, 2), (3, 2)], fields=[(2, "unsure", 1)]), "ann")
    labels.set_label(made, [1], "cat", "ann")
    assert journal.size_of_turn(made, back=True) == 1
    journal.undo(made)
    assert journal.size_of_turn(made, back=True) == 3
    assert journal.size_of_turn(made, back=False) == 1
    journal.undo(made)
    assert journal.size_of_turn(made, back=True) == 0
    assert journal.size_of_turn(made, back=False) == 3, "the older of both comes first"


def test_an_edit_of_very_many_images(pets: Pets) -> None:
    """More than a statement of the database may have parameters."""
    made = pets(["cat", "dog"] * 20_000)
    everyone = list(range(1, 40_001))
    assert labels.set_label(made, everyone, "dog", "ann") == 20_000
    assert set(labels_now(made)) == {"dog"}
    assert journal.undo(made) == Turned(20_000, "cat")
    assert labels_now(made) == ["cat", "dog"] * 20_000


def test_an_edit_keeps_what_was_undone_from_coming_back(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    journal.undo(made)
    journal.record(made, Edit(fields=[(2, "unsure", 1)]), "ann")
    assert not journal.can_redo(made)
    assert labels_now(made) == ["cat", "dog"]


@pytest.mark.parametrize("field", ["path", "content", "id; DROP TABLE images"])
def test_only_known_fields_can_be_set(pets: Pets, field: str) -> None:
    with pytest.raises(ValueError, match="not a field"):
        journal.record(pets(["cat", "dog"]), Edit(fields=[(1, field, "x")]), "ann")


def test_many_images_in_one_edit(pets: Pets) -> None:
    made = pets(["cat", "dog"] * 800)
    assert journal.record(made, Edit(fields=[(i, "group_name", "P1") for i in range(1, 1601)]), "ann") == 1600
    assert {r.group for r in images.list_images(made)} == {"P1"}
    journal.undo(made)
    assert {r.group for r in images.list_images(made)} == {None}
