"""A project class by class: amounts, parts, and the same few images at every visit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.conftest import content_of, new_image
from tlstudio.domain.values import Split
from tlstudio.storage import classes, images, journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.overview import overview
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def test_amounts_and_parts_of_each_class_and_of_the_images_without_one(pets: Pets) -> None:
    made = pets(["dog", None, "cat", "dog", "dog"])
    journal.record(made, Edit(fields=[(1, "split", "test"), (3, "split", "val"), (4, "split", "val")]), "ann")
    cat, dog, rest = overview(made, 2)
    assert (cat.label, cat.count, cat.splits) == ("cat", 1, {Split.TRAIN: 0, Split.VAL: 1, Split.TEST: 0})
    assert (dog.label, dog.count, dog.splits) == ("dog", 3, {Split.TRAIN: 1, Split.VAL: 1, Split.TEST: 1})
    assert (rest.label, rest.count, rest.splits) == (None, 1, {Split.TRAIN: 1, Split.VAL: 0, Split.TEST: 0})
    for split in Split:  # whichever of them is the largest
        journal.record(made, Edit(fields=[(i, "split", split.value) for i in range(1, 6)]), "ann")
        assert [part.splits[split] for part in overview(made, 0)] == [1, 3, 1]


def test_classes_come_in_the_user_s_order_and_removed_ones_not_at_all(pets: Pets) -> None:
    made = pets(["cat", "dog", "cow"])
    classes.merge_class(made, "cow", "dog", "ann")
    classes.add_class(made, "ape", "ann")
    assert [(part.label, part.count) for part in overview(made, 1)] == [("cat", 1), ("dog", 2), ("ape", 0)]


def test_a_few_images_of_each_class_the_same_every_time(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p")
    assert overview(project, 3) == []
    images.add_images(project, [new_image(f"{i}", "ab"[i % 2]) for i in range(40)], [])
    first, second = overview(project, 3)
    assert len(set(first.contents)) == len(set(second.contents)) == 3
    assert set(first.contents) <= {content_of(f"{i}") for i in range(0, 40, 2)}
    assert overview(project, 3) == [first, second]
    assert set(overview(project, 100)[1].contents) == {content_of(f"{i}") for i in range(1, 40, 2)}
