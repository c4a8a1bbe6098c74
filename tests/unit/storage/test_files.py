"""Every file is the old one or the new one, never half, and the disk's troubles have names."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from tlstudio.domain.errors import Cancelled, CantWrite, DiskFull, FileTrouble, StudioError
from tlstudio.storage import files


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_text("old")
    return path


def leftovers(folder: Path) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.name.endswith(".part")]


def test_new_content_takes_the_place_of_the_old(kept: Path) -> None:
    with files.replacing(kept) as temporary:
        temporary.write_text("new")
        assert kept.read_text() == "old", "nothing is seen before the end"
    assert kept.read_text() == "new"
    assert leftovers(kept.parent) == []


def test_missing_folders_are_made(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a" / "b" / "c.txt", "grüße")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == "grüße".encode()


def test_json_is_utf_8_and_ends_with_a_line_feed(tmp_path: Path) -> None:
    files.write_json(tmp_path / "x.json", {"class": "Schweißnaht"})
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert "Schweißnaht" in text
    assert text.endswith("}\n")
    assert json.loads(text) == {"class": "Schweißnaht"}


@pytest.mark.parametrize(
    "thrown", [ValueError("bug"), Cancelled(), KeyboardInterrupt()], ids=lambda e: type(e).__name__
)
def test_any_exception_keeps_the_old_file_and_leaves_nothing(kept: Path, thrown: BaseException) -> None:
    with pytest.raises(type(thrown)), files.replacing(kept) as temporary:
        temporary.write_text("half")
        raise thrown
    assert kept.read_text() == "old"
    assert leftovers(kept.parent) == []


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EACCES, CantWrite), (errno.EIO, FileTrouble)]
)
@pytest.mark.parametrize("moment", ["write", "sync", "replace"])
def test_disk_trouble_at_any_moment_is_named_and_keeps_the_old_file(
    kept: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[StudioError], moment: str
) -> None:
    def broken(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(kind) as failure, files.replacing(kept) as temporary:
        temporary.write_text("half")
        if moment == "write":
            broken()
        elif moment == "sync":
            monkeypatch.setattr(files.os, "fsync", broken)
        else:
            monkeypatch.setattr(Path, "replace", broken)
    assert failure.value.path == str(kept)
    assert kept.read_text() == "old"
    assert leftovers(kept.parent) == []


def test_a_folder_that_can_not_be_synced_is_no_failure(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network drives answer EINVAL to the sync of a folder, after they took the new name."""
    real, seen = os.fsync, []

    def fsync(handle: int) -> None:
        seen.append(handle)
        if len(seen) > 1:
            raise OSError(errno.EINVAL, "not here")
        real(handle)

    monkeypatch.setattr(files.os, "fsync", fsync)
    files.write_text(kept, "new")
    assert kept.read_text() == "new"


@pytest.mark.parametrize("name", ["a" * 250 + ".png", "ä" * 120 + ".png"], ids=["ascii", "umlauts"])
def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path, name: str) -> None:
    files.write_text(tmp_path / name, "content")
    assert (tmp_path / name).read_text() == "content"
    assert leftovers(tmp_path) == []
