"""Backups: made when something changed, whole, thinned out with age, listed with what they hold."""

from __future__ import annotations

import re
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


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of the process can't be set here")
def test_only_names_with_a_z_are_universal_time(pets: Pets, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")  # nine hours ahead, all the year
        time.tzset()
        for mark, hour in (("Z", 5), ("", 5 - 9)):
            copy = copy.rename(copy.with_name(f"project-20260304-050000-000000{mark}_0123abcd.db"))
            moment = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=hour)
            assert [b.made_at for b in backups.list_backups(made.folder)] == [moment.timestamp()]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_copy_by_another_name_is_described_without_a_time(pets: Pets) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    found = backups.require_sound(copy.rename(made.folder / "mine.db"))
    assert (found.name, found.made_at, found.images) == ("mine", 0.0, 1)


def test_what_is_no_database_passes_no_check(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 500)
    assert backups._passes(tmp_path / "x.db", "quick_check") is False


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
    for wrong, what in (
        ("20260512", "Several backups begin with “20260512”"),
        ("no", "There is no backup called “no”"),
    ):
        with pytest.raises(FileTrouble, match=what):
            backups.find(made.folder, wrong)
    path = backups.find(made.folder, newest.name)
    path.write_bytes(path.read_bytes()[:5000])
    assert backups.find(made.folder, None).stem.endswith(middle.name)


# --- what it holds, and when it is another state ---


def alter(project: Project, statement: str) -> None:
    """A change as another part of the program makes it, straight in the database."""
    with closing(sqlite3.connect(project.database)) as db, db:
        db.execute(statement)


def tables_of(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(db.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


STATES = {
    "a label": "INSERT INTO changes (kind, author, at) VALUES ('label', 'me', 5.0)",
    "a setting": "INSERT INTO meta VALUES ('licence', 'mine')",
    "a class": "UPDATE classes SET position = 7 WHERE name = 'cat'",
    "a run": (
        "INSERT INTO runs (id, created_at, model, mode, state, settings, classes)"
        " VALUES ('r1', 1.0, 'net.tag', 'quick', 'running', '{}', '[]')"
    ),
    "a run's end": "UPDATE runs SET state = 'failed', message = 'The disk is full.'",
    "a run's result": "UPDATE runs SET result = '{\"accuracy\": 0.9}'",
    "a refused file": "INSERT INTO refusals VALUES ('/p/x.gif', 'No image.', 1.0)",
    "a finding set aside": "INSERT INTO dismissals VALUES ('blank', 'ab12', '', 'me', 1.0)",
    "another person's label": "INSERT INTO other_labels VALUES ('Ada', 1, 1, 1.0)",
    "another person's other label": "UPDATE other_labels SET class_id = 2, at = 2.0",
}


def test_whatever_the_user_changes_is_another_state_and_in_the_backup(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    assert made.back_up() is not None
    for what, statement in STATES.items():
        alter(made, statement)
        copy = made.back_up()
        assert copy is not None, what
        assert tables_of(copy) == tables_of(made.database), what
        assert made.back_up() is None, what
    alter(made, "INSERT OR REPLACE INTO meta VALUES ('checked_at', '12345')")
    assert made.back_up() is None, "a check changes nothing"


def test_the_name_tells_the_time_and_eight_characters_of_the_state(pets: Pets) -> None:
    made = pets(["cat"])
    with made.read() as db:
        copy = backups.make(db, made.folder, now=datetime(2026, 5, 12, 6, 7, 8, 9, UTC).timestamp())
    assert copy is not None
    assert re.fullmatch(r"project-20260512-060708-\d{6}Z_[0-9a-f]{8}\.db", copy.name)
    assert backups.name_of(copy) == copy.stem.removeprefix("project-")
    assert backups.newest(made.folder) == copy
    assert backups.list_backups(made.folder)[0].bytes == copy.stat().st_size
    assert backups.list_backups(made.folder)[0].name == backups.name_of(copy)


def test_without_thinning_all_stay(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    assert backups.newest(made.folder) is None
    for turn in range(LAST_DAY_KEPT + 2):
        labels.set_label(made, [1], ("dog", "cat")[turn % 2], "me")
        with made.read() as db:
            backups.make(db, made.folder, now=1.7e9 + turn, thin_out=False)
    assert len(backups.list_backups(made.folder)) == 12


def test_a_backup_of_the_first_version_is_described_too(tmp_path: Path) -> None:
    folder = tmp_path / "old" / "backups"
    folder.mkdir(parents=True)
    script = (Path(__file__).parent / "schemas" / "100.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(folder / "project-20260101-000000-000000Z_0123abcd.db")) as db:
        db.executescript(script)
        expected = tuple(db.execute("SELECT (SELECT COUNT(*) FROM images), (SELECT COUNT(*) FROM classes)").fetchone())
    (found,) = backups.list_backups(tmp_path / "old")
    assert not found.damaged
    assert (found.images, found.classes) == expected


def test_only_a_sound_backup_is_vouched_for(pets: Pets) -> None:
    made = pets(["cat"] * 300)
    copy = made.back_up()
    assert copy is not None
    assert backups.require_sound(copy).images == 300
    data = bytearray(copy.read_bytes())
    data[-3 * 4096 :] = b"\xa5" * (3 * 4096)
    copy.write_bytes(data)
    with pytest.raises(ProjectDamaged, match="backup is damaged") as caught:
        backups.require_sound(copy)
    assert caught.value.path == str(copy)
    assert backups.newest_sound(made.folder) is None


def test_names_that_only_look_like_backups_are_left_alone(pets: Pets) -> None:
    made = pets(["cat"])
    copy = made.back_up()
    assert copy is not None
    mine = [copy.with_name(name) for name in ("project-copy.db", "project-20261340-000000-000000Z_a.db")]
    for path in mine:
        path.write_bytes(b"mine")
    assert [b.made_at for b in backups.list_backups(made.folder)][1:] == [0.0], "no such month"
    with made.read() as db:
        backups.make(db, made.folder)
    assert mine[0].exists()


# --- a database that can't be read ---


@pytest.mark.parametrize(
    ("data", "log", "kept"),
    [
        (None, None, False),
        (b"", None, False),
        (b"", b"log", True),
        (b"damaged", None, True),
        (b"damaged", b"log", True),
    ],
)
def test_a_damaged_database_and_its_log_are_kept_as_they_are(
    tmp_path: Path, data: bytes | None, log: bytes | None, kept: bool
) -> None:
    database = tmp_path / "project.db"
    if data is not None:
        database.write_bytes(data)
    if log is not None:
        database.with_name("project.db-wal").write_bytes(log)
    name = backups.keep_damaged(tmp_path, database)
    assert (name is not None) is kept
    if name is None:
        assert not (tmp_path / "backups").exists()
        return
    assert name.endswith("Z_damaged")
    copy = tmp_path / "backups" / f"project-{name}.db"
    assert copy.read_bytes() == data
    wal = copy.with_name(f"{copy.name}-wal")
    assert (wal.read_bytes() if wal.exists() else None) == log


# --- the limits of thinning out ---

NOW = datetime(2026, 5, 12, 18, 0).timestamp()
MINUTES, DAYS = 60.0, 86_400.0


@pytest.mark.parametrize(("late", "stays"), [(0.0, True), (1.0, False)])
def test_the_last_day_is_24_hours(late: float, stays: bool) -> None:
    """Of two backups of yesterday the older one stays only while it is one of the last 24 hours."""
    older, newer = NOW - DAYS - late, NOW - DAYS + 30 * MINUTES
    assert (older in kept_of([older, newer, NOW], NOW)) is stays


@pytest.mark.parametrize(("late", "stays"), [(0.0, True), (1.0, False)])
def test_single_days_are_kept_for_14_days(late: float, stays: bool) -> None:
    """28 April is a Tuesday: the Monday before is of the same week, and goes where the days are no longer told apart."""
    monday, tuesday = NOW - 15 * DAYS, NOW - 14 * DAYS - late
    assert (monday in kept_of([monday, tuesday, NOW], NOW)) is stays


@pytest.mark.parametrize(("late", "stays"), [(0.0, True), (1.0, False)])
def test_weeks_are_kept_for_182_days(late: float, stays: bool) -> None:
    oldest = NOW - 182 * DAYS - late
    assert (oldest in kept_of([oldest, NOW], NOW)) is stays


def test_the_same_week_of_another_year_is_another_week() -> None:
    now = datetime(2026, 1, 20, 12, 0).timestamp()
    before, after = datetime(2025, 12, 27, 12, 0).timestamp(), datetime(2025, 12, 30, 12, 0).timestamp()
    assert kept_of([before, after, now], now) == [before, after, now], "week 52 of 2025 and week 1 of 2026"


def test_ten_of_the_last_day() -> None:
    assert LAST_DAY_KEPT == 10
    times = [NOW - (11 - i) * MINUTES for i in range(12)]
    assert kept_of(times, NOW) == times[2:]
    assert to_remove([], NOW) == set()
