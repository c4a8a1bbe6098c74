"""Another person's labels: found by content, path or name, compared, and settled one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.conftest import content_of, labels_now, new_image
from tlstudio.domain.errors import Cancelled, FileTrouble, NotEnoughImages, NothingToImport, WrongUsage
from tlstudio.domain.importing import ImportRequest
from tlstudio.storage import annotators, images
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.agreement import compare
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.matching import match_files

Pets = Callable[..., Project]


def table(folder: Path, *rows: str, name: str = "ben.csv", head: str = "file,class") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def zoo(tmp_path: Path) -> Project:
    """Six images on a disk that is not here; two share a name, two a content."""
    project = Project.create(tmp_path / "zoo", "Zoo")
    there = [
        ("cats/1", "cat"),
        ("cats/2", "cat"),
        ("dogs/1", "dog"),
        ("dogs/3", "dog"),
        ("dogs/Grün", "dog"),
        ("new/7", None),
    ]
    rows = [new_image(name, label) for name, label in there]
    images.add_images(project, [*rows, new_image("copy of 7", "cat", content=content_of("new/7"))], [])
    return project


def test_figures_classes_and_disagreements(zoo: Project, tmp_path: Path) -> None:
    path = table(
        tmp_path, "/pictures/cats/1.png,cat", "/pictures/cats/2.png,dog", "/pictures/dogs/3.png,DOG", "7.png,cat"
    )
    found = compare(zoo.folder, path)
    assert (found.annotator, found.n, found.only_theirs, found.only_mine) == ("ben", 3, 1, 3)
    assert found.agreement.value == pytest.approx(2 / 3)
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.4)
    assert (found.classes, found.confusion) == (("cat", "dog"), ((1, 1), (0, 1)))
    assert (found.per_class["cat"].mine, found.per_class["cat"].theirs, found.per_class["cat"].both) == (2, 1, 1)
    assert [(d.file.name, d.mine, d.theirs, d.settled) for d in found.disagreements] == [("2.png", "cat", "dog", False)]
    assert labels_now(zoo)[5] is None, "another person's label is never a label by itself"
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["per_class"]["dog"]["both"] == 1
    assert plain["disagreements"][0]["theirs"] == "dog"


@pytest.mark.parametrize(
    ("row", "image"),
    [
        ("/pictures/cats/1.png", 1),  # the path itself
        (r"\pictures\dogs\1.png", 3),  # as Windows writes it
        ("C:/Users/Ben/study/dogs/1.png", 3),  # on another computer: the folders decide
        ("cats/1.png", 1),
        ("2.PNG", 2),  # the only one of that name
        ("Gru\u0308n.png", 5),  # letters taken apart, as macOS does
    ],
)
def test_an_image_is_found_by_path_or_name(zoo: Project, tmp_path: Path, row: str, image: int) -> None:
    compare(zoo.folder, table(tmp_path, f"{row},cat"), "Ben")
    assert annotators.labels_of(zoo, "Ben") == {image: "cat"}


def test_a_content_in_the_table_counts_most_and_means_all_copies(zoo: Project, tmp_path: Path) -> None:
    path = table(tmp_path, f"whatever.png,{content_of('new/7').upper()},cat", head="file,SHA256,class")
    compare(zoo.folder, path, "Ben")
    assert annotators.labels_of(zoo, "Ben") == {6: "cat", 7: "cat"}


def test_the_projects_classes_tell_the_encoding_of_a_table(zoo: Project, tmp_path: Path) -> None:
    labeling.rename_class(zoo.folder, "cat", "zły")
    path = tmp_path / "ben.csv"
    path.write_bytes("file,class\ncats/1.png,zły\ncats/2.png,dog\n".encode("cp1250"))
    found = compare(zoo.folder, path)
    assert (found.n, found.unused) == (2, ())


def test_a_class_like_a_formula_comes_back_from_a_table(zoo: Project, tmp_path: Path) -> None:
    labeling.rename_class(zoo.folder, "cat", "=1+1")
    found = compare(zoo.folder, table(tmp_path, "cats/1.png,'=1+1", "cats/2.png,=1+1"))
    assert (found.n, found.unused) == (2, ())


def test_rows_that_cannot_be_used_are_listed_with_the_reason(zoo: Project, tmp_path: Path) -> None:
    rows = ("1.png,cat", "nowhere.png,cat", "2.png,horse", "2.png,", ",cat", "3.png,dog", "dogs/3.png,cat")
    found = compare(zoo.folder, table(tmp_path, *rows))
    reasons = {u.where: u.reason for u in found.unused}
    assert list(reasons) == ["Row 2", "Row 3", "Row 4", "Row 5", "Row 6", "Row 8"]
    assert "2 images" in reasons["Row 2"]
    assert "name" in reasons["Row 3"]
    assert "horse" in reasons["Row 4"]
    assert "no class" in reasons["Row 5"]
    assert "no file" in reasons["Row 6"]
    assert "dog" in reasons["Row 8"], "the first of two rows about one image counts"
    assert annotators.labels_of(zoo, "ben") == {4: "dog"}


def test_files_beside_the_table_are_told_by_their_content(tmp_path: Path) -> None:
    for k, label in enumerate(("red", "blue")):
        for i in range(4):
            paint(tmp_path / "mine" / label, f"{i}.png", COLOURS[label], seed=10 * k + i)
    project = import_images(ImportRequest(tmp_path / "mine", tmp_path / "project")).project
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    shutil.copy(tmp_path / "mine" / "red" / "2.png", theirs / "scan_17.png")
    paint(theirs, "3.png", COLOURS["green"], seed=99)  # another picture under a name that is here
    found = compare(project, table(theirs, "scan_17.png,blue", "3.png,blue"))
    assert [(d.file.name, d.mine, d.theirs) for d in found.disagreements] == [("2.png", "red", "blue")]
    assert [u.file for u in found.unused] == ["3.png"]
    dropped = [theirs / "scan_17.png", theirs / "3.png", tmp_path / "mine" / "blue" / "1.png", theirs / "gone.png"]
    matched = match_files(project, dropped)
    names = [r.path for r in browsing.rows(project, matched.images)]
    assert set(names) == {tmp_path / "mine" / "red" / "2.png", tmp_path / "mine" / "blue" / "1.png"}
    assert set(matched.unknown) == {theirs / "3.png", theirs / "gone.png"}


def test_a_new_table_takes_the_place_of_the_old_one_and_people_are_kept_apart(zoo: Project, tmp_path: Path) -> None:
    compare(zoo.folder, table(tmp_path, "cats/1.png,dog", "2.png,dog"), "Ben")
    compare(zoo.folder, table(tmp_path, "2.png,cat", name="eve.csv"))
    assert browsing.people(zoo.folder) == ["eve", "Ben"]
    assert compare(zoo.folder).agreement.value == 1.0
    assert compare(zoo.folder, annotator="Ben").agreement.value == 0.0
    compare(zoo.folder, table(tmp_path, "2.png,cat"), "Ben")
    assert compare(zoo.folder, annotator="Ben").n == 1


def test_every_way_to_settle_a_disagreement_is_one_change(zoo: Project, tmp_path: Path) -> None:
    path = table(tmp_path, "cats/1.png,dog", "2.png,dog", "3.png,cat", "Grün.png,dog")
    folder = zoo.folder
    compare(folder, path)
    labeling.settle(folder, 1, "cat")
    labeling.settle(folder, 2, "cat", unsure=True)
    labeling.settle(folder, 4, "cat")
    found = compare(folder)
    assert {d.image: d.settled for d in found.disagreements} == {1: True, 2: True}
    for _ in range(3):
        assert labeling.undo(folder) is not None
    assert {d.image: d.settled for d in compare(folder).disagreements} == {1: False, 2: False, 4: False}


def test_images_left_out_are_not_counted(zoo: Project, tmp_path: Path) -> None:
    path = table(tmp_path, "cats/1.png,cat", "2.png,dog")
    labeling.set_left_out(zoo.folder, [2], True)
    assert (compare(zoo.folder, path).n, compare(zoo.folder).disagreements) == (1, ())


def test_what_is_no_table_of_labels_is_refused_by_name(zoo: Project, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughImages, match="another person"):
        compare(zoo.folder)
    with pytest.raises(FileTrouble, match="not there"):
        compare(zoo.folder, tmp_path / "none.csv")
    with pytest.raises(FileTrouble, match="which column"):
        compare(zoo.folder, table(tmp_path, "1,2,3", head="a,b,c"))
    with pytest.raises(NothingToImport, match="No row") as caught:
        compare(zoo.folder, table(tmp_path, "nowhere.png,cat"))
    assert "Row 2" in caught.value.remedy
    with pytest.raises(NotEnoughImages, match="in common"):
        compare(zoo.folder, table(tmp_path, "7.png,cat"))
    assert not isinstance(caught.value, WrongUsage)


def test_cancelling_keeps_the_earlier_labels(zoo: Project, tmp_path: Path) -> None:
    compare(zoo.folder, table(tmp_path, "2.png,dog"), "Ben")
    with pytest.raises(Cancelled):
        compare(zoo.folder, table(tmp_path, "2.png,cat"), "Ben", Recorder(cancel=lambda event: True))
    assert annotators.labels_of(zoo, "Ben") == {2: "dog"}
