"""Numbers and times as the window says them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tlstudio.domain.events import Progress, Unit
from tlstudio.gui import messages


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (-1, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (4, "a few seconds left"),
        (38, "about 40 s left"),
        (70, "about a minute left"),
        (250, "about 4 minutes left"),
        (89 * 60, "about 89 minutes left"),
        (5990, "about 1 hour 40 minutes left"),
        (2 * 3600 + 700, "about 2 hours 10 minutes left"),
        (2 * 3600 - 120, "about 2 hours left"),
    ],
)
def test_time_left_is_rounded(seconds: float | None, said: str) -> None:
    assert messages.time_left(seconds) == said


@pytest.mark.parametrize("seconds", [0.5, 4, 9.9, 12, 38, 54, 60, 89, 91, 250, 3000, 5390, 5990, 7080, 7900, 86_000])
def test_a_time_is_rounded_alike_wherever_it_is_said(seconds: float) -> None:
    assert messages.time_left(seconds) == f"{messages.about(seconds)} left"
    if seconds >= 90:
        assert messages.about(seconds) == f"about {messages.duration(seconds)}"


def test_progress_is_told_alike_wherever_it_is_said() -> None:
    event = Progress("Reading images.", 24, 1500, 250.0)
    assert messages.progress(event) == "Reading images · 24 of 1,500 · about 4 minutes left"
    assert messages.progress(event, time=False) == "Reading images · 24 of 1,500"
    assert messages.progress(event, stage="") == "24 of 1,500 · about 4 minutes left"
    share = Progress("Trying ResNet (1 of 5)", 24, 1000, unit=Unit.SHARES)
    assert messages.progress(share) == "Trying ResNet (1 of 5) · 2\N{NO-BREAK SPACE}%"


def test_numbers_sizes_and_lists() -> None:
    assert messages.count(1, "image") == "1 image"
    assert messages.count(1344, "image") == "1,344 images"
    assert messages.count(2, "class", "classes") == "2 classes"
    assert messages.size(999) == "999 bytes"
    assert messages.size(14_200_000) == "14 MB"
    assert messages.size(1_240_000_000) == "1.2 GB"
    assert messages.percent(0.912) == "91\N{NO-BREAK SPACE}%"
    assert messages.listing(["a"]) == "a"
    assert messages.listing(["a", "b", "c"]) == "a, b and c"
    assert messages.listing(["a", "b", "c", "d"]) == "a, b and 2 more"


def test_moments_are_told_as_people_do() -> None:
    noon = time.mktime((2026, 5, 12, 12, 0, 0, 0, 0, -1))
    assert messages.ago(noon - 5, noon) == "just now"
    assert messages.ago(noon - 20 * 60, noon) == "20 minutes ago"
    assert messages.ago(noon - 3 * 3600, noon) == "3 hours ago"
    assert messages.ago(noon - 20 * 3600, noon) == "yesterday"
    assert messages.ago(noon - 40 * 86_400, noon) == "2 April 2026"
    assert messages.ago(0, noon) == "never"


def test_home_folder_is_shortened() -> None:
    assert messages.place(Path.home() / "a" / "b") == str(Path("~/a/b"))
    assert messages.place(Path("/elsewhere")) == str(Path("/elsewhere"))
