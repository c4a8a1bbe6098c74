"""Names that are not UTF-8, as old archives and cameras leave them: refused one by one, the rest is imported."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tlstudio.domain.errors import NothingToImport
from tlstudio.domain.importing import ImportRequest
from tlstudio.images.scan import BAD_FILE_NAME, BAD_FOLDER_NAME, Wishes
from tlstudio.images.sources.registry import recognise
from tlstudio.workflow.importing import import_images

BAD = b"M\xfcller"  # Latin-1


@pytest.fixture(autouse=True)
def _bytes_in_names(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(BAD)).touch()
        (tmp_path / os.fsdecode(BAD)).unlink()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes UTF-8 names only")


def bad(folder: Path, suffix: str = "") -> Path:
    return folder / (os.fsdecode(BAD) + suffix)


def test_an_import_refuses_them_and_goes_on(source: Path, tmp_path: Path) -> None:
    picture = source / "red" / "red_00.png"
    shutil.copy(picture, bad(source / "red", ".png"))
    shutil.copy(picture, bad(source, ".png"))
    bad(source / "red", ".txt").touch()
    for folder in (bad(source / "blue"), bad(source)):
        folder.mkdir()
        shutil.copy(picture, folder / "inside.png")
    done = import_images(ImportRequest(source, tmp_path / "project"))
    assert done.images == 20
    assert {(r.path, r.reason) for r in done.refused} == {
        (f"{source}/red/M�ller.png", BAD_FILE_NAME),
        (f"{source}/M�ller.png", BAD_FILE_NAME),
        (f"{source}/blue/M�ller", BAD_FOLDER_NAME),
        (f"{source}/M�ller", BAD_FOLDER_NAME),
    }


def test_a_folder_of_nothing_else_says_so(tmp_path: Path) -> None:
    (tmp_path / "source" / "cat").mkdir(parents=True)
    bad(tmp_path / "source" / "cat", ".png").touch()
    with pytest.raises(NothingToImport, match="names") as refused:
        recognise(tmp_path / "source").scan(Wishes())
    assert "Rename" in refused.value.remedy


@pytest.mark.parametrize("there", [True, False])
def test_a_source_below_such_a_name_is_refused_in_words_that_can_be_shown(tmp_path: Path, there: bool) -> None:
    source = bad(tmp_path) / "source"
    if there:
        (source / "cat").mkdir(parents=True)
        (source / "cat" / "1.png").touch()
    with pytest.raises(NothingToImport) as refused:
        recognise(source).scan(Wishes())
    assert str(refused.value).encode("utf-8")
    assert refused.value.path == f"{tmp_path}/M�ller/source"
