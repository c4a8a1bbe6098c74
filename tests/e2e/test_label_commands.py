"""`labels suggest` and `labels compare`, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TEST_MODEL
from tlstudio.cli import run
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.workflow import browsing, labeling
from tlstudio.workflow.training import train


def call(*arguments: object) -> int:
    return run([str(a) for a in arguments], lambda project: 99)


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    """Three colours; every second image has no class any more."""
    assert call("import", make_images(12), "--project", tmp_path / "project") == 0
    capfd.readouterr()
    return tmp_path / "project"


def last(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    assert found["event"] == "result"
    return found


def test_suggest(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("labels", "suggest", "--project", project) == 1
    assert "No model has been trained" in capfd.readouterr().err
    made = train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32)).run
    labeling.set_label(project, [r.id for r in browsing.images(project)][::2], None)
    assert call("labels", "suggest", "--project", project, "--run", made, "--json") == 0
    found = last(capfd.readouterr().out)
    assert found["run"] == made
    assert {"file", "class", "confidence", "priority"} == set(found["suggestions"][0])
    assert [s["priority"] for s in found["suggestions"]] == list(range(1, len(found["suggestions"]) + 1))
    right = [Path(s["file"]).parent.name == s["class"] for s in found["suggestions"]]
    assert sum(right) > 0.8 * len(right) > 5
    assert call("labels", "suggest", "--project", project) == 0
    said = capfd.readouterr().out
    assert "Label these first" in said
    assert "None is a label until you accept it" in said


def test_accept(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("labels", "accept", "--project", project) == 2
    assert "not said which" in capfd.readouterr().err
    assert call("labels", "accept", "--project", project, "--at-least", "0.5") == 2
    assert "no suggestions" in capfd.readouterr().err
    train(project, TrainSettings(TEST_MODEL, Mode.QUICK, input_size=32))
    labeling.set_label(project, [r.id for r in browsing.images(project)][::2], None)
    assert call("labels", "suggest", "--project", project, "--json") == 0
    told = last(capfd.readouterr().out)["suggestions"]
    sure = sorted(told, key=lambda s: s["confidence"])[-3]["confidence"]
    assert call("labels", "accept", "--project", project, "--at-least", sure, "--json") == 0
    done = last(capfd.readouterr().out)
    assert done["accepted"] == 3 and done["waiting"] == len(told) - 3
    assert {s["file"] for s in done["images"]} == {s["file"] for s in told if s["confidence"] >= sure}
    labels = {str(r.path): r.label for r in browsing.images(project)}
    assert all(labels[s["file"]] == (s["class"] if s["confidence"] >= sure else None) for s in told)
    rest = [s for s in told if s["confidence"] < sure]
    assert call("labels", "accept", "--project", project, rest[0]["file"], "--json") == 0
    assert [s["file"] for s in last(capfd.readouterr().out)["images"]] == [rest[0]["file"]]
    one = next(s["class"] for s in rest[1:])
    assert call("labels", "accept", "--project", project, "--class", one) == 0
    assert {
        r.label for r in browsing.images(project) if str(r.path) in {s["file"] for s in rest if s["class"] == one}
    } == {one}
    assert call("labels", "accept", "--project", project, "--class", "nothing") == 2
    assert call("labels", "accept", "--project", project, tmp_path / "stranger.png") == 2
    assert call("labels", "accept", "--project", project, "--at-least", "1.5") == 2


def test_compare(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = browsing.images(project)
    lines = ["file;class", *(f"{r.path.name};{'red' if i < 3 else r.label}" for i, r in enumerate(rows[:20]))]
    table = tmp_path / "second reader.csv"
    table.write_text("\n".join([*lines, "nowhere.png;red"]), encoding="utf-8")
    assert call("labels", "compare", "--project", project, "--with", table, "--json") == 0
    found = last(capfd.readouterr().out)
    wrong = sum(r.label != "red" for r in rows[:3])
    assert (found["annotator"], found["n"], len(found["disagreements"])) == ("second reader", 20, wrong)
    assert found["agreement"]["value"] == pytest.approx(1 - wrong / 20)
    assert [u["row"] for u in found["unused"]] == ["Row 22"]
    assert call("labels", "compare", "--project", project, "--with", table, "--name", "Ben") == 0
    said = capfd.readouterr().out
    for words in ("You and Ben agree on", "Cohen's kappa", "Rows that were not used", "Labeled differently"):
        assert words in said
    assert call("labels", "compare", "--project", project, "--with", tmp_path / "none.csv") == 1
    assert "none.csv" in capfd.readouterr().err


def test_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert call("labels") == 2
    assert "compare" in capfd.readouterr().err
