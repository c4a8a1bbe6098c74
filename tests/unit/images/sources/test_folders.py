"""What a folder holds: classes, split folders, stray files, and links that lead in a circle."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tlstudio.domain.errors import NoClasses, NothingToImport, StudioError, WrongUsage
from tlstudio.domain.events import Progress
from tlstudio.domain.values import Refusal, Split
from tlstudio.images.scan import BAD_FILE_NAME, BAD_FOLDER_NAME, Scan, Wishes, natural_key
from tlstudio.images.sources import tree as trees
from tlstudio.images.sources.folders import class_folders, nothing
from tlstudio.images.sources.registry import recognise
from tlstudio.images.sources.tree import Disk

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need special rights on Windows")


def scan_folder(source: Path) -> Scan:
    return recognise(source).scan(Wishes())


def names(scan: Scan, label: str) -> list[str]:
    return [f.path.name for f in scan.found if f.label == label]


def test_sub_folders_are_classes_in_natural_order(tree: Callable[..., Path]) -> None:
    scan = scan_folder(
        tree("dog/10.png", "dog/9.PNG", "cat/a.jpeg", "cat/b.Tif", "cat/c.webp", "cat/d.bmp", "cat/e.gif")
    )
    assert scan.classes() == {"cat": 5, "dog": 2}
    assert names(scan, "dog") == ["9.PNG", "10.png"]
    assert scan.splits() == {}
    assert scan.refused == ()
    assert all(f.split is None and f.inner == "" for f in scan.found)


def test_nested_folders_belong_to_the_class_above(tree: Callable[..., Path]) -> None:
    scan = scan_folder(tree("cat/p1/left/1.png", "cat/p2/2.png", "cat/3.png", "dog/4.png"))
    assert scan.classes() == {"cat": 3, "dog": 1}
    assert {f.path.name: f.inner for f in scan.found} == {"1.png": "p1/left", "2.png": "p2", "3.png": "", "4.png": ""}


@pytest.mark.parametrize(
    "folders", [("train", "val", "test"), ("Training", "Validation", "Testing"), ("TRAIN", "dev", "Test")]
)
def test_split_folders_are_honoured(tree: Callable[..., Path], folders: tuple[str, str, str]) -> None:
    train, val, test = folders
    scan = scan_folder(tree(f"{train}/cat/1.png", f"{train}/dog/2.png", f"{val}/cat/3.png", f"{test}/dog/4.png"))
    assert scan.classes() == {"cat": 2, "dog": 2}
    assert scan.splits() == {"train": 2, "val": 1, "test": 1}
    assert {f.path.name: f.split for f in scan.found} == {
        "1.png": Split.TRAIN,
        "2.png": Split.TRAIN,
        "3.png": Split.VAL,
        "4.png": Split.TEST,
    }


def test_rests_of_an_archive_do_not_hide_the_split_folders(tree: Callable[..., Path]) -> None:
    """A zip file made on a Mac unpacks to `__MACOSX` beside the real folders."""
    scan = scan_folder(tree("train/cat/1.png", "test/dog/2.png", "__MACOSX/train/cat/._1.png"))
    assert scan.splits() == {"train": 1, "val": 0, "test": 1}


def test_files_outside_the_class_folders_are_told(tree: Callable[..., Path]) -> None:
    scan = scan_folder(tree("cat/1.png", "dog/2.png", "stray.png", "notes.txt"))
    assert [Path(r.path).name for r in scan.refused] == ["stray.png"]
    assert "outside the class folders" in scan.refused[0].reason
    split = scan_folder(
        tree("split/train/cat/1.png", "split/train/stray.jpg", "split/test/cat/2.png").joinpath("split")
    )
    assert [Path(r.path).name for r in split.refused] == ["stray.jpg"]


def test_hidden_and_foreign_files(tree: Callable[..., Path]) -> None:
    scan = scan_folder(
        tree("cat/1.png", "cat/.hidden.png", "cat/._1.png", ".git/2.png", "cat/Thumbs.db", "cat/notes.txt", "cat/x.heic",
             "cat/film.mp4", "cat/without_suffix", "dog/2.png")
    )  # fmt: skip
    assert scan.classes() == {"cat": 1, "dog": 1}
    told = {Path(r.path).name: r.reason for r in scan.refused}
    assert set(told) == {"x.heic", "film.mp4", "without_suffix"}
    assert "HEIC" in told["x.heic"]


def test_class_names_are_trimmed_so_that_they_meet_themselves_again(tree: Callable[..., Path]) -> None:
    scan = scan_folder(tree("cat /1.png", "cat/2.png", "cafe\u0301/3.png", "caf\u00e9/4.png"))
    assert scan.classes() == {"caf\u00e9": 2, "cat": 2}


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ((), "not there"),
        (("1.png", "2.jpg", "notes.txt"), "2 images but no class folders"),
        (("cat/notes.txt",), "no images"),
        (("cat/a.heic", "dog/b.heic"), "can be read"),
        (("train/cat/.hidden.png",), "no images"),
    ],
    ids=["absent", "flat", "no images", "only unreadable", "only hidden"],
)
def test_nothing_to_import_says_why(tree: Callable[..., Path], files: tuple[str, ...], text: str) -> None:
    with pytest.raises(NothingToImport, match=text) as nothing:
        scan_folder(tree(*files))
    assert nothing.value.remedy


def test_an_empty_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(NothingToImport, match="no images"):
        scan_folder(tmp_path)
    (tmp_path / "a.docx").touch()
    with pytest.raises(NothingToImport, match="no source of images"):
        scan_folder(tmp_path / "a.docx")
    (tmp_path / "a.png").touch()
    with pytest.raises(NothingToImport, match="one image"):
        scan_folder(tmp_path / "a.png")


@needs_links
def test_a_link_up_the_tree_does_not_bring_other_classes_in(tree: Callable[..., Path]) -> None:
    source = tree("cat/1.png", "cat/inner/2.png", "dog/3.png")
    for link, target in (("cat/all", source), ("cat/inner/up", source / "cat"), ("dog/self", source / "dog")):
        (source / link).symlink_to(target, target_is_directory=True)
    assert scan_folder(source).classes() == {"cat": 2, "dog": 1}


@needs_links
def test_a_link_to_images_elsewhere_is_followed_once(tree: Callable[..., Path], tmp_path: Path) -> None:
    source = tree("cat/1.png", "dog/2.png")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "3.png").touch()
    for link in ("a", "b"):
        (source / "cat" / link).symlink_to(tmp_path / "more", target_is_directory=True)
    assert scan_folder(source).classes() == {"cat": 2, "dog": 1}


@needs_links
def test_broken_links_do_not_stop_the_scan(tree: Callable[..., Path]) -> None:
    source = tree("cat/1.png", "dog/2.png")
    for name in ("loop", "cat/loop", "dog/loop.png"):
        (source / name).symlink_to(source / name)
    (source / "dog" / "gone.png").symlink_to(source / "nowhere.png")
    scan = scan_folder(source)
    assert names(scan, "cat") == ["1.png"]
    assert set(names(scan, "dog")) == {"2.png", "loop.png", "gone.png"}, "the look at the file itself refuses them"


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The system refuses to list the folder of that name; root may list everything, so file modes prove nothing."""
    real = os.scandir

    def scandir(folder: Path) -> object:
        if Path(folder).name == name:
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(trees.os, "scandir", scandir)


def test_a_folder_that_can_not_be_opened_costs_itself_only(
    tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tree("cat/1.png", "cat/secret/2.png", "dog/3.png")
    forbid(monkeypatch, "secret")
    scan = scan_folder(source)
    assert scan.classes() == {"cat": 1, "dog": 1}
    assert [(Path(r.path).name, r.reason) for r in scan.refused] == [
        ("secret", "You are not allowed to open this folder.")
    ]


def test_a_source_that_can_not_be_opened_says_so(tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    source = tree("cat/1.png")
    forbid(monkeypatch, "source")
    with pytest.raises(StudioError, match="not allowed to open") as failure:
        scan_folder(source)
    assert "write" not in str(failure.value)


def test_natural_order() -> None:
    assert sorted(["b", "a10", "a9", "A1", "10", "9", "a"], key=natural_key) == ["9", "10", "a", "A1", "a9", "a10", "b"]
    assert sorted(["9²", "1"], key=natural_key)


def test_folders_have_no_columns(tree: Callable[..., Path]) -> None:
    source = recognise(tree("cat/1.png", "dog/2.png"))
    unlabeled = recognise(tree("cat/1.png"), "unlabeled")
    for one, words in ((source, "Class folders have no columns"), (unlabeled, "Images without labels have no columns")):
        for look in (one.preview, one.scan):
            with pytest.raises(WrongUsage, match=words) as wrong:
                look(Wishes({"group": "site"}))
            assert wrong.value.remedy
        assert one.preview(Wishes()) is None


def test_progress_is_told_for_every_500_files(tree: Callable[..., Path], recorder: type) -> None:
    source = tree(*(f"cat/{i}.png" for i in range(1001)), "dog/1.png")
    listener = recorder()
    recognise(source).scan(Wishes(), listener)
    assert [event.done for event in listener.of(Progress)] == [0, 500, 1000]


def test_images_without_labels_are_found_everywhere(tree: Callable[..., Path]) -> None:
    source = tree("1.png", "a/2.png", "a/b/3.png", "a/x.heic")
    scan = recognise(source, "unlabeled").scan(Wishes())
    assert {(f.name, f.label, f.inner) for f in scan.found} == {
        ("1.png", None, ""),
        ("2.png", None, "a"),
        ("3.png", None, "a/b"),
    }
    assert [Path(r.path).name for r in scan.refused] == ["x.heic"]
    empty = tree("a/x.heic").parent / "empty"
    empty.mkdir()
    with pytest.raises(NothingToImport, match="no images"):
        recognise(empty, "unlabeled").scan(Wishes())


@needs_links
def test_names_that_can_not_be_read_are_told(tree: Callable[..., Path]) -> None:
    source = tree("cat/1.png", "dog/2.png")
    bad = os.fsdecode(b"x\xff")
    for place in (source / f"{bad}", source / "cat" / f"{bad}"):
        place.mkdir()
        (place / "3.png").touch()
    (source / "cat" / f"{bad}.png").touch()
    (source / "cat" / f"{bad}.txt").touch()
    (source / f"{bad}.png").touch()
    scan = scan_folder(source)
    assert scan.classes() == {"cat": 1, "dog": 1}
    assert sorted((Path(r.path).parent.name, Path(r.path).name, r.reason) for r in scan.refused) == [
        ("cat", "x\ufffd", BAD_FOLDER_NAME),
        ("cat", "x\ufffd.png", BAD_FILE_NAME),
        ("source", "x\ufffd", BAD_FOLDER_NAME),
        ("source", "x\ufffd.png", BAD_FILE_NAME),
    ]


@pytest.mark.parametrize(
    ("loose", "reasons", "words"),
    [
        (1, (), "The folder holds 1 image but no class folders."),
        (1200, (), "The folder holds 1,200 images but no class folders."),
        (0, (BAD_FILE_NAME, BAD_FOLDER_NAME), "The names in this folder can't be read."),
        (0, (BAD_FILE_NAME, "other"), "None of the files in this folder is an image that can be read."),
        (0, (), "The folder holds no images."),
    ],
)
def test_why_a_folder_gave_nothing(loose: int, reasons: tuple[str, ...], words: str) -> None:
    error = nothing(Path("/source"), loose, [Refusal("/source/x", reason) for reason in reasons])
    assert error.what == words
    assert error.remedy and error.path == "/source"
    assert isinstance(error, NoClasses) is bool(loose)


def test_classes_that_the_folders_would_give(tree: Callable[..., Path]) -> None:
    source = tree("cat/a/1.png", "images/2.png", "empty/notes.txt", "caf\u00e9/3.png")
    assert class_folders(Disk(source)) == {"cat", "caf\u00e9"}
    divided = tree("d/train/cat/1.png", "d/train/dog/1.png", "d/test/cat/2.png") / "d"
    assert class_folders(Disk(divided)) == {"cat", "dog"}
    inside = tree("e/cat/train/1.png", "e/cat/test/1.png") / "e"
    assert class_folders(Disk(inside)) == {"cat"}
