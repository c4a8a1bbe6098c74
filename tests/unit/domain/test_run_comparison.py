"""Runs side by side: only what differs is told."""

from __future__ import annotations

from tlstudio.domain.run_comparison import side_by_side
from tlstudio.domain.runs import EpochRow, Mode, RunRow, RunState, TrainSettings
from tlstudio.domain.values import Interval


def run(name: str, **wishes: object) -> RunRow:
    settings = TrainSettings("starter", **wishes)  # type: ignore[arg-type]
    history = (EpochRow(1, 0.5, 0.4, 0.9, 1e-3, 2.0),)
    accuracy = Interval(0.9, 0.8, 0.95)
    return RunRow(name, "starter", settings.mode, RunState.FINISHED, 0.0, settings, accuracy=accuracy, history=history)


def test_settings_that_differ_are_told_with_a_value_for_each_run() -> None:
    found = side_by_side([run("a"), run("b", mode=Mode.THOROUGH), run("c", learning_rate=0.01)])
    told = {d.setting: d.values for d in found.differences}
    assert told == {"mode": ("balanced", "thorough", "balanced"), "learning_rate": (0.0, 0.0, 0.01)}


def test_the_same_settings_have_no_differences() -> None:
    plain = side_by_side([run("a"), run("b")]).to_json()
    assert plain["differences"] == []
    assert [r["run"] for r in plain["runs"]] == ["a", "b"]
    assert plain["runs"][0]["interval"] == Interval(0.9, 0.8, 0.95).to_json()
    (epoch,) = plain["runs"][0]["curve"]
    assert (epoch["epoch"], epoch["accuracy"], epoch["train_accuracy"]) == (1, 0.9, None)
    assert (epoch["train_loss"], epoch["val_loss"], epoch["learning_rate"]) == (0.5, 0.4, 1e-3)


def test_no_runs_is_no_failure() -> None:
    assert side_by_side([]).to_json() == {"runs": [], "differences": []}
