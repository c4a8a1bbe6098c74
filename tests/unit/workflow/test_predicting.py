"""Which files a prediction takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import COLOURS, paint
from tests.unit.images.dicoms import make, save
from tlstudio.domain.errors import NothingToImport
from tlstudio.workflow.predicting import find_files


def test_a_folder_gives_its_pictures_and_what_only_looks_like_one(tmp_path: Path) -> None:
    for name in ("image 10.png", "image 9.png"):
        paint(tmp_path, name, COLOURS["red"], seed=1)
    for name in ("IM0001", "scan.dcm"):
        save(make(np.zeros((8, 8), np.uint8)), tmp_path / name)
    for name in ("photo.heic", "README", "notes.txt", "1.2.3"):
        (tmp_path / name).write_text("x" * 200)
    (tmp_path / "folder.png").mkdir()
    paint(tmp_path / "folder.png", "inner.png", COLOURS["red"], seed=2)
    names = ["IM0001", "image 9.png", "image 10.png", "photo.heic", "scan.dcm"]
    assert [path.name for path in find_files([tmp_path], recursive=False)] == names
    assert tmp_path / "folder.png" / "inner.png" in find_files([tmp_path], recursive=True)


def test_a_file_that_is_named_is_always_tried(tmp_path: Path) -> None:
    named = [tmp_path / "stack.tif#page=3", tmp_path / "gone.png", tmp_path / "README"]
    assert find_files(named, recursive=False) == named


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(NothingToImport):
        find_files([tmp_path], recursive=True)
