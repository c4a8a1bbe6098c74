"""Backups: made when something changed, whole, thinned out with age, listed with what they hold."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.conftest import new_image
from tlstudio.domain.errors import DiskFull, FileTrouble, ProjectDamaged
from tlstudio.storage import backups, classes, images, labels
from tlstudio.storage.backups import DAY, LAST_DAY_KEPT, to_remove
from tlstudio.storage.project import Project

Pets = Callable[..., Project]


def test_backup_only_when_something_changed(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    assert made.back_up() is not None
    assert made.back_up() is None
    changes: list[Callable[[], object]] = [
        lambda: labels.set_label(made, [1], "dog", "me"),
        lambda: classes.rename_class(made, "dog", "hound", "me"),
        lambda: made.set_meta("name", "Hounds"),
    ]
    for change in changes:
        change()
        copy = made.back_up()
        assert copy is not None
        assert made.back_up() is None
    assert not list((made.folder / "backups").glob("*.part*"))


def test_backup_is_a_whole_database(pets: Pets) -> None:
    made = pets(["cat", "dog", None])
    copy = made.back_up()
    assert copy is not None
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert db.execute("SELECT COUNT(*) FROM images").fetchone()[0] == 3


def test_other_edits_of_the_same_number_are_another_state(pets: Pets) -> None:
    """As after a restore: as many changes as the newest backup has, and not the same ones."""
    made = pets(["cat", "dog", "dog"])
    before = made.database.read_bytes()
    labels.set_label(made, [1], "dog", "me")
    assert made.back_up() is not None
    made.database.write_bytes(before)
    labels.set_label(made, [2], "cat", "me")
    assert made.back_up() is not None


def test_backup_that_fails_leaves_the_old_ones_and_no_rest(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat", "dog"])
    first = made.back_up()
    labels.set_label(made, [1], "dog", "me")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DiskFull):
        patch.setattr(Path, "replace", full)
        made.back_up()
    assert list((made.folder / "backups").iterdir()) == [first]


def test_a_damaged_database_becomes_no_backup(pets: Pets) -> None:
    made = pets(["cat"] * 300)
    first = made.back_up()
    labels.set_label(made, [1], None, "me")
    data = bytearray(made.database.read_bytes())
    data[-3 * 4096 :] = b"\xa5" * (3 * 4096)
    made.database.write_bytes(data)
    with pytest.raises(ProjectDamaged, match="project's database is damaged"):
        made.back_up()
    assert list((made.folder / "backups").iterdir()) == [first]


# --- thinning out ---


def kept_of(times: list[float], now: float) -> list[float]:
    gone = to_remove(times, now)
    return [at for i, at in enumerate(times) if i not in gone]


def test_of_the_last_day_the_ten_newest_stay() -> None:
    now = datetime(2026, 5, 12, 18, 0).timestamp()
    times = [now - 1800.0 * i for i in reversed(range(20))]  # since 8:30
    assert kept_of(times, now)[-LAST_DAY_KEPT:] == times[-LAST_DAY_KEPT:]
    assert len(kept_of(times, now)) == LAST_DAY_KEPT
    assert kept_of(times[-3:], now) == times[-3:]


def test_a_day_is_kept_for_two_weeks_and_a_week_for_half_a_year() -> None:
    now = datetime(2026, 5, 12, 18, 0).timestamp()
    times = sorted(now - 7 * 3600.0 * i for i in range(900))  # about nine months, three or four a day
    kept = kept_of(times, now)
    older = [at for at in kept if now - at > DAY]
    daily = [datetime.fromtimestamp(at).date() for at in older if now - at <= 14 * DAY]
    assert len(daily) == len(set(daily)) >= 13
    weekly = [datetime.fromtimestamp(at).isocalendar()[:2] for at in older if now - at > 14 * DAY]
    assert len(weekly) == len(set(weekly)) >= 23
    assert now - kept[0] <= 182 * DAY
    assert len(kept) < 45


def test_thinning_every_hour_ends_as_thinning_once() -> None:
    """What is kept today was kept at every moment before: nothing that is wanted later goes too early."""
    start = datetime(2026, 1, 1, 9, 0)
    kept: list[float] = []
    for step in range(24 * 120):
        now = (start + timedelta(hours=step)).timestamp()
        kept = kept_of([*kept, now], now)
    ages = [(now - at) / DAY for at in kept]
    assert LAST_DAY_KEPT <= len([age for age in ages if age <= 1]) <= LAST_DAY_KEPT + 1
    assert len([age for age in ages if 1 < age <= 14]) >= 13
    assert len([age for age in ages if age > 14]) >= 14, "a week each of the fifteen before"


def test_the_newest_stays_however_old_and_however_wrong_the_clock() -> None:
    now = time.time()
    assert kept_of([now - 900 * DAY], now) == [now - 900 * DAY]
    assert kept_of([now + 3 * DAY], now) == [now + 3 * DAY]


def test_making_one_thins_out_the_others_and_their_logs(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    now = time.time()
    for turn in range(14):
        labels.set_label(made, [1], ("dog", "cat")[turn % 2], "me")
        with made.read() as db:
            copy = backups.make(db, made.folder, now=now + 60 * turn)
        assert copy is not None
        if turn == 0:
            copy.with_name(f"{copy.name}-wal").touch()
    found = backups.list_backups(made.folder)
    assert [round((b.made_at - now) / 60) for b in found] == list(range(13, 3, -1))
    assert len(list((made.folder / "backups").iterdir())) == LAST_DAY_KEPT


# --- the list ---


def test_the_list_tells_what_each_holds(pets: Pets) -> None:
    made = pets(["cat", "dog", None])
    assert backups.list_backups(made.folder) == []
    made.back_up()
    images.add_images(made, [new_image("new", "bird"), new_image("more", None)], [])
    classes.remove_class(made, "cat", "me", with_images=True)
    made.back_up()
    newer, older = backups.list_backups(made.folder)
    assert (older.images, older.classes, older.labels, older.damaged) == (3, 2, 2, False)
    assert (newer.images, newer.classes, newer.labels) == (5, 2, 2)
    assert newer.made_at >= older.made_at
    assert abs(newer.made_at - time.time()) < 60
    assert newer.bytes > 0
    assert "5 images, 2 classes, 2 labels" in newer.sentence()


def test_one_that_can_not_be_read_is_listed_as_damaged(pets: Pets) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    copy.write_bytes(b"junk")
    (copy.parent / "my own copy.db").write_bytes(b"not ours")
    with closing(sqlite3.connect(copy.parent / "project-20260101-000000-000000Z_other.db")) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    found = backups.list_backups(made.folder)
    assert [b.damaged for b in found] == [True, True]
    assert backups.newest_sound(made.folder) is None


def test_names_of_earlier_versions_are_local_time(pets: Pets) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    moment = datetime(2026, 3, 4, 5, 6, 7, 8)
    copy.rename(copy.with_name(f"project-{moment:%Y%m%d-%H%M%S-%f}_0123abcd.db"))
    assert [b.made_at for b in backups.list_backups(made.folder)] == [moment.timestamp()]
    with made.read() as db:
        utc = backups.make(db, made.folder, now=moment.replace(tzinfo=UTC).timestamp())
    assert utc is not None
    assert f"{moment:%Y%m%d-%H%M%S-%f}Z" in utc.name


def test_finding_by_name_by_its_beginning_and_the_newest_sound_one(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with pytest.raises(FileTrouble, match="no backup"):
        backups.find(made.folder, None)
    now = datetime(2026, 5, 12, tzinfo=UTC).timestamp()
    for turn, label in enumerate(("dog", "cat", "dog")):
        labels.set_label(made, [1], label, "me")
        with made.read() as db:
            backups.make(db, made.folder, now=now + turn)
    newest, middle, oldest = backups.list_backups(made.folder)
    assert backups.find(made.folder, middle.name).stem.endswith(middle.name)
    assert backups.find(made.folder, oldest.name[:15]).stem.endswith(oldest.name)
    for wrong in ("20260512", "nothing"):
        with pytest.raises(FileTrouble, match=wrong):
            backups.find(made.folder, wrong)
    path = backups.find(made.folder, newest.name)
    path.write_bytes(path.read_bytes()[:5000])
    assert backups.find(made.folder, None).stem.endswith(middle.name)
