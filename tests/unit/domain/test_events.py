"""Events as JSON lines, and what is kept of runs."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.events import (
    SILENT,
    EpochDone,
    Event,
    FirstResult,
    Memory,
    Note,
    Predicted,
    Progress,
    Started,
    StepDone,
    Unit,
    event_name,
    sentence,
    to_plain,
)
from tlstudio.domain.findings import Finding, Severity
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.domain.values import Interval, Split

SHARE = Interval(0.9, 0.8, 0.95)
EVENTS = [
    Started("run-1"),
    Progress("Reading images", 3, 10, 1.5),
    Note("Hello."),
    FirstResult(SHARE, 2.0),
    StepDone(1, 5, 2, 10, 0.7, 100.0, None),
    EpochDone(1, 5, 0.7, 0.6, SHARE, SHARE, 1e-3, 100.0, 9.0, 0.8, Memory(2**30, 5, 8), ((3, 1), (0, 4))),
    Predicted({"file": "a.png", "probabilities": {"cat": 0.5}}),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: type(e).__name__)
def test_event_is_one_json_object_with_its_name_and_survives_the_pipe(event: Event) -> None:
    told = json.loads(json.dumps(event.to_json()))
    assert told["event"] == event_name(type(event))
    assert set(told) == {"event", *(f.name for f in fields(event))}
    assert pickle.loads(pickle.dumps(event)) == event


def test_names_are_the_documented_ones() -> None:
    names = [event_name(type(e)) for e in EVENTS]
    assert names == ["started", "progress", "note", "first_result", "step_done", "epoch_done", "predicted"]


def test_intervals_inside_events_become_objects() -> None:
    assert EVENTS[3].to_json()["accuracy"] == {"value": 0.9, "low": 0.8, "high": 0.95}


def test_a_log_says_what_lasts_and_nothing_of_what_passes() -> None:
    assert [sentence(e) for e in EVENTS] == [
        "Run run-1",
        "",
        "Hello.",
        "First result: 90 % (80 to 95) after 2 s",
        "",
        "Epoch 1 of 5: 90 % (80 to 95), best 90 % (80 to 95), 100 images/s",
        "",
    ]


def test_plain_form_of_paths_enums_tuples_and_nested_dataclasses() -> None:
    finding = Finding("leak", Severity.HIGH, 1, ("a", "b"), "Title", "Harm.")
    plain = to_plain({"where": Path("x") / "y", Split.VAL: Split.TEST, "list": (finding, {1})})
    assert plain["where"] == str(Path("x") / "y")
    assert plain["val"] == "test"
    assert plain["list"][0]["severity"] == "high"
    assert plain["list"][0]["files"] == ["a", "b"]
    assert json.dumps(plain)


def test_silent_reporter_never_stops_a_task() -> None:
    SILENT.report(Note("Nobody listens."))
    assert SILENT.stop_requested() is False


def test_interval_for_people() -> None:
    assert Interval(0.914, 0.88, 0.94).percent() == "91 % (88 to 94)"
    assert Interval.from_json(SHARE.to_json()) == SHARE


def test_train_settings_read_back_and_ignore_what_they_do_not_know() -> None:
    settings = TrainSettings("net.tag", Mode.THOROUGH, seed=3, flips=False)
    assert TrainSettings.from_json({**settings.to_json(), "new_in_2030": 1}) == settings
    with pytest.raises(WrongUsage, match="tpu"):
        TrainSettings("net.tag", device="tpu")


@pytest.mark.parametrize(
    ("event", "counted"),
    [
        (Progress("Reading images", 24, 1500), "24 of 1,500"),
        (Progress("Reading images", 0, 0), ""),
        (Progress("Reading an image", 1, 1), ""),
        (Progress("Reading images", 1, 2), "1 of 2"),
        (Progress("Comparing", 24, 1000, unit=Unit.SHARES), "2\N{NO-BREAK SPACE}%"),
        (Progress("Comparing", 999, 1000, unit=Unit.SHARES), "99\N{NO-BREAK SPACE}%"),
        (Progress("Comparing", 1000, 1000, unit=Unit.SHARES), "100\N{NO-BREAK SPACE}%"),
        (Progress("Fetching", 3_100_000, 14_000_000, unit=Unit.BYTES), "3.1 MB of 14 MB"),
        (Progress("Fetching", 0, 0, unit=Unit.BYTES), ""),
    ],
)
def test_only_what_can_be_counted_is_counted(event: Progress, counted: str) -> None:
    """Thousandths of a way are a share, bytes have a unit."""
    assert event.counted() == counted


def test_an_epoch_of_a_rehearsal_says_that_it_is_one() -> None:
    told = EpochDone(3, 36, 0.7, 0.6, SHARE, SHARE, 1e-3, 100.0, 9.0)
    assert sentence(told) == "Epoch 3 of 36: 90 % (80 to 95), best 90 % (80 to 95), 100 images/s".replace(
        " %", SHARE.percent()[2:4]
    )
    rehearsal = sentence(replace(told, rehearsal=True))
    assert rehearsal.startswith("Rehearsal, epoch 3 of 36: ") and "of the half left out" in rehearsal
    assert "best" not in rehearsal
