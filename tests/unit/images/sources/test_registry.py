"""Which kind of source a path is: told in a sentence, asked about where it could be several."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.sources.conftest import scan
from tests.unit.images.sources.test_cvat import xml
from tests.unit.images.sources.test_label_studio import task
from tests.unit.images.sources.test_table import labels, write
from tlstudio.domain.errors import AmbiguousSource, FileTrouble, NoClasses, NothingToImport, WrongUsage
from tlstudio.images.scan import Wishes
from tlstudio.images.sources.registry import readings, recognise

Tree = Callable[..., Path]


def keys(path: Path) -> list[str]:
    return [source.key for source in readings(path)]


def zipped(folder: Path) -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return target


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize(
    ("files", "lists", "told"),
    [
        (("cat/1.png", "dog/2.png"), {}, ("folders", "Class folders: each sub-folder is a class.")),
        (("train/cat/1.png", "test/cat/2.png"), {}, ("folders", "Class folders inside test, train.")),
        (("1.png", "2.png"), {"l.csv": "file,class\n1.png,cat\n2.png,dog\n"}, ("l.csv", "A table, l.csv: 2 rows")),
        (("1.png",), {"metadata.csv": "file_name,label\n1.png,cat\n"}, ("metadata", "A Hugging Face image folder")),
        (("images/1.png",), {"annotations.xml": xml(("1.png", ["cat"]))}, ("annotations.xml", "A CVAT export")),
        (("1.png",), {"export.json": json.dumps([task("1.png", "cat")])}, ("export.json", "A Label Studio export")),
    ],
    ids=["folders", "parts", "table", "hugging face", "cvat", "label studio"],
)
def test_one_way(
    tree: Tree, packed: bool, files: tuple[str, ...], lists: dict[str, str], told: tuple[str, str]
) -> None:
    source = tree(*files)
    for name, text in lists.items():
        write(source, text, name)
    found = recognise(zipped(source) if packed else source)
    assert found.key == told[0]
    assert found.sentence.startswith(told[1])
    assert len(scan(zipped(source) if packed else source).found) == len(files)


def test_a_table_beside_class_folders_is_a_question(tree: Tree) -> None:
    source = tree("cat/1.png", "dog/2.png")
    table = write(source, "file,class\ncat/1.png,benign\ndog/2.png,malignant\n")
    assert keys(source) == ["labels.csv", "folders", "unlabeled"]
    with pytest.raises(AmbiguousSource, match=r"A table, labels\.csv.*; Class folders") as question:
        recognise(source)
    assert question.value.remedy == "Say which: --as labels.csv or --as folders."
    assert labels(scan(source, "folders")) == {"1.png": "cat", "2.png": "dog"}
    assert labels(scan(source, "labels.csv")) == labels(scan(table)) == {"1.png": "benign", "2.png": "malignant"}


def test_a_table_that_agrees_with_the_folders_says_more(tree: Tree) -> None:
    source = tree("cat/1.png", "dog/2.png")
    write(source, "file,class,patient\ncat/1.png,cat,A\ndog/2.png,dog,A\n")
    assert {f.group for f in scan(source).found} == {"A"}


def test_folders_that_are_no_classes_are_no_question(tree: Tree) -> None:
    source = tree("train/1.png", "test/2.png")
    write(source, "image,label\ntrain/1.png,cat\ntest/2.png,dog\n")
    assert keys(source) == ["labels.csv", "unlabeled"]


def test_several_tables_are_a_question(tree: Tree) -> None:
    source = tree("1.png")
    for name in ("train.csv", "test.csv"):
        write(source, "file,class\n1.png,cat\n", name)
    with pytest.raises(AmbiguousSource) as question:
        recognise(source)
    assert "--as test.csv or --as train.csv" in question.value.remedy
    assert labels(scan(source, "train.csv")) == {"1.png": "cat"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("refused.csv", "file,reason\n1.png,blurred\n"),
        ("notes.csv", "a,b\n1,2\n"),
        ("settings.json", '{"a": 1}'),
        ("list.json", '[{"a": 1}]'),
        ("broken.json", "[{"),
        ("page.xml", "<html></html>"),
        ("broken.xml", "<annotations><image"),
        ("readme.txt", "file,class\n"),
    ],
)
def test_files_of_other_programs_are_not_in_the_way(tree: Tree, name: str, text: str) -> None:
    source = tree("cat/1.png", "dog/2.png")
    write(source, text, name)
    assert keys(source) == ["folders", "unlabeled"]


def test_images_without_labels(tree: Tree) -> None:
    source = tree("1.png", "2021/may/2.png", "2021/3.heic")
    with pytest.raises(NoClasses, match="1 image but no class folders") as trouble:
        scan(tree("flat/4.png") / "flat")
    assert "label them here" in trouble.value.remedy
    found = scan(source, "unlabeled")
    assert labels(found) == {"1.png": None, "2.png": None, "4.png": None}
    assert [Path(r.path).name for r in found.refused] == ["3.heic"]
    assert found.unlabeled() == 3
    assert found.classes() == {}


def test_a_way_that_there_is_not(tree: Tree) -> None:
    with pytest.raises(WrongUsage, match="can't be read as “table”") as wrong:
        recognise(tree("cat/1.png"), "table")
    assert wrong.value.remedy == "It can be read as: folders, unlabeled."


@pytest.mark.parametrize("name", ["a.docx", "a.xml", "a.json", "a.png", "nothing"])
def test_files_that_are_no_source(tmp_path: Path, name: str) -> None:
    if name != "nothing":
        (tmp_path / name).write_text("<a/>")
    with pytest.raises(NothingToImport) as nothing:
        recognise(tmp_path / name)
    assert nothing.value.remedy


def test_the_folder_that_cvat_gives_images_without_a_label(tree: Tree) -> None:
    assert labels(scan(tree("cat/1.png", "dog/2.png", "no_label/3.png")))["3.png"] is None


@pytest.mark.parametrize("name", ["x" * 5_000, "a\0b"])
def test_a_name_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(NothingToImport, match=r"can't be opened|not there"):
        recognise(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["labels.csv", "labels.json", "annotations.xml", "labels.jsonl"])
def test_a_list_that_is_a_pipe_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(FileTrouble, match="not an ordinary file"):
        recognise(tmp_path / name)
    (tmp_path / "red").mkdir()
    (tmp_path / "red" / "1.png").touch()
    assert recognise(tmp_path).scan(Wishes()).classes() == {"red": 1}
