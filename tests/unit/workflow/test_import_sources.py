"""Sources other than folders, all the way into a project: ZIP files, lists, and images that are labeled here."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, Recorder, paint
from tests.unit.images.dicoms import make
from tlstudio.domain.errors import Cancelled, DiskFull, EncodingUnclear, NoClasses, WrongUsage
from tlstudio.domain.events import Note, Progress
from tlstudio.domain.importing import ImportRequest
from tlstudio.domain.values import ImageRow
from tlstudio.images.file_names import possible
from tlstudio.storage import images
from tlstudio.storage.project import Project
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.importing import import_images
from tlstudio.workflow.previewing import preview_import


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "projects" / "mine"


@pytest.fixture
def zipped(source: Path) -> Path:
    """The folder `source` as a ZIP file, and the folder gone."""
    made = Path(shutil.make_archive(str(source), "zip", source.parent, source.name))
    shutil.rmtree(source)
    return made


def rows_of(project: Path) -> list[ImageRow]:
    return images.list_images(Project.open(project))


def test_an_archive_becomes_images_of_the_project(zipped: Path, target: Path) -> None:
    result = import_images(ImportRequest(zipped, target))
    assert (result.images, result.classes) == (20, {"blue": 10, "red": 10})
    zipped.unlink()
    moved = target.rename(target.with_name("moved"))
    rows = rows_of(moved)
    assert all(row.path.is_file() and row.path.parent == moved / "images" / str(row.label) for row in rows)
    assert [p.name for p in (moved / "images").iterdir() if p.name.startswith(".")] == []


def test_an_archive_again_adds_nothing(zipped: Path, target: Path) -> None:
    import_images(ImportRequest(zipped, target))
    before = rows_of(target)
    assert import_images(ImportRequest(zipped, target)).images == 0
    assert rows_of(target) == before
    assert len(list((target / "images").rglob("*.png"))) == 20


@pytest.mark.parametrize("stage", ["Unpacking images", "Reading images", "Copying images"])
def test_a_cancelled_archive_leaves_nothing(zipped: Path, target: Path, tmp_path: Path, stage: str) -> None:
    def now(event: object) -> bool:
        return isinstance(event, Progress) and event.stage == stage and event.done == 12

    with pytest.raises(Cancelled):
        import_images(ImportRequest(zipped, target), Recorder(cancel=now))
    assert not target.exists()
    for label in ("red", "blue"):
        paint(tmp_path / "first" / label, f"{label}.png", COLOURS[label], seed=900)
    import_images(ImportRequest(tmp_path / "first", target))
    before = sorted(p for p in target.rglob("*") if "cache" not in p.parts and "backups" not in p.parts)
    with pytest.raises(Cancelled):
        import_images(ImportRequest(zipped, target), Recorder(cancel=now))
    assert len(rows_of(target)) == 2
    assert sorted(p for p in target.rglob("*") if "cache" not in p.parts and "backups" not in p.parts) == before


def test_bad_files_of_an_archive_are_called_by_their_names_in_it(zipped: Path, target: Path) -> None:
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr("source/red/letter.png", "Dear colleague")
        archive.writestr("source/red/../../../evil.png", "evil")
    result = import_images(ImportRequest(zipped, target))
    assert result.images == 20
    assert {r.path.removeprefix(f"{zipped.parent}/"): r.reason for r in result.refused} == {
        "source.zip/source/red/letter.png": "The file is damaged or is not a picture.",
        "source.zip/source/red/../../../evil.png": "Its name leads out of the archive.",
    }


def test_an_archive_that_does_not_fit(zipped: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(zipped.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(DiskFull, match="need"):
        import_images(ImportRequest(zipped, target))
    assert not target.exists()


def test_a_list_inside_an_archive_with_classes_that_are_no_folder_names(tmp_path: Path, target: Path) -> None:
    names = ["../up", "a/b", "CON", ".hidden", "x" * 300, "trailing. "]
    lines = ["file,class"]
    with zipfile.ZipFile(tmp_path / "list.zip", "w") as archive:
        for i, name in enumerate(names):
            archive.write(paint(tmp_path / "p", f"{i}.png", COLOURS["red"], seed=i), f"p/{i}.png")
            lines.append(f"p/{i}.png,{name}")
        archive.writestr("labels.csv", "\n".join(lines))
    result = import_images(ImportRequest(tmp_path / "list.zip", target))
    assert set(result.classes) == {name.strip() for name in names}
    rows = rows_of(target)
    assert all(row.path.is_file() and row.path.parent.parent == target / "images" for row in rows)
    folders = {row.path.parent.name for row in rows}
    assert folders == {"_.._up", "a_b", "_CON", "_.hidden", possible("x" * 300), "trailing"}


def test_pages_inside_an_archive(tmp_path: Path, target: Path) -> None:
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for label in ("a", "b"):
            pages = [Image.fromarray(rng.integers(0, 200, (20, 20, 3), dtype=np.uint8)) for _ in range(3)]
            pages[0].save(tmp_path / f"{label}.tif", save_all=True, append_images=pages[1:])
            archive.write(tmp_path / f"{label}.tif", f"{label}/{label}.tif")
    result = import_images(ImportRequest(tmp_path / "pages.zip", target, pages="all"))
    assert (result.images, result.groups) == (6, 2)
    rows = rows_of(target)
    assert sorted(row.name for row in rows if row.label == "a") == ["a.tif", "a.tif#page=2", "a.tif#page=3"]
    assert len(list((target / "images").rglob("*.tif"))) == 2


def test_images_without_labels_are_labeled_here(tmp_path: Path, target: Path) -> None:
    for i in range(8):
        paint(tmp_path / "new" / f"day{i % 2}", f"{i}.png", COLOURS["red"], seed=i)
    with pytest.raises(NoClasses):
        import_images(ImportRequest(tmp_path / "new" / "day0", target, reading="folders"))
    result = import_images(ImportRequest(tmp_path / "new", target, reading="unlabeled"))
    assert (result.images, result.unlabeled, result.classes) == (8, 8, {})
    assert sum(result.splits.values()) == 8
    labeling.add_class(target, "crack")
    labeling.set_label(target, [rows_of(target)[0].id], "crack")
    assert [row.label for row in rows_of(target)].count("crack") == 1
    assert [c.count for c in browsing.classes(target)] == [1]


def test_a_list_with_open_labels_needs_no_second_class(tmp_path: Path, target: Path) -> None:
    for i in range(4):
        paint(tmp_path / "new", f"{i}.png", COLOURS["red"], seed=i)
    table = tmp_path / "new" / "l.csv"
    table.write_text("file,class\n0.png,cat\n1.png,\n2.png,\n3.png,cat\n")
    result = import_images(ImportRequest(table, target))
    assert (result.classes, result.unlabeled) == ({"cat": 2}, 2)


def test_label_studio_and_what_it_says_of_each_image(tmp_path: Path, target: Path) -> None:
    tasks = []
    for i in range(6):
        label = ("red", "blue")[i % 2]
        paint(tmp_path / "export" / "pictures", f"{i}.png", COLOURS[label], seed=i)
        result = [{"type": "choices", "value": {"choices": [label]}}]
        data = {"image": f"/data/upload/1/0011aabb-{i}.png", "site": f"S{i // 2}"}
        tasks.append({"id": i, "data": data, "annotations": [{"result": result}]})
    (tmp_path / "export" / "project-1.json").write_text(json.dumps(tasks))
    result_ = import_images(ImportRequest(tmp_path / "export", target, group_from="column:site"))
    assert (result_.images, result_.groups, result_.classes) == (6, 3, {"blue": 3, "red": 3})


def test_what_was_recognised_is_told_first(source: Path, target: Path) -> None:
    listener = Recorder()
    import_images(ImportRequest(source, target), listener)
    assert listener.events[0] == Note("Class folders: each sub-folder is a class.")
    with pytest.raises(WrongUsage, match="can't be read as"):
        import_images(ImportRequest(source, target, reading="labels.csv"))


class TestPreview:
    def test_a_table_shows_its_columns(self, source: Path) -> None:
        table = source.parent / "l.csv"
        table.write_text("who;picture;kind\nA;red_00.png;r\nB;blue_00.png;b\nA;red_01.png;r\n")
        seen = preview_import(table)
        assert seen.problem == "No column of l.csv is known to say the class."
        assert seen.table is not None
        assert seen.table.columns == ("who", "picture", "kind")
        assert seen.table.mapping == {"path": "picture"}
        assert seen.table.rows[0] == ("A", "red_00.png", "r")
        seen = preview_import(table, columns={"class": "kind", "group": "who"})
        assert (seen.problem, seen.classes, seen.groups) == ("", {"b": 1, "r": 2}, 2)
        assert seen.columns == ("who",)
        wrong = preview_import(table, columns={"class": "kind", "path": "who"})
        assert wrong.problem.startswith("None of the 3 lines")
        assert wrong.table is not None

    def test_several_ways_are_offered_and_one_is_shown(self, source: Path) -> None:
        (source / "l.csv").write_text("file,class\nred/red_00.png,x\nblue/blue_00.png,y\n")
        seen = preview_import(source)
        assert [r.key for r in seen.readings] == ["l.csv", "folders", "unlabeled"]
        assert (seen.reading.key, seen.images) == ("l.csv", 2)
        assert preview_import(source, "folders").classes == {"blue": 10, "red": 10}
        open_ = preview_import(source, "unlabeled")
        assert (open_.classes, open_.unlabeled) == ({}, 20)

    def test_an_archive_is_looked_into_without_unpacking(self, zipped: Path) -> None:
        before = sorted(zipped.parent.rglob("*"))
        seen = preview_import(zipped)
        assert (seen.classes, seen.suggested_project.name) == ({"blue": 10, "red": 10}, "source")
        assert sorted(zipped.parent.rglob("*")) == before

    def test_pages_and_dicom_tags_are_told(self, tmp_path: Path) -> None:
        pages = [Image.new("L", (9, 9), i) for i in range(4)]
        for label in ("a", "b"):
            (tmp_path / "s" / label).mkdir(parents=True)
            pages[0].save(tmp_path / "s" / label / "1.tif", save_all=True, append_images=pages[1:])
            pages[0].save(tmp_path / "s" / label / "2.tif")
            made = make(np.zeros((9, 9), np.uint8), PatientID="4711")
            made.save_as(tmp_path / "s" / label / "3.dcm", enforce_file_format=True)
        seen = preview_import(tmp_path / "s")
        assert (seen.images, seen.paged, seen.pages, seen.tags) == (6, 2, 8, ("PatientID",))
        packed = preview_import(Path(shutil.make_archive(str(tmp_path / "s"), "zip", tmp_path / "s")))
        assert (packed.images, packed.paged, packed.pages, packed.tags) == (6, 6, 0, ())

    def test_a_preview_can_be_cancelled(self, source: Path, recorder: Callable[..., Recorder]) -> None:
        with pytest.raises(Cancelled):
            preview_import(source, reporter=recorder(cancel=lambda event: isinstance(event, Progress)))


def table_of(tmp_path: Path, parts: list[str]) -> Path:
    """20 pictures of two classes in a table with these parts, in turn."""
    lines = ["file,class,split"]
    for i in range(20):
        paint(tmp_path / "p", f"{i}.png", COLOURS[("red", "blue")[i % 2]], seed=i)
        lines.append(f"p/{i}.png,{'rb'[i % 2]},{parts[i % len(parts)]}")
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "t.csv"


def test_a_table_that_says_train_of_all_is_not_divided_again(tmp_path: Path, target: Path) -> None:
    table = table_of(tmp_path, ["train"])
    result = import_images(ImportRequest(table, target))
    assert result.splits == {"train": 20, "val": 0, "test": 0}
    assert result.empty is not None
    assert "--columns split=" in result.empty.remedy
    again = import_images(ImportRequest(table, target.with_name("again"), columns={"split": ""}))
    assert again.empty is None


def test_a_table_without_validation_images_gets_some(tmp_path: Path, target: Path) -> None:
    result = import_images(ImportRequest(table_of(tmp_path, ["train", "train", "train", "test"]), target))
    assert result.splits["test"] == 5
    assert result.splits["val"] > 0


def test_images_found_by_name_alone_are_counted_and_told(tmp_path: Path, target: Path) -> None:
    table = table_of(tmp_path, ["train", "test"])
    table.write_text(table.read_text("utf-8").replace("p/", "", 6), encoding="utf-8")
    result = import_images(ImportRequest(table, target))
    assert result.by_name == 6
    assert result.warnings[0].startswith("6 images were found by the file's name alone")
    assert result.to_json()["found_by_name"] == 6


def test_an_encoding_that_is_not_clear_stops_the_import(tmp_path: Path, target: Path) -> None:
    table = table_of(tmp_path, ["train", "test"])
    table.write_bytes(table.read_text("utf-8").replace(",r,", ",zły,").encode("cp1250"))
    with pytest.raises(EncodingUnclear, match="“zły”") as asked:
        import_images(ImportRequest(table, target))
    assert "--encoding " in asked.value.remedy
    assert not target.exists()
    seen = preview_import(table)
    assert seen.problem.startswith("The text does not say its encoding")
    assert seen.encoding is not None and not seen.encoding.sure
    told = preview_import(table, encoding="cp1250")
    assert (told.problem, set(told.classes)) == ("", {"zły", "b"})
    result = import_images(ImportRequest(table, target, encoding="cp1250"))
    assert set(result.classes) == {"zły", "b"}
    assert "Read as cp1250 (Windows, central Europe): “p/0.png,zły,train”" in result.recognised
