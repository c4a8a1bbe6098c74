"""A project of every earlier version opens, keeps all it held, and has the same tables as a new one afterwards."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tlstudio.domain.values import Split
from tlstudio.storage import images, journal, runs, schema
from tlstudio.storage.classes import list_classes
from tlstudio.storage.project import Project

EARLIER = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def older(folder: Path, script: Path) -> Path:
    """A project of an earlier version with two images, one of them relabeled, and a run."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "project.db")) as db:
        db.executescript(script.read_text(encoding="utf-8"))
        db.executescript(
            """
            INSERT INTO meta VALUES ('name', 'Pets'), ('created_at', '1');
            INSERT INTO classes (id, name, position) VALUES (1, 'cat', 0), (2, 'dog', 1);
            INSERT INTO images (id, path, content, width, height, bytes, class_id, group_name, split, added_at)
              VALUES (1, '/a.png', 'aa', 8, 9, 10, 2, 'P1', 'train', 1), (2, '/b.png', 'bb', 8, 9, 10, 2, NULL, 'test', 1);
            INSERT INTO changes (id, kind, author, at) VALUES (1, 'import', '', 1), (2, 'label', 'ann', 2);
            INSERT INTO label_events (change_id, image_id, before_class, after_class)
              VALUES (1, 1, NULL, 1), (1, 2, NULL, 2), (2, 1, 1, 2);
            INSERT INTO refusals VALUES ('/c.png', 'The file is empty.', 1);
            INSERT INTO runs (id, created_at, model, mode, state, settings, classes)
              VALUES ('r1', 1, 'm', 'quick', 'finished', '{"model": "m"}',
                      '[{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]');
            """
        )
    return folder


def columns(database: Path) -> dict[str, list[tuple[str, str, int, str | None]]]:
    """Every table's columns with type, NOT NULL and default, in no particular order."""
    with closing(sqlite3.connect(database)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: sorted((r[1], r[2], r[3], r[4]) for r in db.execute(f"PRAGMA table_info({table})"))
            for table in tables
        }


def indexes(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


@pytest.mark.parametrize("script", EARLIER, ids=lambda p: p.stem)
def test_earlier_version_opens_with_all_it_held(tmp_path: Path, script: Path) -> None:
    project = Project.open(older(tmp_path / "old", script))
    rows = images.list_images(project)
    assert [(r.label, r.group, r.split, r.excluded, r.note) for r in rows] == [
        ("dog", "P1", Split.TRAIN, False, ""),
        ("dog", None, Split.TEST, False, ""),
    ]
    assert [(c.name, c.count) for c in list_classes(project)] == [("cat", 0), ("dog", 2)]
    assert [r.path for r in images.list_refusals(project)] == ["/c.png"]
    assert runs.choose_run(project, "r1").classes == ("cat", "dog")
    undone = journal.undo(project)
    assert undone is not None
    assert undone.class_name == "cat", "a change made by the earlier version can be taken back"


@pytest.mark.parametrize("script", EARLIER, ids=lambda p: p.stem)
def test_migrated_tables_equal_new_ones(tmp_path: Path, script: Path) -> None:
    old = Project.open(older(tmp_path / "old", script))
    new = Project.create(tmp_path / "new", "new")
    assert columns(old.database) == columns(new.database)
    assert indexes(old.database) == indexes(new.database)


def test_there_is_a_script_for_every_earlier_version() -> None:
    assert [int(p.stem) for p in EARLIER] == [100, *sorted(schema.MIGRATIONS)][:-1]
    for script in EARLIER:
        assert re.search(rf"user_version = {int(script.stem)}\b", script.read_text(encoding="utf-8"))
