"""What a killed program leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tlstudio.storage import files, recovery
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import Volume

Pets = Callable[[Sequence[str | None]], Project]


def test_parts_of_killed_writes_go_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(files, "_discard", lambda path: None)
        with files.replacing(tmp_path / "model.onnx") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt
    assert temporary.exists()
    others = {".hidden", "download.part", "model.onnx", "below"}
    for name in others - {"below"}:
        (tmp_path / name).touch()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / temporary.name).touch()
    (tmp_path / ".folder.part").mkdir()
    files.remove_leftovers(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {*others, ".folder.part"}
    assert (tmp_path / "below" / temporary.name).exists()


def test_leftovers_of_no_folder_are_no_failure(tmp_path: Path) -> None:
    files.remove_leftovers(tmp_path / "gone")


def killed_write(folder: Path) -> Path:
    """A temporary file whose process has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    path = folder / f".model.onnx.{int(done.stdout)}-0123abcd.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("half")
    return path


def test_leftovers_of_the_dead_go_wherever_the_program_writes_and_those_of_the_living_stay(pets: Pets) -> None:
    made = pets(["cat"])
    dead = [
        killed_write(made.folder / place)
        for place in (".", "backups", "exports", "runs/r1", "runs/r1/model", "cache/views", "images/cat")
    ]
    living = made.exports / f".model.onnx.{os.getpid()}-0123abcd.part"
    users = made.exports / ".notes.part"
    for path in (living, users):
        path.write_text("mine")
    tensors = made.run_folder("r1") / ".tmpAb3xY9"
    tensors.touch()
    empty, picture = (made.cache / "thumbnails" / "ab" / f"{name}.jpg" for name in ("empty", "picture"))
    empty.parent.mkdir(parents=True)
    empty.touch()
    picture.write_bytes(b"jpeg")
    unpacked = made.copies / ".unpacked-01234567" / "cat"
    unpacked.mkdir(parents=True)
    (unpacked / "cat.png").touch()
    recovery.tidy(made)
    assert not unpacked.parent.exists()
    assert not tensors.exists()
    assert not empty.exists()
    assert picture.exists()
    assert not [path for path in dead if path.exists()]
    assert living.exists()
    assert users.exists()


def test_where_others_write_too_only_old_leftovers_go(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of another computer can't be asked whether it lives."""
    made = pets(["cat"])
    monkeypatch.setattr(recovery, "volume_of", lambda path: Volume(True, "nfs"))
    old, new = killed_write(made.exports), killed_write(made.folder)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    recovery.tidy(made)
    assert not old.exists()
    assert new.exists()
