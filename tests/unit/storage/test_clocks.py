"""A clock that stands still while the computer sleeps, one that also does while work is paused, and one that never does."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tlstudio.storage import clocks
from tlstudio.storage.clocks import SleepWatch, always, awake, pause, working


@pytest.mark.parametrize("clock", [awake, always, working])
def test_both_go_on_as_time_does(clock: object) -> None:
    seen: list[float] = []
    for _ in range(2):
        seen += [time.monotonic(), clock(), time.monotonic()]  # type: ignore[operator]
        time.sleep(0.1)
    before, first, after, later, second, end = seen
    assert later - after - 0.01 <= second - first <= end - before + 0.01


def test_what_one_counts_and_the_other_does_not_was_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"awake": 100.0, "always": 5000.0}
    monkeypatch.setattr(clocks, "awake", lambda: now["awake"])
    monkeypatch.setattr(clocks, "always", lambda: now["always"])
    watch = SleepWatch()
    now["awake"] += 10
    now["always"] += 10
    assert watch.slept() == 0
    now["awake"] += 1
    now["always"] += 3601
    assert watch.slept() == 3600
    assert watch.slept() == 0


def test_sleep_is_counted_from_the_beginning_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"always": 5000.0}
    monkeypatch.setattr(clocks, "awake", lambda: 100.0)
    monkeypatch.setattr(clocks, "always", lambda: now["always"])
    watch = SleepWatch()
    now["always"] += 3600
    assert watch.slept() == 3600


@pytest.mark.parametrize(
    ("platform", "clock"), [("linux", "CLOCK_BOOTTIME"), ("darwin", "CLOCK_MONOTONIC"), ("win32", "")]
)
def test_each_platform_has_a_clock_that_goes_on(monkeypatch: pytest.MonkeyPatch, platform: str, clock: str) -> None:
    for number, name in enumerate(("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"), start=1):
        monkeypatch.setattr(clocks.time, name, number, raising=False)
    monkeypatch.setattr(clocks.time, "clock_gettime", {1: 11.0, 2: 22.0}.__getitem__, raising=False)
    monkeypatch.setattr(clocks.time, "monotonic", lambda: 33.0)
    monkeypatch.setattr(clocks, "PLATFORM", platform)
    assert always() == {"CLOCK_BOOTTIME": 11.0, "CLOCK_MONOTONIC": 22.0, "": 33.0}[clock]


@pytest.mark.parametrize("works", [True, False])
def test_windows_counts_without_sleep_where_it_can(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    def query(place: Any) -> int:
        place._obj.value = 123_000_000
        return int(works)

    kernel = SimpleNamespace(QueryUnbiasedInterruptTime=query)
    monkeypatch.setattr(clocks, "PLATFORM", "win32")
    monkeypatch.setattr(clocks.ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    before = time.monotonic()
    assert awake() == 12.3 if works else awake() >= before
    assert always() >= before


def test_a_pause_is_nobodys_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"awake": 100.0}
    monkeypatch.setattr(clocks, "awake", lambda: now["awake"])
    begun = working()
    now["awake"] += 5
    with pause():
        now["awake"] += 1800
        assert working() - begun == 5, "it stands still while the pause goes on"
        with pause():
            now["awake"] += 60
        now["awake"] += 60
        assert working() - begun == 5, "a pause within a pause does not end it"
    assert working() - begun == 5
    now["awake"] += 2
    assert working() - begun == 7


def test_a_pause_that_ends_in_an_error_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = {"awake": 100.0}
    monkeypatch.setattr(clocks, "awake", lambda: now["awake"])
    begun = working()
    with pytest.raises(KeyError), pause():
        now["awake"] += 30
        raise KeyError
    now["awake"] += 1
    assert working() - begun == 1
