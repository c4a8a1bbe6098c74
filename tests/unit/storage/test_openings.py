"""The book of openings of the test images: nothing in it is lost, taken back or made up."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tlstudio.domain.errors import CantWrite
from tlstudio.domain.openings import Opening, UseOfTest, Way
from tlstudio.storage import openings, places, recovery
from tlstudio.storage.project import Project

CONTENTS = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(100)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "p", "P")


def test_an_opening_is_entered_with_who_when_and_which(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "user_name", lambda: "Zoë")
    monkeypatch.setattr(openings.time, "time", lambda: 1_700_000_000.1234)
    openings.record(project, "run-1", Way.EVALUATE, [*CONTENTS, CONTENTS[0]])
    (found,) = openings.read(project)
    assert (found.moment, found.who, found.run, found.way) == (1_700_000_000.123, "Zoë", "run-1", Way.EVALUATE)
    assert (found.images, len(found.marks)) == (100, 64), "a copy is the same image"
    assert found.to_json() == {
        "time": 1_700_000_000.123, "who": "Zoë", "run": "run-1", "for": "evaluate", "images": 100,
    }  # fmt: skip


def test_no_opening_is_taken_back_by_a_backup_that_is_restored(project: Project) -> None:
    project.back_up()
    openings.record(project, "run-1", Way.EVALUATE, CONTENTS)
    project.set_meta("name", "Other")
    recovery.restore(project.folder, None, "tests")
    assert project.meta("name") == "P"
    assert [opening.run for opening in openings.read(project)] == ["run-1"]


def test_it_can_be_entered_while_a_window_holds_the_project(project: Project) -> None:
    with openings_held(project):
        openings.record(project, "run-1", Way.REPORT, CONTENTS)
    assert openings.use_of(project, CONTENTS).times == 1


def openings_held(project: Project):  # type: ignore[no-untyped-def]
    from tlstudio.storage import holding

    return holding.held(project.folder, "a window")


def test_half_a_line_costs_itself_alone(project: Project) -> None:
    openings.record(project, "run-1", Way.EVALUATE, CONTENTS)
    with (project.folder / openings.NAME).open("ab") as file:
        file.write(b'{"time": 1, "who"')
    openings.record(project, "run-2", Way.EXPORT, CONTENTS)
    assert [opening.run for opening in openings.read(project)] == ["run-1", "run-2"]


@pytest.mark.parametrize(
    "line", ["[]", "{}", '{"time": "x"}', "null", '{"time": 1, "who": "", "run": "r", "for": "fun"}']
)
def test_what_is_no_opening_is_passed_over(project: Project, line: str) -> None:
    (project.folder / openings.NAME).write_text(line + "\n", encoding="utf-8")
    assert openings.read(project) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that can't be written")
def test_what_can_not_be_entered_is_not_opened(project: Project) -> None:
    project.folder.chmod(0o500)
    try:
        with pytest.raises(CantWrite):
            openings.record(project, "run-1", Way.EVALUATE, CONTENTS)
    finally:
        project.folder.chmod(0o700)


def test_only_openings_of_these_images_count(project: Project) -> None:
    openings.record(project, "run-1", Way.EVALUATE, CONTENTS[:50])
    openings.record(project, "run-2", Way.EVALUATE, CONTENTS[40:])
    assert openings.use_of(project, CONTENTS[:10]).times == 1
    assert openings.use_of(project, CONTENTS).times == 2
    assert openings.use_of(project, ["f" * 64]).times == 0


def test_runs_of_an_earlier_version_were_opened_once_at_least(project: Project) -> None:
    folder = project.run_folder("old")
    folder.mkdir(parents=True)
    told = {"predictions": [{"content": content} for content in CONTENTS[:3]]}
    (folder / openings.MEASURED).write_text(json.dumps(told), encoding="utf-8")
    use = openings.use_of(project, CONTENTS)
    assert [(o.run, o.way, o.who, o.images) for o in use.openings] == [("old", Way.EARLIER, "", 3)]
    assert use.openings[0].moment == pytest.approx((folder / openings.MEASURED).stat().st_mtime)
    assert openings.use_of(project, CONTENTS[5:]).times == 0
    openings.record(project, "old", Way.EVALUATE, CONTENTS)
    assert openings.use_of(project, CONTENTS).times == 1, "from then on they are counted"
    (folder / openings.MEASURED).write_text("{", encoding="utf-8")
    assert openings.use_of(project, CONTENTS).times == 1


def test_a_damaged_file_of_an_earlier_version_still_counts(project: Project) -> None:
    project.run_folder("old").mkdir(parents=True)
    (project.run_folder("old") / openings.MEASURED).write_text("{", encoding="utf-8")
    assert openings.use_of(project, CONTENTS).times == 1


def opening(run: str) -> Opening:
    return Opening(0.0, "", run, Way.EVALUATE, 3)


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ([], ""),
        (["a"], "These images have been used once to compare 1 training."),
        (["a", "a"], "These images have been used 2 times to compare 1 training."),
        (
            ["a", "b", "a"],
            "These images have been used 3 times to compare 2 trainings, so the best of them looks a little too good.",
        ),
    ],
)
def test_it_is_told_in_one_sentence(runs: list[str], sentence: str) -> None:
    use = UseOfTest(tuple(map(opening, runs)))
    assert use.sentence == sentence
    assert use.compared is (len(set(runs)) > 1)
    assert (use.of("a"), use.of("c")) == (runs.count("a"), 0)
    assert (use.to_json()["times"], use.to_json()["trainings"]) == (len(runs), len(set(runs)))
