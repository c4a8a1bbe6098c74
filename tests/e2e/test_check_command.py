"""The command `check`: findings for people and programs, repairs and setting aside by kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_commands import call, lines
from tlstudio.storage.images import list_images
from tlstudio.storage.project import Project
from tlstudio.workflow import labeling

KEYS = {"kind", "severity", "count", "files", "title", "harm", "repair", "ignored"}


@pytest.fixture
def project(make_images: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Three classes; one picture lies twice in its class, another one in two classes."""
    source = make_images(12)
    shutil.copy(source / "red" / "red_000.png", source / "red" / "again.png")
    shutil.copy(source / "red" / "red_001.png", source / "blue" / "wrong.png")
    assert call("import", source, "--project", tmp_path / "project") == 0
    capsys.readouterr()
    return tmp_path / "project"


@pytest.fixture
def checked(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """Calls `check` with these options and gives the lines it said."""

    def run(*options: str, status: int = 0) -> list[dict[str, Any]]:
        assert call("check", "--project", project, *options, "--json") == status
        return lines(capsys.readouterr().out)

    return run


def kinds(said: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {finding["kind"]: finding for finding in said[-1]["findings"]}


def test_quick_findings_come_first_and_all_at_the_end(checked: Callable[..., list[dict[str, Any]]]) -> None:
    said = checked()
    first = next(line for line in said if line["event"] == "first_findings")
    assert {f["kind"] for f in first["findings"]} >= {"exact_duplicate", "conflicting_labels", "small_class"}
    assert said[-1]["event"] == "result"
    assert all(set(f) == KEYS for f in (*first["findings"], *said[-1]["findings"]))
    assert kinds(said)["exact_duplicate"]["repair"] == "leave_copies_out"
    assert kinds(said)["small_class"]["repair"] is None
    quick = checked("--quick")
    assert "label_suspect" not in kinds(quick)
    assert not any(line.get("stage") == "Comparing the labels" for line in quick)


def test_repairs_are_made_and_told(project: Path, checked: Callable[..., list[dict[str, Any]]]) -> None:
    said = checked("--quick", "--repair", "exact_duplicate, conflicting_labels,leak")
    assert said[-1]["repaired"] == [
        {"kind": "exact_duplicate", "images": 1, "sentence": "1 copy left out"},
        {"kind": "conflicting_labels", "images": 2, "sentence": "2 images marked to look again"},
    ]
    assert "exact_duplicate" not in kinds(said)
    rows = list_images(Project.open(project))
    assert (sum(r.excluded for r in rows), sum(r.unsure for r in rows)) == (1, 2)
    for _ in range(2):
        assert labeling.undo(project) is not None
    assert not any(r.excluded or r.unsure for r in list_images(Project.open(project)))
    assert "repaired" not in checked("--quick")[-1]


def test_what_no_command_repairs_is_refused_before_anything_is_done(
    project: Path, checked: Callable[..., list[dict[str, Any]]]
) -> None:
    said = checked("--quick", "--repair", "exact_duplicate,small_class", status=2)
    assert said[-1]["event"] == "failed"
    assert "Add images" in said[-1]["remedy"]
    assert not any(r.excluded for r in list_images(Project.open(project)))
    assert "leak, torn_groups" in checked("--repair", "no_such_kind", status=2)[-1]["remedy"]


def test_a_finding_is_set_aside_with_a_reason_and_taken_back(checked: Callable[..., list[dict[str, Any]]]) -> None:
    assert checked("--quick", "--ignore", "small_class", status=2)[-1]["event"] == "failed"
    said = checked("--quick", "--ignore", "small_class", "--reason", "A trial.")
    assert kinds(said)["small_class"]["ignored"] is True
    assert said[-1]["findings"][-1]["kind"] == "small_class", "at the end"
    assert kinds(checked("--quick"))["small_class"]["ignored"] is True
    assert checked("--quick", "--ignore", "small_class", "--reason", "Again.", status=2)
    assert kinds(checked("--quick", "--unignore", "small_class"))["small_class"]["ignored"] is False
    assert checked("--quick", "--unignore", "small_class", status=2)


def test_people_get_sentences(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "--project", project, "--quick", "--ignore", "small_class", "--reason", "A trial.") == 0
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "1 image is an exact copy of another" in printed
    assert "--repair exact_duplicate" in printed
    assert "1 finding set aside" in printed and "A trial." in printed
