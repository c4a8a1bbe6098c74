"""Connections that make nothing up, and names for what SQLite reports."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import CantWrite, DiskFull, FileTrouble, ProjectBusy, ProjectDamaged, StudioError
from tlstudio.storage import database, labels, project
from tlstudio.storage.database import at_rest, connected, named_failure, settle_log
from tlstudio.storage.project import Project
from tlstudio.storage.volumes import Volume

Pets = Callable[[Sequence[str | None]], Project]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SQLITE_FULL", DiskFull),
        ("SQLITE_READONLY_DIRECTORY", CantWrite),
        ("SQLITE_CANTOPEN", CantWrite),
        ("SQLITE_LOCKED_SHAREDCACHE", ProjectBusy),
        ("SQLITE_CORRUPT_INDEX", ProjectDamaged),
        ("SQLITE_IOERR_READ", FileTrouble),
        ("", StudioError),
    ],
)
def test_database_result_codes_have_names(code: str, kind: type[StudioError], tmp_path: Path) -> None:
    error = sqlite3.OperationalError("as sqlite says it")
    error.sqlite_errorname = code
    path = tmp_path / "project.db"
    path.touch()
    failure = named_failure(error, path)
    assert type(failure) is kind
    assert failure.path == str(path)
    assert failure.remedy


def test_a_write_that_fails_on_a_full_disk_is_put_down_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite tells that a sync failed, and not why."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 100, 0))
    assert isinstance(named_failure(error, tmp_path / "project.db"), DiskFull)


def test_a_database_that_is_gone_is_not_made_anew(pets: Pets) -> None:
    made = pets(["cat"])
    made.database.unlink()
    with pytest.raises(FileTrouble, match="not there any more"):
        labels_now(made)
    assert not made.database.exists()


@pytest.mark.parametrize("name", ["50 % done?", "a#b&mode=ro", "größe", "nbsp\u00a0x"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    made = Project.create(tmp_path / name, "")
    assert Project.open(made.folder).meta("name") == name
    assert {p.name for p in tmp_path.iterdir()} == {name}


def mode_of(made: Project) -> str:
    with closing(sqlite3.connect(made.database)) as db:
        return str(db.execute("PRAGMA journal_mode").fetchone()[0])


def test_the_log_follows_the_volume(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])
    assert mode_of(made) == "wal"
    for shared, wanted in ((True, "delete"), (True, "delete"), (False, "wal")):
        monkeypatch.setattr(database, "volume_of", lambda path, shared=shared: Volume(shared))
        with connected(made.database) as db:
            settle_log(db, made.database)
        assert mode_of(made) == wanted
        labels.set_label(made, [1], "dog" if shared else "cat", "me")
        with made.read() as db:
            assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert labels_now(made) == ["cat", "dog"]


def test_changes_in_the_log_survive_the_move_to_a_network_share(
    pets: Pets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pets(["cat", "dog"])
    with made.read() as db:  # as long as one connection is open, changes stay in the log
        db.execute("SELECT COUNT(*) FROM images").fetchone()
        labels.set_label(made, [1], "dog", "me")
        copy = Project(Path(shutil.copytree(made.folder, tmp_path / "share")))
    monkeypatch.setattr(database, "volume_of", lambda path: Volume(True, "nfs"))
    with connected(copy.database) as db:
        settle_log(db, copy.database)
    assert labels_now(copy) == ["dog", "dog"]
    assert mode_of(copy) == "delete"
    assert not (copy.folder / "project.db-wal").exists()


@pytest.mark.parametrize("failure", [DiskFull, CantWrite])
def test_where_nothing_can_be_written_a_database_can_still_be_read(
    pets: Pets, monkeypatch: pytest.MonkeyPatch, failure: type[StudioError]
) -> None:
    made = pets(["cat", "dog"])

    @contextmanager
    def no_room(path: Path) -> Iterator[sqlite3.Connection]:
        raise failure("No.")
        yield

    with monkeypatch.context() as patch:
        for module in (database, project):
            patch.setattr(module, "connected", no_room)
        assert labels_now(made) == ["cat", "dog"]
        with pytest.raises(failure):
            labels.set_label(made, [1], "dog", "me")
        log = made.folder / "project.db-wal"
        log.write_bytes(b"changes that are not in the database yet")
        with pytest.raises(failure):
            labels_now(made)
        log.unlink()
    with pytest.raises(DiskFull), made.read():
        raise DiskFull("What happens inside comes out.")


def test_a_database_at_rest_is_read_without_a_trace(pets: Pets) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    with at_rest(copy) as db:
        assert db.execute("SELECT COUNT(*) FROM images").fetchone()[0] == 1
        assert [path.name for path in copy.parent.iterdir()] == [copy.name]
        with pytest.raises(sqlite3.OperationalError):
            db.execute("DELETE FROM images")


def test_damage_that_is_no_text_has_a_name(pets: Pets) -> None:
    """SQLite quotes what it finds: in its own message, which is then no text, or as a value."""
    made = pets(["cat"])
    made.settle_log()
    whole = made.database.read_bytes()
    made.database.write_bytes(whole.replace(b"CREATE TABLE meta", b"CREATE\xff\x80ABLE meta"))
    with pytest.raises(ProjectDamaged), connected(made.database) as db:
        db.execute("SELECT * FROM meta").fetchall()
    made.database.write_bytes(whole.replace(b"/pictures/000", b"/pictur\xff/000"))
    with pytest.raises(ProjectDamaged), connected(made.database) as db:
        db.execute("SELECT path FROM images").fetchall()
