"""One click on a finding: what it does, that it is one change, and that it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.conftest import content_of, new_image
from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.findings import Finding, Repair, Severity
from tlstudio.domain.values import ImageRow, Split
from tlstudio.quality.copies import leaks
from tlstudio.quality.evidence import Evidence
from tlstudio.storage import dismissals, images, journal
from tlstudio.storage.images import NewImage, add_images, list_images, set_alike
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling
from tlstudio.workflow.checking_repairs import consider_again, repair, set_aside
from tlstudio.workflow.run_data import collect

TRAIN, VAL, TEST = Split.TRAIN, Split.VAL, Split.TEST


class Shelf:
    """A project of images that exist in the database only."""

    def __init__(self, folder: Path) -> None:
        self.project = Project.create(folder, "Shelf")

    def add(self, *new: NewImage) -> None:
        add_images(self.project, new, [])

    def alike(self, *names: str) -> None:
        rows = [self[name] for name in names]
        set_alike(self.project, {row.id: rows[0].id for row in rows})

    def rows(self) -> list[ImageRow]:
        return list_images(self.project)

    def evidence(self) -> Evidence:
        return Evidence([row for row in self.rows() if not row.excluded])

    def __getitem__(self, name: str) -> ImageRow:
        return next(row for row in self.rows() if row.path.stem == name)

    def finding(self, kind: Repair | None, *names: str, sets: Sequence[Sequence[str]] = ()) -> Finding:
        path = {row.path.stem: str(row.path) for row in self.rows()}
        files = tuple(path[n] for n in names) or tuple(path[n] for kin in sets for n in kin)
        inside = tuple(tuple(path[n] for n in kin) for kin in sets)
        what = ("leak", Severity.HIGH, len(files), files, "Title", "Harm.")
        return Finding(*what, sets=inside, repair=kind, advice="Do that.")

    def repair(self, finding: Finding) -> str:
        return repair(self.project.folder, finding).sentence


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


def test_leaving_out_is_one_change_and_counts_in_training(shelf: Shelf) -> None:
    shelf.add(*(new_image(name, "cat" if i % 2 else "dog") for i, name in enumerate("abcdef")))
    done = repair(shelf.project.folder, shelf.finding(Repair.LEAVE_OUT, "a", "b"))
    assert (done.images, done.sentence, done.kind) == (2, "2 images left out", "leak")
    assert [row.path.stem for row in shelf.rows() if row.excluded] == ["a", "b"]
    _, samples = collect(shelf.project)
    assert {s.image for s in samples} == {shelf[name].id for name in "cdef"}
    undone = labeling.undo(shelf.project.folder)
    assert undone is not None
    assert "2 images left out" in undone.sentence
    assert not any(row.excluded for row in shelf.rows())


def test_looking_again_marks(shelf: Shelf) -> None:
    shelf.add(new_image("a", "cat"), new_image("b", "dog"))
    assert shelf.repair(shelf.finding(Repair.LOOK_AGAIN, "b")) == "1 image marked to look again"
    assert (shelf["a"].unsure, shelf["b"].unsure) == (False, True)


def test_of_copies_one_with_a_class_stays_and_rather_a_test_image(shelf: Shelf) -> None:
    same = content_of("same")
    shelf.add(
        new_image("a", None, content=same),
        new_image("b", "cat", content=same),
        new_image("c", "cat", content=same, split=TEST),
    )
    assert shelf.repair(shelf.finding(Repair.LEAVE_COPIES_OUT, sets=["abc"])) == "2 copies left out"
    assert [row.path.stem for row in shelf.rows() if not row.excluded] == ["c"]


def test_copies_under_two_classes_are_left_to_the_user(shelf: Shelf) -> None:
    shelf.add(new_image("a", "cat"), new_image("b", "dog"), new_image("c", "cat"), new_image("d", "cat"))
    assert shelf.repair(shelf.finding(Repair.LEAVE_COPIES_OUT, sets=["ab", "cd"])) == "1 copy left out"
    assert [row.path.stem for row in shelf.rows() if row.excluded] == ["d"]


@pytest.mark.parametrize(
    ("splits", "target"),
    [
        ((TRAIN, TRAIN, VAL), TRAIN),
        ((TRAIN, VAL, VAL), VAL),
        ((TRAIN, VAL), TRAIN),
        ((TRAIN, TRAIN, TEST), TRAIN),
        ((TEST, TEST, VAL), TEST),
        ((VAL, TEST), TEST),
        ((TRAIN, VAL, TEST), TRAIN),
    ],
)
def test_near_duplicates_come_to_where_most_of_them_are(shelf: Shelf, splits: tuple[Split, ...], target: Split) -> None:
    names = "abc"[: len(splits)]
    shelf.add(*(new_image(name, "cat", split=split) for name, split in zip(names, splits, strict=True)))
    shelf.alike(*names)
    found = leaks(shelf.evidence())
    assert found is not None and found.repair is Repair.KEEP_TOGETHER
    moved = sum(split is not target for split in splits)
    sentence = shelf.repair(found)
    assert sentence.startswith(f"{moved} image")
    assert {row.split for row in shelf.rows()} == {target}
    assert leaks(shelf.evidence()) is None
    labeling.undo(shelf.project.folder)
    assert tuple(row.split for row in shelf.rows()) == splits


def test_a_group_comes_together_whole(shelf: Shelf) -> None:
    shelf.add(*(new_image(f"p{i}", "cat", group="patient", split=TEST if i < 3 else TRAIN) for i in range(10)))
    found = leaks(shelf.evidence())
    assert found is not None
    assert shelf.repair(found) == "3 images moved to the rest of their kind"
    assert {row.split for row in shelf.rows()} == {TRAIN}


def test_a_test_part_that_came_with_the_data_is_not_touched(shelf: Shelf) -> None:
    shelf.add(
        replace(new_image("a", "cat", split=TEST), stored="/set/test/cat/a.png"),
        replace(new_image("b", "cat"), stored="/set/train/cat/b.png"),
        replace(new_image("c", "cat"), stored="/set/train/cat/c.png"),
        replace(new_image("d", "cat", split=VAL), stored="/set/val/cat/d.png"),
    )
    shelf.alike("a", "b")
    shelf.alike("c", "d")
    found = leaks(shelf.evidence())
    assert found is not None
    assert shelf.repair(found) == "1 image moved to the rest of their kind, 1 image left out"
    assert {row.path.stem: (row.split, row.excluded) for row in shelf.rows()} == {
        "a": (TEST, False),
        "b": (TRAIN, True),
        "c": (TRAIN, False),
        "d": (TRAIN, False),
    }
    assert leaks(shelf.evidence()) is None


def test_a_twin_whose_group_would_be_torn_is_left_out(shelf: Shelf) -> None:
    shelf.add(
        *(new_image(f"p{i}", "cat", group="part 1") for i in range(4)),
        *(new_image(f"q{i}", "cat", group="part 2", split=TEST) for i in range(4)),
    )
    shelf.alike("p0", "q0")
    found = leaks(shelf.evidence())
    assert found is not None and found.count == 2
    assert shelf.repair(found) == "1 image left out"
    assert [row.path.stem for row in shelf.rows() if row.excluded] == ["q0"]
    assert leaks(shelf.evidence()) is None


def test_groups_and_copies_that_hang_together_are_settled_in_one_go(shelf: Shelf) -> None:
    shelf.add(
        *(new_image(f"p{i}", "cat", group="part 1", split=VAL if i == 0 else TRAIN) for i in range(4)),
        new_image("lone", "cat", split=VAL),
    )
    shelf.alike("p0", "lone")
    found = leaks(shelf.evidence())
    assert found is not None
    shelf.repair(found)
    assert leaks(shelf.evidence()) is None
    assert {row.path.stem: row.split for row in shelf.rows() if not row.excluded}["p0"] is TRAIN


def test_what_has_changed_since_is_passed_over(shelf: Shelf) -> None:
    shelf.add(new_image("a", "cat"), new_image("b", "cat"))
    finding = shelf.finding(Repair.LEAVE_COPIES_OUT, sets=["ab"])
    journal.record(shelf.project, journal.Edit("out", fields=[(shelf["b"].id, "excluded", 1)]), "")
    assert repair(shelf.project.folder, finding).images == 0
    gone = replace(finding, files=("/pictures/gone.png",), sets=(("/pictures/gone.png", str(shelf["a"].path)),))
    assert repair(shelf.project.folder, replace(gone, repair=Repair.LEAVE_OUT)).images == 0
    assert not shelf["a"].excluded


def test_a_finding_without_a_repair_says_what_to_do_instead(shelf: Shelf) -> None:
    with pytest.raises(WrongUsage) as caught:
        repair(shelf.project.folder, Finding("imbalance", Severity.MEDIUM, 1, (), "Title", "Harm.", advice="Do that."))
    assert caught.value.remedy == "Do that."


def test_setting_aside_and_taking_back(shelf: Shelf) -> None:
    shelf.add(new_image("a", "cat"), new_image("b", "cat"))
    finding = shelf.finding(Repair.LEAVE_OUT, "a", "b")
    folder = shelf.project.folder
    with pytest.raises(WrongUsage):
        set_aside(folder, finding, "  ")
    set_aside(folder, finding, " on purpose ")
    (key,) = finding.dismissal_keys()
    assert dismissals.list_reasons(shelf.project) == {("leak", key): "on purpose"}
    set_aside(folder, finding, "for good")
    assert dismissals.list_reasons(shelf.project) == {("leak", key): "for good"}
    consider_again(folder, finding)
    assert dismissals.list_reasons(shelf.project) == {}
    assert dismissals.take_back(shelf.project, "leak", [key]) == 0
    assert len(images.list_images(shelf.project)) == 2
