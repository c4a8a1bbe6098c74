"""A second import into the same project brings what is new, and keeps together what belongs together."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Recorder, paint
from tlstudio.domain.errors import Cancelled, NothingToImport
from tlstudio.domain.events import Progress
from tlstudio.domain.importing import ImportRequest, ImportResult
from tlstudio.domain.values import ImageRow, Split
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.importing import import_images


@pytest.fixture
def target(source: Path, tmp_path: Path) -> Path:
    """A project that holds the twenty images of `source`."""
    return import_images(ImportRequest(source, tmp_path / "project")).project


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def add(source: Path, target: Path, **options: object) -> ImportResult:
    return import_images(ImportRequest(source, target, **options))


def test_the_same_folder_again_adds_nothing(source: Path, target: Path) -> None:
    before = rows_of(target)
    result = add(source, target)
    assert (result.images, result.classes) == (0, {"blue": 10, "red": 10})
    assert rows_of(target) == before


def test_new_images_and_classes_are_added_and_labels_by_hand_stay(source: Path, target: Path) -> None:
    first = rows_of(target)[0]
    labeling.set_label(target, [first.id], "red" if first.label == "blue" else "blue")
    before = rows_of(target)
    for i in range(5):
        paint(source / "green", f"{i}.png", COLOURS["green"], seed=500 + i)
    result = add(source, target)
    assert result.images == 5
    assert result.classes["green"] == 5
    assert rows_of(target)[:20] == before
    assert [c.name for c in browsing.classes(target)] == ["blue", "red", "green"]


def test_one_class_is_enough_for_an_existing_project(source: Path, target: Path) -> None:
    shutil.rmtree(source / "blue")
    paint(source / "red", "new.png", COLOURS["red"], seed=900)
    assert add(source, target).images == 1


def test_new_images_of_a_known_group_join_its_split(tmp_path: Path) -> None:
    """Otherwise a patient's next visit would put the patient on both sides of the test."""
    target, rule = tmp_path / "project", r"name:^(p\d+)_"
    for visit in (1, 2):
        for part in range(12):
            label = ("red", "blue")[part % 2]
            for i in range(2):
                paint(
                    tmp_path / f"visit{visit}" / label,
                    f"p{part:02d}_{visit}_{i}.png",
                    COLOURS[label],
                    seed=100 * visit + 2 * part + i,
                )
        add(tmp_path / f"visit{visit}", target, group_from=rule, seed=visit)
    parts: dict[str | None, set[Split]] = defaultdict(set)
    for row in rows_of(target):
        parts[row.group].add(row.split)
    assert len(parts) == 12
    assert all(len(p) == 1 for p in parts.values())
    assert set().union(*parts.values()) == set(Split)


def test_copies_of_known_files_join_their_split(source: Path, target: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "again")
    assert add(tmp_path / "again", target, seed=9).images == 20
    parts: dict[str, set[Split]] = defaultdict(set)
    for row in rows_of(target):
        parts[row.content].add(row.split)
    assert len(parts) == 20
    assert all(len(p) == 1 for p in parts.values())


def test_a_refused_file_is_told_once_however_often_it_is_tried(source: Path, target: Path) -> None:
    (source / "red" / "bad.png").write_text("no picture")
    for _ in range(3):
        assert len(add(source, target).refused) == 1
    assert [Path(r.path).name for r in browsing.refusals(target)] == ["bad.png"]
    paint(source / "red", "bad.png", COLOURS["red"], seed=901)
    assert add(source, target).images == 1
    assert browsing.refusals(target) == []


def test_copied_images_are_not_copied_again(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copied"
    assert add(source, target, copy=True).images == 20
    paint(source / "red", "new.png", COLOURS["red"], seed=900)
    assert add(source, target, copy=True).images == 1
    assert len(list((target / "images").rglob("*.png"))) == 21


def test_a_cancelled_addition_leaves_the_project_as_it_was(source: Path, target: Path) -> None:
    before = rows_of(target)
    for i in range(4):
        paint(source / "red", f"new_{i}.png", COLOURS["red"], seed=900 + i)

    def third_copy(event: object) -> bool:
        return isinstance(event, Progress) and (event.stage, event.done) == ("Copying images", 3)

    with pytest.raises(Cancelled):
        import_images(ImportRequest(source, target, copy=True), Recorder(cancel=third_copy))
    assert rows_of(target) == before
    assert [p for p in (target / "images").rglob("*") if p.is_file()] == []
    assert add(source, target).images == 4


def test_a_source_without_images_does_not_harm_the_project(source: Path, target: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(NothingToImport):
        add(tmp_path / "nothing", target)
    assert len(rows_of(target)) == 20
