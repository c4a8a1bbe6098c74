"""Folders called train, val and test in all their spellings and places; asked about where they could be classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.unit.images.sources.conftest import scan, told
from tests.unit.images.sources.test_registry import keys, zipped
from tlstudio.domain.errors import AmbiguousSource
from tlstudio.domain.values import Split
from tlstudio.images.scan import Scan
from tlstudio.images.sources.parts import part_of, parts_of
from tlstudio.images.sources.registry import recognise

Tree = Callable[..., Path]
TRAIN, VAL, TEST = Split.TRAIN, Split.VAL, Split.TEST


def images(*folders: str, n: int = 2) -> list[str]:
    return [f"{folder}/{i}.png" for folder in folders for i in range(n)]


def divided(*parts: str, classes: Sequence[str] = ("nok", "ok")) -> list[str]:
    return images(*(f"{part}/{name}" for part in parts for name in classes))


def found(result: Scan) -> dict[tuple[str | None, str | None], int]:
    """{(class, part): images}."""
    amounts: dict[tuple[str | None, str | None], int] = {}
    for item in result.found:
        key = (item.label, item.split)
        amounts[key] = amounts.get(key, 0) + 1
    return amounts


def everywhere(*parts: Split, classes: Sequence[str] = ("nok", "ok"), n: int = 2) -> dict[tuple[str, Split], int]:
    return {(name, part): n for part in parts for name in classes}


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, TRAIN) for name in ("train", "TRAIN", "Training", "training_set", "Training-Set", "trainset", "train data")),
        *((name, TRAIN) for name in ("train_images", "TrainImages", "images_train", "train2017", "trn")),
        *((name, VAL) for name in ("val", "valid", "Validation", "validation_set", "valset", "dev", "development set")),
        *((name, TEST) for name in ("test", "tests", "Testing", "test_set", "testset", "test1", "eval", "hold-out", "holdout")),
        *((name, None) for name in ("trainer", "contest", "train_station", "seg_train", "set", "images", "", "123", "tested ok")),
    ],
)  # fmt: skip
def test_names_of_parts(name: str, part: Split | None) -> None:
    assert part_of(name) is (None if name == "hold-out" else part)


def test_names_that_differ_by_the_part_alone() -> None:
    assert parts_of(["seg_train", "seg_test", "seg_pred", "other"]) == {"seg_train": TRAIN, "seg_test": TEST}
    assert parts_of(["train_station", "bus_station", "test"]) == {"test": TEST}
    assert parts_of(["train_a", "train_b"]) == {}
    assert parts_of(["a_train_test", "a_train"]) == {}


LAYOUTS: dict[str, tuple[list[str], dict[tuple[str, Split], int]]] = {
    "train and test": (divided("train", "test"), everywhere(TRAIN, TEST)),
    "other names": (divided("training_set", "test_set"), everywhere(TRAIN, TEST)),
    "capitals": (divided("Training", "VALIDATION", "Test Images"), everywhere(TRAIN, VAL, TEST)),
    "one word apart": (divided("seg_train", "seg_test"), everywhere(TRAIN, TEST)),
    "in their own folders": (divided("seg_train/seg_train", "seg_test/seg_test"), everywhere(TRAIN, TEST)),
    "with images inside": (divided("train/images", "test/images"), everywhere(TRAIN, TEST)),
    "one deeper": (divided("data/train", "data/test"), everywhere(TRAIN, TEST)),
    "two deeper": (divided("archive/data/train", "archive/data/test"), everywhere(TRAIN, TEST)),
    "test alone": (divided("test"), everywhere(TEST)),
    "train alone": (divided("train"), everywhere(TRAIN)),
    "test and validation": (divided("val", "test"), everywhere(VAL, TEST)),
    "below the classes": (images("cat/train", "cat/test", "dog/train", "dog/test"),
                          everywhere(TRAIN, TEST, classes=("cat", "dog"))),
    "below one class": (images("cat/train", "cat/test"), everywhere(TRAIN, TEST, classes=("cat",))),
    "classes of their own": (images("train/cat", "test/dog"), {("cat", TRAIN): 2, ("dog", TEST): 2}),
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_parts_that_are_certain(tree: Tree, layout: str, packed: bool) -> None:
    files, expected = LAYOUTS[layout]
    source = tree(*files)
    result = scan(zipped(source) if packed else source)
    assert found(result) == expected
    assert result.refused == ()
    assert keys(source) == ["folders", "unlabeled"]


def test_what_lies_beside_is_told(tree: Tree) -> None:
    source = tree(
        *divided("train", "val", "test"), *images("unlabeled"), *divided("again/train", "again/test"), "loose.png"
    )
    (source / "models").mkdir()
    (source / "notes").mkdir()
    (source / "notes" / "read.txt").touch()
    result = scan(source)
    assert found(result) == everywhere(TRAIN, VAL, TEST)
    beside = "The folder lies beside those for training and test, and is not used."
    assert told(result) == {
        "again": beside,
        "unlabeled": beside,
        "loose.png": "The file lies outside the class folders.",
    }
    assert recognise(source).sentence == (
        "Class folders inside test, train, val. What lies beside is left out: again and unlabeled."
    )  # fmt: skip


def test_classes_that_agree_in_other_letters_are_certain_too(tree: Tree) -> None:
    source = tree(*divided("train", classes=("OK", "Nok")), *divided("test"), *images("more"))
    assert set(scan(source).classes()) == {"Nok", "OK", "nok", "ok"}
    assert keys(source) == ["folders", "unlabeled"]


def test_a_test_part_without_classes_is_to_be_labeled(tree: Tree) -> None:
    source = tree(*divided("train"), *images("test", n=6))
    assert found(scan(source)) == {**everywhere(TRAIN), (None, TEST): 6}
    assert recognise(source).sentence == "Class folders inside train. The images in test have no class yet."
    loose = scan(tree("train/stray.png"))
    assert told(loose) == {"stray.png": "The file lies outside the class folders."}


ASKED: dict[str, tuple[list[str], dict[tuple[str | None, Split | None], int], set[str]]] = {
    # name: (files, as parts, as classes)
    "no class folders": (images("train", "test"), {(None, TRAIN): 2, (None, TEST): 2}, {"train", "test"}),
    "and something beside": (
        images("train", "test", "more"), {(None, TRAIN): 2, (None, TEST): 2, ("more", None): 2}, {"train", "test", "more"},
    ),
    "a test folder beside classes": (
        images("good", "bad", "test"), {("good", None): 2, ("bad", None): 2, (None, TEST): 2}, {"good", "bad", "test"},
    ),
    "one part and something beside": (
        [*divided("train"), *images("bus")], everywhere(TRAIN), {"train", "bus"},
    ),
    "parts without a common class": (
        images("train/steam", "test/pilot", "bus"), {("steam", TRAIN): 2, ("pilot", TEST): 2}, {"train", "test", "bus"},
    ),
    "some classes are divided": (
        images("cat/train", "cat/test", "dog"), {("cat", TRAIN): 2, ("cat", TEST): 2, ("dog", None): 2}, {"cat", "dog"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", ASKED)
def test_what_could_be_classes_is_asked(tree: Tree, layout: str) -> None:
    files, parts, classes = ASKED[layout]
    source = tree(*files)
    assert keys(source) == ["parts", "classes", "unlabeled"]
    with pytest.raises(AmbiguousSource) as question:
        recognise(source)
    assert question.value.remedy == "Say which: --as parts or --as classes."
    assert "Class folders: each sub-folder is a class" in question.value.what
    assert found(scan(source, "parts")) == parts
    assert set(scan(source, "classes").classes()) == classes
    with pytest.raises(AmbiguousSource, match="more than one way"):
        recognise(source, "folders")


def test_a_train_may_be_a_vehicle(tree: Tree) -> None:
    source = tree("train/1.png", "bus/2.png", "tram/3.png")
    assert scan(source).classes() == {"bus": 1, "train": 1, "tram": 1}
    assert keys(source) == ["folders", "unlabeled"]


@pytest.mark.parametrize(
    "files",
    [
        divided("train", "test"),
        images("cat/train", "cat/test"),
        images("cat", "dog"),
        [*images("train"), *images("bus")],
    ],
)  # fmt: skip
def test_classes_can_always_be_asked_for(tree: Tree, files: list[str]) -> None:
    source = tree(*files)
    assert set(scan(source, "classes").classes()) == {file.split("/")[0] for file in files}


@pytest.mark.parametrize(
    "files",
    [
        images("train", "bus"),
        images("cat/train", "dog/train"),
        images("cat/left", "cat/right", "dog/left"),
        images("data/cat", "data/dog"),
        images("a/b/c/d/e/train/cat", "a/b/c/d/e/test/cat"),
        [*images("cat/train", "cat/test"), "cat/loose.png"],
    ],
)
def test_ordinary_folders_stay_what_they_are(tree: Tree, files: list[str]) -> None:
    result = scan(tree(*files))
    assert set(result.classes()) == {file.split("/")[0] for file in files}
    assert result.splits() == {}


def test_empty_parts_are_none(tree: Tree) -> None:
    source = tree("cat/1.png", "dog/2.png")
    for name in ("train", "test"):
        (source / name).mkdir()
    assert scan(source).classes() == {"cat": 1, "dog": 1}


def test_a_folder_around_with_other_folders_is_no_wrapper(tree: Tree) -> None:
    source = tree(*divided("data/train", "data/test"), *images("cat"))
    assert set(scan(source).classes()) == {"cat", "data"}
    loose = tree("loose.png")
    assert set(scan(loose).classes()) == {"cat", "data"}
