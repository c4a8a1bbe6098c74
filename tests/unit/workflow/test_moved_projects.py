"""A project and its images are moved or copied, together or apart: no image is lost, none comes twice, labels stay."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import COLOURS, Recorder, paint
from tlstudio.domain.errors import Cancelled, WrongUsage
from tlstudio.domain.events import Note
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow
from tlstudio.storage import images
from tlstudio.storage.project import NEAR, Project
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.finding_images import find_images, missing
from tlstudio.workflow.importing import import_images


def study(folder: Path, source: str = "images", target: str = "project") -> Path:
    """Ten pictures of two classes at source, a project at target, both below the folder; two labels were changed by hand."""
    for i in range(10):
        paint(folder / source / "rb"[i % 2], f"{i}.png", COLOURS[("red", "blue")[i % 2]], seed=i)
    import_images(ImportRequest(folder / source, folder / target))
    labeling.set_label(folder / target, [rows_of(folder / target)[0].id], "b")
    labeling.set_label(folder / target, [rows_of(folder / target)[1].id], None)
    return folder / target


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def facts(project: Path) -> list[tuple[int, str, str | None, str]]:
    return [(row.id, row.content, row.label, row.split.value) for row in rows_of(project)]


@pytest.mark.parametrize("source", ["images", "data/raw/images"])
@pytest.mark.parametrize("target", ["project", "projects/mine"])
@pytest.mark.parametrize("copied", [False, True], ids=["moved", "copied"])
def test_together(tmp_path: Path, source: str, target: str, copied: bool) -> None:
    before = facts(study(tmp_path / "old", source, target))
    (shutil.copytree if copied else shutil.move)(tmp_path / "old", tmp_path / "deep" / "er" / "new")
    new = tmp_path / "deep" / "er" / "new"
    assert missing(rows_of(new / target)) == []
    assert all(row.path.is_relative_to(new) for row in rows_of(new / target)), "a copy has images of its own"
    again = import_images(ImportRequest(new / source, new / target))
    assert (again.images, again.total) == (0, 10)
    assert facts(new / target) == before


def test_read_only_too(tmp_path: Path) -> None:
    study(tmp_path / "old")
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert missing(images.list_images(Project(tmp_path / "new" / "project"))) == []


def test_the_project_alone(tmp_path: Path) -> None:
    before = facts(study(tmp_path / "old"))
    shutil.move(tmp_path / "old" / "project", tmp_path / "elsewhere" / "deeper" / "still" / "project")
    project = tmp_path / "elsewhere" / "deeper" / "still" / "project"
    assert missing(rows_of(project)) == []
    assert {row.path.parent.parent for row in rows_of(project)} == {tmp_path / "old" / "images"}
    assert facts(project) == before


def test_images_far_away_that_move_along(tmp_path: Path) -> None:
    """Further than what is kept as near: found by their place from the project on, once it is opened in its new place."""
    far = "/".join("abcd"[: NEAR + 1]) + "/project"
    before = facts(study(tmp_path / "old", target=far))
    shutil.move(tmp_path / "old", tmp_path / "new")
    assert missing(rows_of(tmp_path / "new" / far)) == []
    assert facts(tmp_path / "new" / far) == before


def test_another_file_of_the_same_name_is_not_taken(tmp_path: Path) -> None:
    project = study(tmp_path / "old")
    row = rows_of(project)[0]
    shutil.move(project, tmp_path / "apart" / "x" / "y" / "project")
    row.path.write_bytes(b"other")
    moved = rows_of(tmp_path / "apart" / "x" / "y" / "project")
    assert [each.id for each in missing(moved)] == [row.id]


@pytest.mark.parametrize("copy", [False, True])
def test_an_import_from_the_new_place_brings_no_ghosts(tmp_path: Path, copy: bool) -> None:
    project = study(tmp_path / "old")
    before = facts(project)
    shutil.move(tmp_path / "old" / "images", tmp_path / "usb" / "a" / "renamed")
    paint(tmp_path / "usb" / "a" / "renamed" / "r", "new.png", COLOURS["red"], seed=77)
    heard = Recorder()
    again = import_images(ImportRequest(tmp_path / "usb" / "a" / "renamed", project, copy=copy), heard)
    assert (again.images, again.total) == (1, 11)
    assert missing(rows_of(project)) == []
    assert facts(project)[:10] == before
    told = [event.text for event in heard.events if isinstance(event, Note)]
    assert "10 images were found again in a new place; what was said of them is kept." in told
    if copy:
        assert all(row.path.is_relative_to(project) for row in rows_of(project))


def test_found_by_what_is_in_them(tmp_path: Path) -> None:
    project = study(tmp_path / "old")
    before = facts(project)
    for i, path in enumerate(sorted((tmp_path / "old" / "images").rglob("*.png"))):
        place = tmp_path / "disk" / f"d{i % 3}" / f"scan {i}.PNG"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
    (tmp_path / "disk" / "d0" / "scan 0.PNG").unlink()
    paint(tmp_path / "disk", "other.png", COLOURS["green"], seed=900)
    done = find_images(project, tmp_path / "disk")
    assert (done.missing, done.found, len(done.left)) == (10, 9, 1)
    assert done.sentence() == "9 of 10 missing images were found."
    assert facts(project) == before
    assert len(missing(rows_of(project))) == 1
    assert browsing.ids_of(project, [str(row.path) for row in rows_of(project)]) != ()
    again = find_images(project, tmp_path / "disk")
    assert (again.missing, again.found) == (1, 0)
    assert again.sentence() == "The missing image was not found there."


def test_copies_are_told_apart_by_their_names(tmp_path: Path) -> None:
    picture = paint(tmp_path / "old" / "images" / "r", "a.png", COLOURS["red"], seed=1)
    shutil.copy(picture, picture.with_name("b.png"))
    paint(tmp_path / "old" / "images" / "b", "c.png", COLOURS["blue"], seed=2)
    project = import_images(ImportRequest(tmp_path / "old" / "images", tmp_path / "p" / "q" / "r" / "project")).project
    shutil.move(tmp_path / "old" / "images", tmp_path / "moved")
    done = find_images(project, tmp_path / "moved")
    assert done.found == 3
    assert sorted(row.path.name for row in rows_of(project)) == ["a.png", "b.png", "c.png"]
    assert done.sentence() == "All 3 missing images were found."


def test_cancelled_changes_nothing(tmp_path: Path) -> None:
    project = study(tmp_path / "old")
    shutil.move(tmp_path / "old" / "images", tmp_path / "far" / "images")
    with pytest.raises(Cancelled):
        find_images(project, tmp_path / "far", Recorder(cancel=lambda event: event.done == 3))
    assert len(missing(rows_of(project))) == 10


def test_nothing_missing_and_no_folder(tmp_path: Path) -> None:
    project = study(tmp_path / "old")
    assert find_images(project, tmp_path).sentence() == "No image is missing."
    with pytest.raises(WrongUsage, match="no folder"):
        find_images(project, tmp_path / "gone")


def test_what_is_near_is_kept_from_the_project_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "a" / "b" / "c" / "p")
    for place, stored in (
        ("a/b/c/p/images/1.png", "images/1.png"), ("a/b/c/x/1.png", "../x/1.png"), ("a/b/x.png", "../../x.png"),
        ("a/b/c/px/1.png", "../px/1.png"),
    ):  # fmt: skip
        assert project.stored(str(tmp_path / place)) == stored
        assert project.absolute(stored) == tmp_path / place
    far = str(tmp_path / "a" / "x.png")
    assert project.stored(far) == far
    assert Project(Path("/p")).stored("/x/1.png") == "/x/1.png", "the root is no folder that is moved"
