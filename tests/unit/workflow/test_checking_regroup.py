"""Repairs that make groups of what the names suggest, and one class of two."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from tests.unit.conftest import new_image
from tests.unit.workflow.test_checking_repairs import Shelf, shelf  # noqa: F401 - a fixture
from tlstudio.domain.findings import Finding
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.classes import similar_classes
from tlstudio.quality.evidence import Evidence
from tlstudio.quality.grouping import groups
from tlstudio.storage import journal
from tlstudio.storage.classes import list_classes
from tlstudio.storage.images import list_images
from tlstudio.workflow.checking_repairs import repair

PARTS = (Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.VAL, Split.TEST)


def torn_patients(shelf: Shelf, patients: int = 20, folder: str = "") -> Finding:  # noqa: F811
    for p in range(patients):
        for i, part in enumerate(PARTS):
            label = ("ill", "well")[p % 2]
            shelf.add(new_image(f"{folder}{label}/patient{p:02d}_{i}", label, split=part))
    finding = groups(replace(shelf.evidence(), groups_open=True))
    assert finding is not None
    return finding


def parts_of(rows: list[ImageRow]) -> dict[str, set[Split]]:
    found: dict[str, set[Split]] = defaultdict(set)
    for row in rows:
        found[row.name.split("_")[0]].add(row.split)
    return found


def test_groups_are_named_and_dealt_out_in_the_same_shares(shelf: Shelf) -> None:  # noqa: F811
    finding = torn_patients(shelf)
    assert finding.kind == "torn_groups"
    sentence = shelf.repair(finding)
    rows = shelf.rows()
    assert all(row.group == row.name.split("_")[0] for row in rows)
    assert all(len(parts) == 1 for parts in parts_of(rows).values())
    amounts = Counter(row.split for row in rows)
    assert amounts == {Split.TRAIN: 60, Split.VAL: 20, Split.TEST: 20}, (
        "most of each lies in training, and yet no part is empty"
    )
    by_class = Counter((row.label, row.split) for row in rows)
    assert len(by_class) == 6
    assert sentence.startswith("100 images in 20 groups, ") and sentence.endswith(" moved to another part")
    assert groups(replace(shelf.evidence(), groups_open=True)) is None
    journal.undo(shelf.project)
    assert {row.group for row in shelf.rows()} == {None}
    assert Counter(row.split for row in shelf.rows()) == {Split.TRAIN: 60, Split.VAL: 20, Split.TEST: 20}
    assert len(parts_of(shelf.rows())["patient00"]) == 3


def test_what_is_whole_stays_where_it_is(shelf: Shelf) -> None:  # noqa: F811
    finding = torn_patients(shelf, 8)
    for i in range(4):
        shelf.add(new_image(f"ill/patient90_{i}", "ill", split=Split.TEST))
    finding = groups(replace(shelf.evidence(), groups_open=True)) or finding
    assert len(finding.sets) == 9
    shelf.repair(finding)
    assert parts_of(shelf.rows())["patient90"] == {Split.TEST}


def test_a_test_part_that_came_with_the_data_stays(shelf: Shelf) -> None:  # noqa: F811
    for p in range(6):
        for i, part in enumerate(PARTS):
            folder = "test" if part is Split.TEST else "train"
            shelf.add(new_image(f"{folder}/{'ab'[p % 2]}/patient{p}_{i}", "ab"[p % 2], split=part))
    before = {row.id for row in shelf.rows() if row.split is Split.TEST}
    finding = groups(replace(shelf.evidence(), groups_open=True))
    assert finding is not None
    assert "left out" in shelf.repair(finding)
    counted = [row for row in shelf.rows() if not row.excluded]
    assert {row.id for row in counted if row.split is Split.TEST} == before
    assert all(len(parts) == 1 for parts in parts_of(counted).values())


@pytest.mark.parametrize("held_out", [Split.TEST, Split.VAL])
def test_a_project_that_is_nearly_all_held_out_can_be_repaired(shelf: Shelf, held_out: Split) -> None:  # noqa: F811
    for p in range(10):
        for i in range(20):
            part = held_out if i else Split.TRAIN
            shelf.add(new_image(f"{'ab'[p % 2]}/patient{p}_{i}", "ab"[p % 2], split=part))
    finding = groups(replace(shelf.evidence(), groups_open=True))
    assert finding is not None
    shelf.repair(finding)
    assert {row.split for row in shelf.rows()} == {held_out, Split.TRAIN}


def test_classes_become_one_in_one_change(shelf: Shelf) -> None:  # noqa: F811
    for label, n in (("Cat", 3), ("cat", 5), ("dog", 4), ("dogs", 1)):
        shelf.add(*(new_image(f"{label}{i}", label) for i in range(n)))
    finding = similar_classes(Evidence(shelf.rows()))
    assert finding is not None
    done = repair(shelf.project.folder, finding)
    assert done.sentence == "“Cat” merged into “cat”, “dogs” merged into “dog”, 4 images"
    assert (done.images, {c.name: c.count for c in list_classes(shelf.project)}) == (4, {"cat": 8, "dog": 5})
    assert repair(shelf.project.folder, finding).images == 0, "nothing left to merge"
    journal.undo(shelf.project)
    assert {c.name: c.count for c in list_classes(shelf.project)} == {"Cat": 3, "cat": 5, "dog": 4, "dogs": 1}
    assert Counter(row.label for row in list_images(shelf.project)) == {"Cat": 3, "cat": 5, "dog": 4, "dogs": 1}
