"""Opening to change and opening to look, commands that change a project, and their backups."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tests.unit.storage.test_holding import mark, other_program, silent_since
from tests.unit.storage.test_recovery import damage_pages
from tlstudio.domain.errors import DiskFull, NotAProject, ProjectBusy, ProjectDamaged, ProjectExists
from tlstudio.storage import backups, database, labels, recent, recovery
from tlstudio.storage.holding import FILE, SILENT_SECONDS, held
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import Volume
from tlstudio.workflow import keeping, labeling, projects
from tlstudio.workflow.keeping import changing

Pets = Callable[[Sequence[str | None]], Project]


def count(folder: Path) -> int:
    return len(backups.list_backups(folder))


# --- commands ---


def test_a_command_holds_the_project_and_backs_it_up_when_it_changed_something(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with changing(made.folder, "tlstudio train"):
        assert json.loads((made.folder / FILE).read_text())["program"] == "tlstudio train"
        assert count(made.folder) == 1
        labels.set_label(made, [1], "dog", "me")
    assert not (made.folder / FILE).exists()
    assert count(made.folder) == 2
    with changing(made.folder, "tlstudio train"):
        pass
    assert count(made.folder) == 2


def test_a_command_is_refused_while_another_program_holds_the_project(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with other_program(made.folder), pytest.raises(ProjectBusy, match="tlstudio train"), changing(made.folder, "x"):
        pytest.fail("not reached")
    with changing(made.folder, "x"):
        pass


def test_a_command_that_makes_the_project_ends_with_a_backup(tmp_path: Path) -> None:
    with changing(tmp_path / "new", "tlstudio import"):
        assert not (tmp_path / "new").exists()
        Project.create(tmp_path / "new", "new")
    assert count(tmp_path / "new") == 1
    with changing(tmp_path / "none", "tlstudio import"):
        pass
    assert not (tmp_path / "none").exists()


def test_a_damaged_project_is_not_changed_and_one_that_is_gone_is_not_made_anew(pets: Pets) -> None:
    made = pets(["cat"] * 300)
    with changing(made.folder, "x"):
        pass
    damage_pages(made.database)
    with pytest.raises(ProjectDamaged, match="300 images"), changing(made.folder, "x"):
        pytest.fail("not reached")
    assert not (made.folder / FILE).exists()
    made.database.unlink()
    with pytest.raises(ProjectDamaged, match="gone"), changing(made.folder, "x"):
        pytest.fail("not reached")
    with pytest.raises(ProjectExists):
        Project.create(made.folder, "again")


def test_what_keeps_nothing_from_being_done_is_told(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])
    told: list[str] = []
    for module in (keeping, database):
        monkeypatch.setattr(module, "volume_of", lambda path: Volume(True, "nfs"))

    def full(*_: object, **__: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(backups, "make", full)
    with changing(made.folder, "x", told.append):
        labels.set_label(made, [1], "dog", "me")
    assert told[0] == keeping.SHARED
    assert told[1:] == [keeping.NO_BACKUP.format("The disk is full.")] * 2
    assert labels_now(made) == ["dog", "dog"]


# --- the window ---


def test_a_second_window_may_look_and_is_told_who_holds_the_project(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with other_program(made.folder) as (process, _):
        opened = projects.open_project(made.folder)
        assert f"process {process.pid}" in opened.read_only
        assert not opened.may_take_over
        assert opened.summary.images == 2
        with pytest.raises(ProjectBusy):
            labeling.set_label(made.folder, [1], "dog")
        projects.close_project(made.folder)
        process.communicate("")
    again = projects.open_project(made.folder)
    assert again.read_only == ""
    assert labeling.set_label(made.folder, [1], "dog").images == 1
    projects.close_project(made.folder)


def test_a_window_of_another_computer_that_is_silent_can_be_passed_over(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    mark(made.folder, host="far-away")
    silent_since(made.folder, SILENT_SECONDS + 60)
    opened = projects.open_project(made.folder)
    assert opened.read_only
    assert opened.may_take_over
    opened = projects.open_project(made.folder, take_over=True)
    assert (opened.read_only, opened.unclean) == ("", True)
    assert projects.taken_over(made.folder) == ""
    mark(made.folder, host="far-away")
    assert "far-away" in projects.taken_over(made.folder)
    projects.close_project(made.folder)


def test_what_can_not_be_opened_is_not_held(pets: Pets, tmp_path: Path) -> None:
    made = pets(["cat"] * 300)
    with pytest.raises(NotAProject):
        projects.open_project(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    damage_pages(made.database)
    with pytest.raises(ProjectDamaged):
        projects.open_project(made.folder)
    assert not (made.folder / FILE).exists()
    assert recent.read() == []


def test_on_a_full_disk_a_project_can_be_looked_at(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])

    def full(*_: object, **__: object) -> bool:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(projects.holding, "take", full)
    opened = projects.open_project(made.folder)
    assert opened.read_only == "The disk is full."
    assert opened.summary.images == 2


def test_the_log_is_changed_on_opening_where_the_volume_wants_another(
    pets: Pets, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pets(["cat", "dog"])
    for module in (projects, database):
        monkeypatch.setattr(module, "volume_of", lambda path: Volume(True, "cifs"))
    opened = projects.open_project(made.folder)
    assert opened.shared
    with closing(sqlite3.connect(made.database)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
    projects.close_project(made.folder)


def test_backups_are_listed_and_restored_by_name(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    keeping.look_after(made.folder, False)
    labels.set_label(made, [1], "dog", "me")
    keeping.back_up(made.folder)
    newer, older = keeping.list_backups(made.folder)
    with held(made.folder, "the window itself"):
        done = keeping.restore_backup(made.folder, older.name)
    assert (done.backup, done.kept) == (older, newer.name)
    assert labels_now(made) == ["cat", "dog"]
    assert keeping.list_backups(made.folder / "nothing") == ()


def test_leftovers_go_after_a_program_was_killed(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    mark(made.folder, process=2**22 + 1, since=time.time() - 60)
    left = made.exports / f".model.onnx.{2**22 + 1}-0123abcd.part"
    left.touch()
    opened = projects.open_project(made.folder)
    assert opened.unclean
    keeping.look_after(made.folder, opened.unclean)
    assert not left.exists()
    projects.close_project(made.folder)
    shutil.rmtree(made.folder)


def test_a_large_database_is_opened_unchecked_and_checked_by_the_worker(
    pets: Pets, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pets(["cat"] * 300).folder
    keeping.look_after(folder, unclean=False)
    for large in (False, True):
        monkeypatch.setattr(recovery, "LARGE", 1000 if large else recovery.LARGE)
        assert projects.open_project(folder).unchecked is large
        projects.close_project(folder)
    damage_pages(folder / "project.db")
    with pytest.raises(ProjectDamaged, match="damaged"):
        keeping.look_after(folder, unclean=False, unchecked=True)
