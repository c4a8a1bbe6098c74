"""Making, opening and backing up projects; every broken database has a name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import CantWrite, NotAProject, ProjectBusy, ProjectExists, ProjectTooNew, StudioError
from tlstudio.storage import database, labels, places, recent, schema
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def run_sql(database: Path, script: str) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.executescript(script)


def test_new_project_opens_and_knows_its_name(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "deep" / "welds", "Welds")
    opened = Project.open(tmp_path / "deep" / "welds")
    assert opened.meta("name") == "Welds"
    assert opened.meta("nothing", "else") == "else"
    assert {p.name for p in made.folder.iterdir() if p.is_dir()} == {"cache", "runs", "exports", "backups"}
    with opened.read() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL: an acknowledged label is on the disk"


def test_name_defaults_to_the_folder_and_meta_can_change(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "retina", "")
    assert made.meta("name") == "retina"
    made.set_meta("name", "Retina 2")
    assert Project.open(made.folder).meta("name") == "Retina 2"


def test_a_folder_with_something_in_it_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").write_text("years of work")
    with pytest.raises(ProjectExists):
        Project.create(tmp_path / "full", "x")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.docx"]
    Project.create(tmp_path / "p", "x")
    with pytest.raises(ProjectExists):
        Project.create(tmp_path / "p", "x")


def test_a_file_in_the_way_is_a_named_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudioError):
        Project.create(tmp_path / "file", "x")
    with pytest.raises(StudioError):
        Project.create(tmp_path / "file" / "below", "x")


@pytest.mark.parametrize("content", [None, b"", b"not a database at all, " * 100], ids=["absent", "empty", "garbage"])
def test_what_is_no_project_is_said_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "project.db").write_bytes(content)
    with pytest.raises(NotAProject) as refused:
        Project.open(tmp_path)
    assert refused.value.remedy


def test_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    run_sql(tmp_path / "project.db", "CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup');")
    before = (tmp_path / "project.db").read_bytes()
    with pytest.raises(NotAProject, match="not made by"):
        Project.open(tmp_path)
    assert (tmp_path / "project.db").read_bytes() == before


def test_newer_major_version_is_refused_and_newer_minor_one_opens(pets: Pets) -> None:
    made = pets(["cat"])
    run_sql(made.database, f"PRAGMA user_version = {schema.MAJOR * 100 + schema.MINOR + 1}")
    assert labels_now(Project.open(made.folder)) == ["cat"]
    run_sql(made.database, f"PRAGMA user_version = {(schema.MAJOR + 1) * 100}")
    with pytest.raises(ProjectTooNew, match=f"format {schema.MAJOR + 1}"):
        Project.open(made.folder)


def test_a_transaction_that_raises_changes_nothing(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with pytest.raises(RuntimeError), made.write() as db:
        db.execute("UPDATE images SET class_id = NULL")
        raise RuntimeError
    assert labels_now(made) == ["cat", "dog"]


def test_a_second_writer_is_told_to_wait(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    with made.write(), pytest.raises(ProjectBusy):
        labels.set_label(made, [1], "dog", "me")
    assert labels_now(made) == ["cat", "dog"]


def test_older_database_is_backed_up_and_migrated(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat"])
    monkeypatch.setattr(schema, "MINOR", schema.MINOR + 1)
    monkeypatch.setitem(
        schema.MIGRATIONS, schema.version(), lambda db: db.execute("ALTER TABLE images ADD COLUMN extra TEXT")
    )
    opened = Project.open(made.folder)
    with opened.read() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == schema.version()
        assert "extra" in [row["name"] for row in db.execute("PRAGMA table_info(images)")]
    assert len(list((made.folder / "backups").glob("*.db"))) == 1
    Project.open(made.folder)


@pytest.mark.parametrize("failure", [CantWrite, ProjectBusy])
def test_an_older_database_that_can_t_be_written_is_read_as_it_is(
    pets: Pets, monkeypatch: pytest.MonkeyPatch, failure: type[StudioError]
) -> None:
    made = pets(["cat"])
    run_sql(made.database, f"DROP INDEX images_group; PRAGMA user_version = {schema.READABLE}")

    def refuse(_: Project) -> None:
        raise failure("It can't be written.")

    monkeypatch.setattr(Project, "_migrate", refuse)
    assert labels_now(Project.open(made.folder)) == ["cat"]
    run_sql(made.database, f"PRAGMA user_version = {schema.READABLE - 1}")
    with pytest.raises(failure):
        Project.open(made.folder)


def test_a_project_that_is_only_looked_at_is_not_migrated_without_need(pets: Pets) -> None:
    made = pets(["cat"])
    run_sql(made.database, f"DROP INDEX images_group; DROP INDEX images_split; PRAGMA user_version = {schema.READABLE}")
    for looking, version in ((True, schema.READABLE), (False, schema.version())):
        Project.open(made.folder, looking=looking)
        with made.read() as db:
            assert db.execute("PRAGMA user_version").fetchone()[0] == version


def test_migration_that_fails_leaves_the_old_version(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat"])
    before = schema.version()
    monkeypatch.setattr(schema, "MINOR", schema.MINOR + 1)

    def broken(db: sqlite3.Connection) -> None:
        db.execute("ALTER TABLE images ADD COLUMN extra TEXT")
        db.execute("SELECT * FROM no_such_table")

    monkeypatch.setitem(schema.MIGRATIONS, schema.version(), broken)
    with pytest.raises(StudioError):
        Project.open(made.folder)
    with made.read() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == before
        assert "extra" not in [row["name"] for row in db.execute("PRAGMA table_info(images)")]


def test_recent_projects_newest_first_without_those_that_are_gone(tmp_path: Path) -> None:
    folders = [Project.create(tmp_path / name, name).folder for name in ("a", "b", "c")]
    for folder in (*folders, folders[0]):
        recent.remember(folder)
    assert [f for f, _ in recent.read()] == [folders[0], folders[2], folders[1]]
    (folders[2] / "project.db").unlink()
    recent.forget(folders[0])
    assert [f for f, _ in recent.read()] == [folders[1]]


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '{"a": 1}', '[{"folder": "x"}]', "\xff"])
def test_damaged_recent_list_is_an_empty_one(text: str) -> None:
    file = places.data_dir() / "recent.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("latin-1"))
    assert recent.read() == []


def test_recent_list_is_bounded(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "p", "p").folder
    rows = [{"folder": str(made), "opened_at": n} for n in range(recent.LIMIT + 5)]
    (places.data_dir() / "recent.json").write_text(json.dumps(rows))
    other = Project.create(tmp_path / "q", "q").folder
    recent.remember(other)
    assert len(recent.read()) == recent.LIMIT
