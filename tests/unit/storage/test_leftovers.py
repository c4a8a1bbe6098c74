"""What a killed program leaves behind, and the way back from a damaged database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import NotAProject
from tlstudio.storage import files, labels
from tlstudio.storage.project import Project

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


def test_the_remedy_for_a_damaged_database_works_beside_an_old_log(pets: Pets, tmp_path: Path) -> None:
    made = pets(["cat", "dog"])
    made.back_up()
    with made.read() as db:  # as long as one connection is open, changes stay in the log
        db.execute("SELECT COUNT(*) FROM images").fetchone()
        labels.set_label(made, [1], "dog", "me")
        copy = Path(shutil.copytree(made.folder, tmp_path / "killed"))
    broken = Project(copy)
    logs = [copy / "project.db-wal", copy / "project.db-shm"]
    assert all(log.exists() for log in logs)
    for path in (broken.database, logs[0]):
        data = path.read_bytes()
        path.write_bytes(b"\xa5" * len(data))
    with pytest.raises(NotAProject, match="damaged") as refused:
        labels_now(broken)
    remedy = refused.value.remedy
    assert all(0 <= remedy.find(log.name) < remedy.find("backups") for log in logs), "delete first, then copy"
    for log in logs:
        log.unlink(missing_ok=True)
    shutil.copy(max((copy / "backups").glob("*.db")), broken.database)
    assert labels_now(Project.open(copy)) == ["cat", "dog"]
