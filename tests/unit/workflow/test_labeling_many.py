"""Changes of many images as the worker makes them: the same deeds, with the project's figures afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Recorder
from tests.unit.conftest import labels_now
from tlstudio.domain.errors import Cancelled, WrongUsage
from tlstudio.domain.labels import ImageQuery
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling
from tlstudio.workflow.labeling_many import edit_many

Pets = Callable[..., Project]


def test_every_deed_and_its_way_back(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat", None])
    done = edit_many(made.folder, "label", [1, 2, 3, 4], ("dog",))
    assert done.change is not None
    assert (done.change.images, done.change.sentence) == (3, "3 images moved to dog")
    assert {c.name: c.count for c in done.summary.classes} == {"cat": 0, "dog": 4}
    assert labeling.size_of_undo(made.folder) == 3
    back = edit_many(made.folder, "undo")
    assert back.change is not None
    assert back.change.first == 1
    assert labels_now(made) == ["cat", "dog", "cat", None]
    assert labeling.size_of_redo(made.folder) == 3
    assert edit_many(made.folder, "redo").summary.unlabeled == 0
    for deed, value in (("unsure", True), ("left_out", True), ("note", "look again")):
        change = edit_many(made.folder, deed, [1, 2], (value,)).change
        assert change is not None
        assert change.images == 2
    rows = images.list_images(made)[:2]
    assert [(r.unsure, r.excluded, r.note) for r in rows] == [(True, True, "look again")] * 2
    accepted = edit_many(made.folder, "accept", [1, 2]).change
    assert accepted is not None
    assert accepted.images == 0


def test_deeds_on_classes_and_what_a_query_finds_afterwards(pets: Pets) -> None:
    made = pets(["cat", "dog", "cat", None])
    merged = edit_many(made.folder, "merge", values=("cat", "dog"), query=ImageQuery())
    assert merged.change is not None
    assert merged.change.sentence == "cat merged into dog, 2 images"
    assert merged.found is not None
    assert {part.label: list(part.ids) for part in merged.found} == {None: [4], "dog": [1, 2, 3]}
    removed = edit_many(made.folder, "remove", values=("dog",), query=ImageQuery(label="dog"))
    assert removed.summary.classes == ()
    assert removed.found == ()
    assert removed.query == ImageQuery(label="dog")
    edit_many(made.folder, "undo")
    edit_many(made.folder, "undo")
    assert labels_now(made) == ["cat", "dog", "cat", None]
    with pytest.raises(WrongUsage):
        edit_many(made.folder, "merge", values=("cat", "horse"))


def test_nothing_to_turn(pets: Pets) -> None:
    assert edit_many(pets(["cat"]).folder, "undo").change is None


def test_all_or_nothing(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with pytest.raises(WrongUsage):
        edit_many(made.folder, "label", [1, 2], ("horse",))

    class Impatient(Recorder):
        def check_cancelled(self) -> None:
            raise Cancelled

    with pytest.raises(Cancelled):
        edit_many(made.folder, "label", [1, 2], ("cat",), reporter=Impatient())
    assert labels_now(made) == ["cat", "dog"]
