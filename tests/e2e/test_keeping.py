"""Backups and holders on the command line: list, restore, and who may change a project meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COLOURS, paint
from tests.unit.conftest import labels_now, new_image
from tests.unit.storage.test_holding import other_program
from tests.unit.storage.test_recovery import damage_pages
from tlstudio.cli import run
from tlstudio.storage import backups, labels
from tlstudio.storage.holding import FILE
from tlstudio.storage.images import add_images
from tlstudio.storage.project import Project

Call = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs a command with --json; its exit status and what it printed."""

    def do(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
        status = run([*map(str, arguments), "--json"], lambda _: 1)
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return do


@pytest.fixture
def made(tmp_path: Path) -> Project:
    project = Project.create(tmp_path / "pets", "Pets")
    add_images(project, [new_image(f"{i:03d}", ("cat", "dog")[i % 2]) for i in range(300)], [])
    project.back_up()
    labels.set_label(project, [1, 2], None, "me")
    return project


def test_backups_are_listed_and_restored(made: Project, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    made.back_up()
    status, lines = call("backups", "list", "--project", made.folder)
    assert status == 0
    newer, older = lines[-1]["backups"]
    assert (newer["images"], newer["classes"], newer["labels"]) == (300, 2, 298)
    assert (older["labels"], older["damaged"]) == (300, False)
    assert set(older) >= {"name", "made_at", "bytes"}
    assert call("backups", "restore", "--project", made.folder, older["name"])[1][-1] == {
        "event": "result",
        "restored": older["name"],
        "kept": newer["name"],
    }
    assert labels_now(made).count(None) == 0
    assert run(["backups", "list", "--project", str(made.folder)], lambda _: 1) == 0
    assert older["name"] in capsys.readouterr().out
    assert run(["backups", "restore", "--project", str(made.folder), newer["name"]], lambda _: 1) == 0
    assert "What was there before is kept as" in capsys.readouterr().out
    status, lines = call("backups", "restore", "--project", made.folder, "nothing")
    assert (status, lines[-1]["kind"]) == (1, "FileTrouble")
    assert run(["backups", "list", "--project", str(made.folder.parent)], lambda _: 1) == 0
    assert "no backups" in capsys.readouterr().out


def test_a_damaged_project_is_restored_with_the_command_that_the_failure_names(made: Project, call: Call) -> None:
    damage_pages(made.database)
    status, lines = call("train", "--project", made.folder)
    assert (status, lines[-1]["kind"]) == (1, "ProjectDamaged")
    assert "tlstudio backups restore" in lines[-1]["remedy"]
    assert "300 labels" in lines[-1]["remedy"]
    status, lines = call("backups", "restore", "--project", made.folder)
    assert status == 0
    assert lines[-1]["kept"].endswith("damaged")
    assert labels_now(made).count(None) == 0


def test_commands_that_change_something_wait_for_nobody_and_name_the_holder(
    made: Project, call: Call, tmp_path: Path
) -> None:
    for name in ("red", "blue"):
        paint(tmp_path / "source" / name, f"{name}.png", COLOURS[name], seed=0)
    with other_program(made.folder) as (process, _):
        for arguments in (
            ("train", "--project", made.folder),
            ("import", tmp_path / "source", "--project", made.folder),
            ("backups", "restore", "--project", made.folder),
            ("evaluate", "--project", made.folder, "--sensitivity", "cat=0.9"),
        ):
            status, lines = call(*arguments)
            assert (status, lines[-1]["kind"]) == (1, "ProjectBusy")
            assert f"process {process.pid}" in lines[-1]["what"]
        assert call("backups", "list", "--project", made.folder)[0] == 0
        assert call("evaluate", "--project", made.folder)[1][-1]["kind"] == "RunNotFound", "it may look"
    assert labels_now(made).count(None) == 2


def test_a_command_that_changed_something_ends_with_a_backup(call: Call, tmp_path: Path) -> None:
    for name in ("red", "blue"):
        for i in range(2):
            paint(tmp_path / "source" / name, f"{name}{i}.png", COLOURS[name], seed=i)
    place = tmp_path / "project"
    assert call("import", tmp_path / "source", "--project", place)[0] == 0
    assert [b.images for b in backups.list_backups(place)] == [4]
    paint(tmp_path / "source" / "red", "more.png", COLOURS["red"], seed=9)
    assert call("import", tmp_path / "source", "--project", place)[0] == 0
    assert [b.images for b in backups.list_backups(place)] == [5, 4]
    assert not (place / FILE).exists()
