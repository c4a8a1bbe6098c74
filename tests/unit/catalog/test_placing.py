"""Room on the disk, progress, one at a time, and weights that appear whole or not at all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tlstudio.catalog import placing
from tlstudio.catalog.placing import Meter, alone, make_room, staging, unfinished_folder
from tlstudio.domain.errors import CantWrite, DiskFull, FileTrouble, WeightsRefused

MODEL = "resnet18.a1_in1k"
INTERVAL = placing.INTERVAL  # as it is without the haste of the other tests


@pytest.fixture
def clock(monkeypatch):
    """Time that passes when it is told to: clock.now, in seconds."""
    told = SimpleNamespace(now=0.0)
    monkeypatch.setattr(placing, "INTERVAL", INTERVAL)
    monkeypatch.setattr("tlstudio.catalog.placing.time", SimpleNamespace(monotonic=lambda: told.now))
    return told


# --- progress ---


def seen(reporter):
    return [(event.done, event.seconds_left) for event in reporter.progress("Copying")]


def test_progress_is_told_at_once_and_then_ten_times_a_second(clock, record):
    reporter = record()
    meter = Meter(reporter, "Copying", 1000)
    assert seen(reporter) == [(0, None)]
    for now in (0.05, 0.099, 0.1, 0.15, 0.1999, 0.2001):
        clock.now = now
        meter.add(10)
    assert [done for done, _ in seen(reporter)] == [0, 30, 60]
    assert {event.total for event in reporter.progress("Copying")} == {1000}


def test_the_time_left_follows_from_the_speed(clock, record):
    reporter = record()
    meter = Meter(reporter, "Copying", 1000)
    clock.now = 2.0
    meter.add(200)
    assert seen(reporter)[-1] == (200, pytest.approx(8.0)), "100 bytes a second, 800 to go"


def test_in_no_time_nothing_is_known_of_the_speed(clock, record):
    reporter = record()
    meter = Meter(reporter, "Copying", 1000)
    meter.add(10)
    meter.report()
    assert seen(reporter)[-1] == (10, None)


def test_what_was_there_before_is_done_but_says_nothing_of_the_speed(clock, record):
    reporter = record()
    meter = Meter(reporter, "Copying", 1000, start=500)
    clock.now = 2.0
    meter.report()
    assert seen(reporter) == [(500, None), (500, None)]
    meter.add(100)
    meter.report()
    assert seen(reporter)[-1] == (600, pytest.approx(8.0)), "50 bytes a second, 400 to go"


def test_after_a_restart_nothing_has_arrived(clock, record):
    reporter = record()
    meter = Meter(reporter, "Copying", 1000, start=500)
    clock.now = 10.0
    meter.restart()
    meter.report()
    clock.now = 11.0
    meter.add(100)
    assert seen(reporter)[-2:] == [(0, None), (100, pytest.approx(9.0))]


# --- room ---


def test_so_much_must_stay_free():
    assert placing.SPARE == 64_000_000
    assert placing.CHUNK == 1_048_576
    assert INTERVAL == 0.1


@pytest.mark.parametrize(("free", "enough"), [(164_000_000, True), (163_999_999, False)])
def test_room_for_the_model_and_64_megabytes_more(free, enough, monkeypatch):
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    if enough:
        make_room(100_000_000)
        assert unfinished_folder().is_dir()
        return
    with pytest.raises(DiskFull, match="needs 164 MB and 164 MB are free") as caught:
        make_room(100_000_000)
    assert caught.value.path == str(unfinished_folder())
    assert "TLSTUDIO_HOME" in caught.value.remedy


def test_a_full_disk_has_nothing_free(monkeypatch):
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda folder: SimpleNamespace(free=-5_000_000))
    with pytest.raises(DiskFull, match="needs 164 MB and 0 MB are free"):
        make_room(100_000_000)
    monkeypatch.setattr(placing.shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_400_000))
    with pytest.raises(DiskFull, match="needs 164 MB and 1 MB are free"):
        make_room(100_000_000)


def test_a_folder_that_can_not_be_made(home):
    home.mkdir(parents=True, exist_ok=True)
    (home / "weights").write_text("a file in the way", encoding="utf-8")
    for attempt in (lambda: make_room(1), lambda: alone(MODEL).__enter__()):
        with pytest.raises((CantWrite, FileTrouble)):
            attempt()


# --- one at a time ---


def test_the_same_model_is_added_by_one_only():
    with alone(MODEL):
        with pytest.raises(FileTrouble, match=r"adding or downloading resnet18\.a1_in1k now"), alone(MODEL):
            pytest.fail("two at once")
        with alone("vgg16.tv_in1k"):
            pass
    with alone(MODEL):
        pass


def test_a_failure_frees_the_model():
    with pytest.raises(KeyError), alone(MODEL):
        raise KeyError
    with alone(MODEL):
        pass


# --- all or nothing ---


def fill(folder, source):
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


def test_weights_take_their_place_when_they_are_whole(tmp_path, home, weights_folder):
    source, final = weights_folder(tmp_path), home / "weights" / MODEL
    with staging(MODEL) as folder:
        assert folder.name == MODEL and not list(folder.iterdir())
        fill(folder, source)
        assert not final.exists()
    assert sorted(p.name for p in final.iterdir()) == ["config.json", "model.safetensors"]
    assert not list(unfinished_folder().iterdir())


def test_newer_weights_take_the_place_of_older_ones(tmp_path, home, weights_folder):
    older = weights_folder(home / "weights")
    (older / "notes.txt").write_text("of the older ones", encoding="utf-8")
    with staging(MODEL) as folder:
        fill(folder, weights_folder(tmp_path))
    assert sorted(p.name for p in older.iterdir()) == ["config.json", "model.safetensors"]
    assert not list(unfinished_folder().iterdir())


@pytest.mark.parametrize("trouble", ["stopped", "damaged", "unmovable"])
def test_whatever_goes_wrong_the_older_weights_stay(trouble, tmp_path, home, weights_folder, monkeypatch):
    older = weights_folder(home / "weights")
    (older / "notes.txt").write_text("of the older ones", encoding="utf-8")
    moved = type(older).replace

    def immovable(path, target):
        if path.parent.name == f"{MODEL}.new" and path.name == MODEL:
            raise PermissionError(13, "in use")
        return moved(path, target)

    if trouble == "unmovable":
        monkeypatch.setattr(type(older), "replace", immovable)
    kind = {"stopped": KeyError, "damaged": WeightsRefused, "unmovable": (CantWrite, FileTrouble)}[trouble]
    with pytest.raises(kind), staging(MODEL) as folder:
        fill(folder, weights_folder(tmp_path))
        if trouble == "stopped":
            raise KeyError
        if trouble == "damaged":
            (folder / "model.safetensors").write_bytes(b"cut")
    assert (older / "notes.txt").is_file()
    assert not list(unfinished_folder().iterdir())


def test_what_an_interrupted_attempt_left_is_not_taken_over(tmp_path, home, weights_folder):
    left = unfinished_folder() / f"{MODEL}.new" / MODEL
    left.mkdir(parents=True)
    (left / "half.bin").touch()
    with staging(MODEL) as folder:
        fill(folder, weights_folder(tmp_path))
    assert not (home / "weights" / MODEL / "half.bin").exists()


def test_unfinished_weights_are_hidden(home):
    assert unfinished_folder() == home / "weights" / ".unfinished"
