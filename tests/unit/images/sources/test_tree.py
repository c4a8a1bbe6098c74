"""A folder on the disk as sources see it: what is listed, what may be an image, and how often the disk is asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.images import dicoms
from tlstudio.domain.errors import FileTrouble
from tlstudio.images.sources import tree as trees
from tlstudio.images.sources.tree import Disk, Presence, may_be_image

Tree = Callable[..., Path]
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need special rights on Windows")


def test_entries_come_in_natural_order_without_what_is_hidden_or_foreign(tree: Tree) -> None:
    root = tree(
        "10.png", "9.png", "b/1.png", ".git/1.png", ".hidden.png", "__MACOSX/1.png", "$RECYCLE.BIN/1.png", "a/1.png"
    )
    disk = Disk(root)
    found = disk.entries(str(root))
    assert [(e.name, e.folder) for e in found] == [("9.png", False), ("10.png", False), ("a", True), ("b", True)]
    assert [e.place for e in found] == [str(root / e.name) for e in found]
    (root / "__macosx.png").touch()
    assert "__macosx.png" in [e.name for e in disk.entries(str(root))], "only a folder of that name is foreign"


def test_folders_are_the_entries_that_are_folders(tree: Tree) -> None:
    root = tree("1.png", "b10/1.png", "b9/1.png", ".git/1.png", "@eaDir/1.png")
    disk = Disk(root)
    assert disk.folders(str(root)) == [e for e in disk.entries(str(root)) if e.folder]
    assert [e.name for e in disk.folders(str(root))] == ["b9", "b10"]
    assert disk.folders(str(root / "nowhere")) == []


@needs_links
def test_links_count_as_what_they_lead_to(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("a/1.png")
    (root / "link").symlink_to(root / "a", target_is_directory=True)
    (root / "loop").symlink_to(root / "loop")
    disk = Disk(root)
    assert [e.name for e in disk.folders(str(root))] == ["a", "link"]
    assert [(e.name, e.folder) for e in disk.entries(str(root))] == [("a", True), ("link", True), ("loop", False)]
    assert disk.files(str(root)) == frozenset()
    assert disk.real(str(root / "link")) == disk.real(str(root / "a"))


def test_what_can_not_be_looked_at_is_no_folder_and_no_file() -> None:
    class Locked:
        name, path = "x", "/x"

        def is_dir(self) -> bool:
            raise PermissionError(13, "no")

        is_file = is_dir

    assert trees._is_folder(Locked()) is False  # type: ignore[arg-type]
    assert trees._is_file(Locked()) is False  # type: ignore[arg-type]


def test_files_by_name(tree: Tree) -> None:
    root = tree("1.png", ".2.png", "a/3.png")
    disk = Disk(root)
    assert disk.files(str(root)) == {"1.png", ".2.png"}
    assert disk.files(str(root / "nowhere")) == frozenset()
    assert disk.files("\0") == frozenset()
    assert disk.has(str(root / "1.png"))
    assert not disk.has(str(root / "a"))
    assert not disk.has("a\0b")


def test_endings_of_images_and_dicom_files_of_any_are_worth_a_try(tree: Tree) -> None:
    root = tree("a.png", "b.txt", "c", "d.17", "e.1a")
    data = dicoms.make(np.add.outer(np.arange(20), np.arange(20)).astype(np.uint16))
    for name in ("scan", "scan.42", "scan.4", "scan.1a", "scan.x1", "scan.txt"):
        dicoms.save(data, root / name)
    disk = Disk(root)
    worth = {e.name for e in disk.entries(str(root)) if may_be_image(disk, e.place, e.name)}
    assert worth == {"a.png", "scan", "scan.4", "scan.42", "scan.1a", "scan.x1"}


@pytest.mark.parametrize(("size", "refused"), [(1000, False), (1001, True)])
def test_a_list_that_is_far_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, refused: bool
) -> None:
    assert trees.MAX_LIST_BYTES == 256 * 2**20
    monkeypatch.setattr(trees, "MAX_LIST_BYTES", 1000)
    file = tmp_path / "list.csv"
    file.write_bytes(b"x" * size)
    if refused:
        with pytest.raises(FileTrouble, match="larger than"):
            Disk(tmp_path).read(str(file))
    else:
        assert len(Disk(tmp_path).read(str(file))) == size
    with pytest.raises(FileTrouble, match="not there"):
        Disk(tmp_path).read(str(tmp_path / "gone.csv"))


class Counting(Disk):
    """Counts what the disk is asked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.single, self.whole = 0, 0

    def has(self, place: str) -> bool:
        self.single += 1
        return super().has(place)

    def files(self, folder: str) -> frozenset[str]:
        self.whole += 1
        return super().files(folder)


def test_a_folder_that_is_asked_about_often_is_looked_through_once(tree: Tree) -> None:
    root = tree(*(f"a/{i}.png" for i in range(100)), "b/1.png")
    disk = Counting(root)
    presence = Presence(disk)
    assert all(presence.has(str(root / "a" / f"{i}.png")) for i in range(63))
    assert (disk.single, disk.whole) == (63, 0)
    assert all(presence.has(str(root / "a" / f"{i}.png")) for i in range(63, 100))
    assert (disk.single, disk.whole) == (63, 1)
    assert not presence.has(str(root / "a" / "100.png"))
    assert (disk.single, disk.whole) == (64, 1), "for a no the file itself is asked"
    assert presence.has(str(root / "b" / "1.png"))
    assert (disk.single, disk.whole) == (65, 1), "each folder is counted for itself"
