"""A table of images: which column says what, where the files are, and what each row that can't be used is told."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.sources.conftest import scan, told
from tlstudio.domain.errors import Cancelled, NothingToImport, WrongUsage
from tlstudio.domain.values import Split
from tlstudio.images.scan import Scan, Wishes
from tlstudio.images.sources.columns import mapping, parse
from tlstudio.images.sources.registry import recognise
from tlstudio.images.sources.text import read_table
from tlstudio.images.sources.tree import Disk, Presence
from tlstudio.workflow.previewing import preview_import

Tree = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("however_asked")


def write(folder: Path, text: str, name: str = "labels.csv") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def labels(found: Scan) -> dict[str, str | None]:
    return {f.path.name: f.label for f in found.found}


def test_class_group_part_and_further_columns(tree: Tree) -> None:
    source = tree("pictures/1.png", "pictures/2.png", "pictures/3.png")
    table = write(
        source,
        "image,patient_id,diagnosis,age,split\n"
        "pictures/1.png,P1,benign,40,train\npictures/2.png,P1,malignant,40,test\npictures/3.png,P2,benign,,validation\n",
    )
    found = scan(table)
    assert labels(found) == {"1.png": "benign", "2.png": "malignant", "3.png": "benign"}
    assert {f.path.name: f.group for f in found.found} == {"1.png": "P1", "2.png": "P1", "3.png": "P2"}
    assert {f.path.name: f.split for f in found.found} == {
        "1.png": Split.TRAIN,
        "2.png": Split.TEST,
        "3.png": Split.VAL,
    }
    assert {f.path.name: f.columns for f in found.found} == {
        "1.png": {"age": "40"},
        "2.png": {"age": "40"},
        "3.png": {},
    }
    assert found.columns == ("patient_id", "age")
    assert found.refused == ()
    assert "path from “image”" in recognise(table).sentence


@pytest.mark.parametrize(
    ("heading", "roles"),
    [
        ("filename,label", {"path": "filename", "class": "label"}),
        ("File Name;Class Name;Subject ID", {"path": "File Name", "class": "Class Name", "group": "Subject ID"}),
        (
            "Image Index,Finding Labels,Patient ID",
            {"path": "Image Index", "class": "Finding Labels", "group": "Patient ID"},
        ),
        ("image_id,dx,lesion_id", {"path": "image_id", "class": "dx", "group": "lesion_id"}),
        ("id_code,diagnosis", {"path": "id_code", "class": "diagnosis"}),
        ("label,class_name,path", {"path": "path", "class": "class_name"}),
        ("id,name,label", {"class": "label"}),
    ],
)
def test_columns_are_known_by_their_names(heading: str, roles: dict[str, str]) -> None:
    assert mapping(read_table(Path("x.csv"), heading.encode()), {}) == roles


def test_columns_are_known_by_what_is_in_them() -> None:
    found = mapping(read_table(Path("x.csv"), b"Bild,Befund\na.png,x\nb.png,y\n"), {})
    assert found == {"path": "Bild", "class": "Befund"}


def test_columns_by_hand_count_more_than_names(tree: Tree) -> None:
    source = tree("1.png", "2.png")
    table = write(source, "path,class,image,real,who\nx,y,1.png,cat,a\nx,y,2.png,dog,b\n")
    found = scan(table, **{"path": "IMAGE", "class": "real", "group": "who"})
    assert labels(found) == {"1.png": "cat", "2.png": "dog"}
    assert {f.group for f in found.found} == {"a", "b"}
    assert found.found[0].columns == {"path": "x", "class": "y"}


def test_an_unknown_column_is_answered_with_those_there_are(tree: Tree) -> None:
    table = write(tree("1.png"), "file,class,age\n1.png,cat,3\n")
    with pytest.raises(WrongUsage, match="no column “weight”") as wrong:
        scan(table, group="weight")
    assert "“file”, “class”, “age”" in wrong.value.remedy


@pytest.mark.parametrize(
    ("texts", "columns"),
    [
        (["path=A,class=B,group=C,split=D"], {"path": "A", "class": "B", "group": "C", "split": "D"}),
        (["class=a, b"], {"class": "a, b"}),
        (["class=", "path=x"], {"class": "", "path": "x"}),
        ([], {}),
    ],
)  # fmt: skip
def test_columns_on_the_command_line(texts: list[str], columns: dict[str, str]) -> None:
    assert parse(texts) == columns


@pytest.mark.parametrize("text", ["FILE", "file=x", "=x", "path"])
def test_columns_that_make_no_sense(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse([text])


def test_rows_that_can_not_be_used_are_told_one_by_one(tree: Tree) -> None:
    source = tree("1.png", "2.png", "3.png", "4.png", "5.png", "notes.docx", "film.mp4")
    table = write(
        source,
        "file,class,split\n1.png,cat,\ngone.png,cat,\nnotes.docx,dog,\n2.png,dog,holdout\n,dog,\n1.png,cat,\n3.png,cat,,more\n"
        "4.png,cat,\n4.png,dog,\n5.png,,\nfilm.mp4,dog,\n",
    )
    found = scan(table)
    assert labels(found) == {"1.png": "cat", "5.png": None}
    reasons = [(Path(r.path).name, r.reason) for r in found.refused]
    assert reasons == [
        ("gone.png", "Row 3: the file is not there."),
        ("notes.docx", "Row 4: the file is not an image of a known format."),
        ("2.png", "Row 5: “holdout” is not a part. Use train, val or test."),
        ("Row 6", "Row 6: it names no file."),
        ("1.png", "Row 7: the same file as in row 2, counted once."),
        ("3.png", "Row 8: it has 4 cells, the table has 3 columns."),
        ("4.png", "Row 9 and row 10 give this file different classes."),
        ("film.mp4", "Row 12: the file is not an image of a known format."),
    ]


def test_files_are_found_by_their_names_where_the_path_does_not_lead(tree: Tree) -> None:
    source = tree("a/1.png", "b/2.jpg", "b/same.png", "c/same.png", "deep/er/IMG_7.PNG")
    table = write(
        source, "image,class\n1.png,x\n2,x\n/home/other/c/same.png,y\nsame.png,y\nC:\\deep\\ER\\img_7.png,x\n"
    )
    found = scan(table)
    assert found.by_name == 2, "the two whose folders the table does not name"
    assert {f.path.relative_to(source).as_posix(): f.label for f in found.found} == {
        "a/1.png": "x", "b/2.jpg": "x", "c/same.png": "y", "deep/er/IMG_7.PNG": "x",
    }  # fmt: skip
    assert told(found) == {
        "same.png": "Row 5: several files are called same.png; the list does not say which one is meant."
    }


def test_a_file_of_the_same_name_in_another_folder_is_another_file(tree: Tree) -> None:
    """Part 2 is not there: its rows must not take the files of part 1, nor cost part 1 its rows."""
    source = tree(*(f"p1/{i}.png" for i in range(3)))
    rows = "".join(f"p{part}/{i}.png,{'ab'[part - 1]}\n" for part in (2, 1) for i in range(3))
    found = scan(write(source, f"file,class\n{rows}"))
    assert labels(found) == {"0.png": "a", "1.png": "a", "2.png": "a"}
    assert found.by_name == 0
    assert [r.reason for r in found.refused] == [
        f"Row {n}: the list names it in “p2”, and the file of this name lies in “p1”." for n in (2, 3, 4)
    ]


def test_the_folder_of_the_source_may_be_called_anything(tree: Tree) -> None:
    found = scan(write(tree("x/1.png", "2.png"), "file,class\n/mnt/old/study/x/1.png,a\nstudy/2.png,b\n"))
    assert labels(found) == {"1.png": "a", "2.png": "b"}
    assert found.by_name == 1, "nothing tells whether the second lay in the same folder"


def test_the_row_that_names_the_place_counts(tree: Tree) -> None:
    source = tree("1.png", "x/2.png", "3.png")
    rows = ["old/1.png,a", "1.png,b", "x/2.png,a", "2.png,b", "p/3.png,a", "q/3.png,a"]
    found = scan(write(source, "\n".join(["file,class", *rows])))
    assert labels(found) == {"1.png": "b", "2.png": "a"}
    assert {r.path: r.reason for r in found.refused} == {
        "old/1.png": "Row 2: the file of this name is the one of row 3.",
        "2.png": "Row 5: the file of this name is the one of row 4.",
        "q/3.png": "Row 6 and row 7 name different files, and there is one of this name.",
    }


def test_a_place_after_two_names_that_may_mean_it(tree: Tree) -> None:
    found = scan(write(tree("1.png"), "file,class\np/1.png,a\nq/1.png,b\n1.png,c\n/x/y/z/1.png,a\n"))
    assert labels(found) == {"1.png": "c"}
    assert [r.path for r in found.refused] == ["q/1.png", "p/1.png", "/x/y/z/1.png"]


def test_a_deep_place_whose_last_folders_agree(tree: Tree) -> None:
    source = tree("a/b/1.png", "a/c/1.png")
    found = scan(write(source, "file,class\n/mnt/data/a/b/1.png,x\nc/1.png,y\nd/a/d/1.png,z\n"))
    assert {f.inner: f.label for f in found.found} == {"a/b": "x", "a/c": "y"}
    assert [r.reason for r in found.refused] == [
        "Row 4: the list names it in “d/a/d”, and the file of this name lies in “a/b”."
    ]


def test_windows_paths_and_files_outside_the_folder(tree: Tree, tmp_path: Path) -> None:
    source = tree("cat/1.png", "../elsewhere/2.png")
    table = write(source, f"path,class\ncat\\1.png,cat\n../elsewhere/2.png,dog\n{tmp_path}/elsewhere/2.png,dog\n")
    found = scan(table)
    assert [(f.path, f.label) for f in found.found] == [
        (source / "cat" / "1.png", "cat"), (tmp_path / "elsewhere" / "2.png", "dog"),
    ]  # fmt: skip
    assert "the same file as in row 3" in told(found)["2.png"]


def test_a_folder_of_many_files_is_looked_through_once(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"cat/{i}.png" for i in range(3 * Presence.OFTEN)]
    table = write(tree(*names), "file,class\n" + "".join(f"{name},cat\n" for name in [*names, "cat/gone.png"]))
    asked: list[str] = []
    has = Disk.has

    def counted(disk: Disk, place: str) -> bool:
        asked.append(place)
        return has(disk, place)

    monkeypatch.setattr(Disk, "has", counted)
    found = scan(table)
    assert [f.path.relative_to(table.parent).as_posix() for f in found.found] == names
    assert list(told(found)) == ["gone.png"]
    assert len(asked) <= Presence.OFTEN + 1


def test_a_scan_leaves_the_collector_as_it_was(tree: Tree) -> None:
    source = tree("cat/1.png", "dog/2.png")
    assert preview_import(source).images == 2
    assert gc.isenabled()
    with pytest.raises(NothingToImport):
        preview_import(source / "gone")
    assert gc.isenabled()
    gc.disable()
    try:
        preview_import(source)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_cells_that_are_no_names(tree: Tree) -> None:
    cells = ["x" * 5000, "a\0b.png", "/", ".", "..", "\U0001f600.png", "1.png/2.png", "#page=2", "1.png#page=0"]
    found = scan(write(tree("1.png"), "file,class\n1.png,cat\n" + "".join(f"{cell},cat\n" for cell in cells)))
    assert [f.path.name for f in found.found] == ["1.png"]
    assert len(found.refused) == len(cells)


def test_a_page_of_a_file(tree: Tree) -> None:
    found = scan(write(tree("a.tif"), "file,class\na.tif,cat\na.tif#page=3,dog\n"))
    assert {f.path.name: f.label for f in found.found} == {"a.tif": "cat", "a.tif#page=3": "dog"}


def test_without_a_column_for_the_class_there_is_a_question(tree: Tree) -> None:
    table = write(tree("1.png"), "file,age,weight\n1.png,3,4\n")
    with pytest.raises(WrongUsage, match="say the class") as wrong:
        scan(table)
    assert "“age”" in wrong.value.remedy
    assert labels(scan(table, **{"class": ""})) == {"1.png": None}
    assert labels(scan(table, **{"class": "age"})) == {"1.png": "3"}


def test_no_row_can_be_used(tree: Tree) -> None:
    with pytest.raises(NothingToImport, match="None of the 2 lines") as nothing:
        scan(write(tree(), "file,class\na.png,cat\nb.png,dog\n"))
    assert "--columns" in nothing.value.remedy
    with pytest.raises(NothingToImport, match="lists no images"):
        scan(write(tree(), "file,class\n"))


def test_a_list_of_json_objects_is_a_table_too(tree: Tree) -> None:
    source = tree("1.png", "2.png")
    listed = [{"file": "1.png", "class": "cat", "age": 3}, {"file": "2.png", "class": "dog"}]
    found = scan(write(source, json.dumps(listed), "list.json"))
    assert labels(found) == {"1.png": "cat", "2.png": "dog"}


def test_a_scan_can_be_cancelled_and_tells_how_far_it_is(tree: Tree, recorder: Callable[..., object]) -> None:
    table = write(tree("1.png"), "file,class\n" + "1.png,cat\n" * 2000)
    listener = recorder()
    recognise(table).scan(Wishes(), listener)  # type: ignore[arg-type]
    told_progress = [(e.done, e.total) for e in listener.events]  # type: ignore[attr-defined]
    assert told_progress == [(0, 2000), (500, 2000), (1000, 2000), (1500, 2000)]
    with pytest.raises(Cancelled):
        recognise(table).scan(Wishes(), recorder(cancel=lambda event: event.done >= 1000))  # type: ignore[arg-type]


class TestHuggingFace:
    def test_metadata_in_the_root(self, tree: Tree) -> None:
        source = tree("train/1.png", "test/2.png", "3.png")
        write(source, "file_name,label,image\ntrain/1.png,cat,x\ntest/2.png,dog,y\n3.png,cat,z\n", "metadata.csv")
        found = scan(source)
        assert labels(found) == {"1.png": "cat", "2.png": "dog", "3.png": "cat"}
        assert {f.path.name: f.split for f in found.found} == {"1.png": Split.TRAIN, "2.png": Split.TEST, "3.png": None}
        assert recognise(source).sentence.startswith("A Hugging Face image folder")

    def test_metadata_in_the_folders_of_the_parts(self, tree: Tree) -> None:
        source = tree("train/1.png", "validation/1.png", "test/2.png")
        write(source, "file_name,label\n1.png,cat\n", "train/metadata.csv")
        write(source, "file_name,label\n1.png,dog\n", "validation/metadata.csv")
        write(source, '{"file_name": "2.png", "label": "dog", "site": "B"}\n', "test/metadata.jsonl")
        found = scan(source)
        assert found.splits() == {"train": 1, "val": 1, "test": 1}
        assert found.classes() == {"cat": 1, "dog": 2}
        assert [f.columns for f in found.found if f.split is Split.TEST] == [{"site": "B"}]

    def test_classes_by_folders_where_no_column_says_them(self, tree: Tree) -> None:
        source = tree("train/cat/1.png", "train/dog/2.png")
        write(source, "file_name,width\ntrain/cat/1.png,3\ntrain/dog/2.png,4\n", "metadata.csv")
        assert labels(scan(source)) == {"1.png": "cat", "2.png": "dog"}

    def test_two_lists_in_one_folder(self, tree: Tree) -> None:
        source = tree("1.png")
        write(source, "file_name,label\n1.png,cat\n", "metadata.csv")
        write(source, '{"file_name": "1.png"}\n', "metadata.jsonl")
        with pytest.raises(Exception, match="both"):
            recognise(source)
        assert labels(scan(source / "metadata.csv")) == {"1.png": "cat"}


def test_a_class_is_a_name_and_no_text(tree: Callable[..., Path]) -> None:
    source = tree("1.png", "2.png")
    found = scan(write(source, f"file,class\n1.png,{'x' * 500}\n2.png,{'y' * 501}\n"))
    assert labels(found) == {"1.png": "x" * 500}
    assert told(found) == {"2.png": "Row 3: its class has more than 500 signs; that is a text, not a name."}
