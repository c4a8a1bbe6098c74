"""A damaged project is noticed when it is opened, and a backup takes its place without anything being lost."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tests.unit.storage.test_holding import mark
from tlstudio.domain.errors import DiskFull, FileTrouble, NotAProject, ProjectBusy, ProjectDamaged
from tlstudio.storage import backups, files, labels, recovery, schema
from tlstudio.storage.project import Project
from tlstudio.storage.recovery import require_whole, restore

Pets = Callable[[Sequence[str | None]], Project]


@pytest.fixture
def made(pets: Pets) -> Project:
    """Many images, a backup of them, and a change since."""
    project = pets(["cat"] * 300)
    project.back_up()
    labels.set_label(project, [1, 2, 3], None, "me")
    return project


def damage_pages(database: Path) -> None:
    data = bytearray(database.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    database.write_bytes(data)


def damage_index(database: Path) -> None:
    """Takes an entry out of an index alone: only the full check compares the two."""
    with closing(sqlite3.connect(database)) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = sql || ' WHERE id > 5' WHERE name = 'images_content'")
        db.commit()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "pages": damage_pages,
    "header": lambda path: path.write_bytes(b"\xa5" * 100 + path.read_bytes()[100:]),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: 5 * 4096]),
    "junk": lambda path: path.write_bytes(b"not a database at all, " * 100),
    "empty": lambda path: path.write_bytes(b""),
    "gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_named_and_the_newest_whole_backup_takes_its_place(
    made: Project, damage: Callable[[Path], object]
) -> None:
    kept_whole = backups.list_backups(made.folder)[0]
    damage(made.database)
    before = made.database.read_bytes() if made.database.exists() else b""
    with pytest.raises(ProjectDamaged) as refused:
        require_whole(made.folder)
    assert kept_whole.sentence() in refused.value.remedy
    done = restore(made.folder, None, "test")
    assert done.backup == kept_whole
    require_whole(made.folder, full=True)
    assert labels_now(Project.open(made.folder)) == ["cat"] * 300
    if before:
        assert done.kept is not None
        assert (made.folder / "backups" / f"project-{done.kept}.db").read_bytes() == before
    else:
        assert done.kept is None
    labels.set_label(made, [1], None, "me")


def test_an_index_that_disagrees_is_found_by_the_full_check(made: Project) -> None:
    require_whole(made.folder, full=True)
    damage_index(made.database)
    with pytest.raises(ProjectDamaged):
        require_whole(made.folder, full=True)


def test_a_whole_project_passes_and_a_folder_without_one_is_no_project(made: Project, tmp_path: Path) -> None:
    require_whole(made.folder)
    require_whole(made.folder, full=True)
    with pytest.raises(NotAProject, match="no project"):
        require_whole(tmp_path / "nothing")


def test_without_a_whole_backup_the_user_is_told_so(made: Project) -> None:
    damage_pages(made.database)
    for path in (made.folder / "backups").iterdir():
        path.write_bytes(path.read_bytes()[:8000])
    with pytest.raises(ProjectDamaged) as refused:
        require_whole(made.folder)
    assert "no backup that is whole" in refused.value.remedy
    with pytest.raises(FileTrouble, match="no backup"):
        restore(made.folder, None, "test")


def test_a_log_of_another_database_is_noticed_and_goes_with_the_restore(made: Project, tmp_path: Path) -> None:
    """As when a backup is copied over project.db by hand, and the log of the old one stays beside it."""
    with made.read() as db:  # as long as one connection is open, changes stay in the log
        db.execute("SELECT COUNT(*) FROM images").fetchone()
        labels.set_label(made, list(range(1, 200)), None, "me")
        copy = Path(shutil.copytree(made.folder, tmp_path / "killed"))
    with closing(sqlite3.connect(copy / "project.db-wal.db")) as other:
        other.execute("VACUUM INTO ?", (str(copy / "small.db"),))
    small = Project.create(tmp_path / "small", "small")
    shutil.copy(small.database, copy / "project.db")
    with pytest.raises(ProjectDamaged):
        require_whole(copy, full=True)
    restore(copy, None, "test")
    require_whole(copy, full=True)
    assert labels_now(Project.open(copy)) == ["cat"] * 300


def test_a_log_that_is_gone_leaves_a_project_that_can_be_used(made: Project, tmp_path: Path) -> None:
    with made.read() as db:
        db.execute("SELECT COUNT(*) FROM images").fetchone()
        labels.set_label(made, [9], None, "me")
        copy = Path(shutil.copytree(made.folder, tmp_path / "killed"))
    (copy / "project.db-wal").unlink()
    require_whole(copy, full=True)
    assert labels_now(Project.open(copy)).count(None) == 3, "what the database itself held"


def test_restoring_keeps_the_present_as_one_more_backup(made: Project) -> None:
    older = backups.list_backups(made.folder)[0]
    done = restore(made.folder, older.name, "test")
    assert labels_now(made) == ["cat"] * 300
    assert done.kept is not None
    back = restore(made.folder, done.kept, "test")
    assert labels_now(made).count(None) == 3
    assert back.kept is not None
    assert restore(made.folder, back.kept, "test").backup.labels == older.labels
    assert (made.folder / "project.db").exists()
    assert not list(made.folder.rglob("*.part*"))


def test_the_oldest_of_many_can_be_restored_although_one_more_is_made(made: Project) -> None:
    now = time.time() - 3600
    for turn in range(backups.LAST_DAY_KEPT):
        labels.set_label(made, [9], (None, "cat")[turn % 2], "me")
        with made.read() as db:
            backups.make(db, made.folder, now=now + turn)
    labels.set_label(made, [10], None, "me")
    oldest = backups.list_backups(made.folder)[-1]
    assert restore(made.folder, oldest.name, "test").backup == oldest
    assert labels_now(made).count("cat") == oldest.labels
    assert labels_now(made)[9] == "cat"


def test_a_reader_sees_the_one_or_the_other(made: Project) -> None:
    """A second window may be reading while a backup is restored."""
    with made.read() as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT COUNT(*) FROM images WHERE class_id IS NULL").fetchone()[0] == 3
        restore(made.folder, None, "test")
        assert reader.execute("SELECT COUNT(*) FROM images WHERE class_id IS NULL").fetchone()[0] == 3
        reader.execute("COMMIT")
        assert reader.execute("SELECT COUNT(*) FROM images WHERE class_id IS NULL").fetchone()[0] == 0


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(made: Project) -> None:
    script = next((Path(__file__).parent / "schemas").glob("*.sql"))
    with closing(sqlite3.connect(made.folder / "backups" / "project-20260101-000000-000000_01234567.db")) as db:
        db.executescript(script.read_text(encoding="utf-8"))
    restore(made.folder, "20260101", "test")
    with made.read() as db:
        assert schema.check(db, "") == schema.version()
    assert labels_now(made) == []


def test_what_can_not_be_restored_leaves_all_as_it_was(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = labels_now(made)
    copy = backups.newest(made.folder)
    assert copy is not None
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ProjectDamaged, match="backup is damaged"):
        restore(made.folder, copy.stem.removeprefix("project-"), "test")
    copy.write_bytes(whole)
    mark(made.folder)
    with pytest.raises(ProjectBusy):
        restore(made.folder, None, "test")
    (made.folder / ".holder.json").unlink()

    def full(*_: object, **__: object) -> None:
        raise DiskFull("The disk is full.")

    monkeypatch.setattr(files, "replacing", full)
    with pytest.raises(DiskFull):
        restore(made.folder, None, "test")
    assert labels_now(made) == before


def test_the_full_check_is_done_after_a_week_or_an_unclean_end(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[bool] = []
    real = require_whole

    def watched(folder: Path, *, full: bool = False) -> None:
        done.append(full)
        real(folder, full=full)

    monkeypatch.setattr(recovery, "require_whole", watched)
    recovery.look_after(made, unclean=False)
    assert done == [True], "never done before"
    recovery.look_after(made, unclean=False)
    assert done == [True]
    recovery.look_after(made, unclean=True)
    assert done == [True, True]
    made.set_meta(recovery.CHECKED, str(time.time() - 8 * 86_400))
    recovery.look_after(made, unclean=False)
    assert len(done) == 3
    made.set_meta(recovery.CHECKED, str(time.time() + 8 * 86_400))
    recovery.look_after(made, unclean=False)
    assert len(done) == 4, "a clock that was wrong postpones nothing"
    recovery.look_after(made, unclean=False, unchecked=True)
    assert done[4:] == [False], "the quick check, where nobody has made it"


def test_a_damaged_database_pushes_out_no_backup(made: Project) -> None:
    there = sorted((made.folder / "backups").iterdir())
    damage_pages(made.database)
    for unclean in (True, False):
        with pytest.raises(ProjectDamaged):
            recovery.look_after(made, unclean=unclean)
    assert sorted((made.folder / "backups").iterdir()) == there


def test_a_check_that_was_passed_is_no_change_to_back_up(made: Project) -> None:
    recovery.look_after(made, unclean=False)
    n = len(backups.list_backups(made.folder))
    recovery.look_after(made, unclean=True)
    assert len(backups.list_backups(made.folder)) == n
