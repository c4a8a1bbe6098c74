"""Label changes: undo and redo over restarts, the audit trail, and a crash that costs nothing acknowledged."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.conftest import labels_now
from tlstudio.domain.errors import WrongUsage
from tlstudio.storage import classes, journal, labels
from tlstudio.storage.journal import Turned
from tlstudio.storage.project import Project

Pets = Callable[..., Project]
KILLS = 10

LABEL_FOR_EVER = """
import sys
from pathlib import Path
from tlstudio.storage import labels
from tlstudio.storage.project import Project

project, turn = Project(Path(sys.argv[1])), 0
while True:
    image, name = turn % 50 + 1, ("cat", "dog")[(turn // 50 + int(sys.argv[2])) % 2]
    labels.set_label(project, [image], name, f"turn {turn}")
    print(image, name, flush=True)
    turn += 1
"""


def events(project: Project) -> list[tuple[str, str, int, str | None, str | None]]:
    """Kind, author, image, from and to of every label event, oldest first."""
    query = (
        "SELECT kind, author, image_id, before.name, after.name FROM label_events"
        " JOIN changes ON changes.id = change_id LEFT JOIN classes before ON before.id = before_class"
        " LEFT JOIN classes after ON after.id = after_class ORDER BY label_events.id"
    )
    with project.read() as db:
        return [tuple(row) for row in db.execute(query)]


def reopened(project: Project) -> Project:
    return Project.open(project.folder)


def test_change_counts_what_really_changed(pets: Pets) -> None:
    made = pets(["cat", "cat", "dog", None])
    assert labels.set_label(made, [1, 3, 4, 99], "dog", "ann") == 2
    assert labels_now(made) == ["dog", "cat", "dog", "dog"]
    assert labels.set_label(made, [2, 2], None, "ann") == 1
    assert labels_now(made) == ["dog", None, "dog", "dog"]


def test_unknown_class_is_wrong_usage_and_changes_nothing(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    with pytest.raises(WrongUsage, match="horse"):
        labels.set_label(made, [1], "horse", "ann")
    assert labels_now(made) == ["cat", "dog"]
    assert not journal.can_undo(made)


def test_undo_and_redo_walk_the_whole_history_over_restarts(pets: Pets) -> None:
    made = pets(["cat", "cat", "dog"])
    states = [labels_now(made)]
    for image, name in ((1, "dog"), (2, "dog"), (3, "cat"), (1, None)):
        labels.set_label(made, [image], name, "ann")
        states.append(labels_now(made))
    for state in states[-2::-1]:
        assert journal.undo(reopened(made)) is not None
        assert labels_now(made) == state
    assert journal.undo(reopened(made)) is None
    for state in states[1:]:
        assert journal.can_redo(made)
        assert journal.redo(reopened(made)) is not None
        assert labels_now(made) == state
    assert journal.redo(reopened(made)) is None


def test_a_new_change_discards_what_was_undone(pets: Pets) -> None:
    made = pets(["cat", "cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    journal.undo(made)
    labels.set_label(made, [2], "dog", "ann")
    assert not journal.can_redo(reopened(made))
    assert journal.redo(made) is None
    assert journal.undo(made) == Turned(1, "cat")
    assert labels_now(made) == ["cat", "cat", "dog"]
    assert journal.undo(made) is None, "the discarded change is not undone a second time"


def test_a_change_of_nothing_keeps_the_way_to_redo(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    journal.undo(made)
    assert labels.set_label(made, [1], "cat", "ann") == 0
    assert journal.redo(made) == Turned(1, "dog")


def test_undo_of_many_goes_back_to_each_one_s_own_class(pets: Pets) -> None:
    made = pets(["cat", "dog", None] * 400)
    before = labels_now(made)
    assert labels.set_label(made, range(1, 1201), "dog", "ann") == 800
    assert journal.undo(made) == Turned(800, None), "the classes they had are mixed"
    assert labels_now(made) == before


def test_audit_trail_says_who_and_from_what_to_what(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    journal.undo(made, "ben")
    journal.redo(made, "eve")
    assert events(made) == [
        ("import", "", 1, None, "cat"),
        ("import", "", 2, None, "dog"),
        ("label", "ann", 1, "cat", "dog"),
        ("undo", "ben", 1, "dog", "cat"),
        ("redo", "eve", 1, "cat", "dog"),
    ]


def test_import_itself_is_not_undone(pets: Pets) -> None:
    assert journal.undo(pets(["cat", "dog"])) is None


def test_undo_after_the_class_got_another_name(pets: Pets) -> None:
    made = pets(["cat", "dog"])
    labels.set_label(made, [1], "dog", "ann")
    classes.rename_class(made, "cat", "kitten", "ann")
    assert journal.undo(made) == Turned(0, None, "cat renamed to kitten")
    assert journal.undo(made) == Turned(1, "cat")
    assert journal.redo(made) == Turned(1, "dog")
    assert journal.redo(made) == Turned(0, None, "cat renamed to kitten")


def test_every_acknowledged_label_survives_kill_9(pets: Pets) -> None:
    made = pets(["cat", "dog"] * 25)
    expected = dict(enumerate(labels_now(made), start=1))
    for kill in range(KILLS):
        command = [sys.executable, "-c", LABEL_FOR_EVER, str(made.folder), str(kill)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            told = [worker.stdout.readline() for _ in range(3 + 4 * kill)]
            worker.kill()
            told += [line for line in worker.stdout if line.endswith("\n")]
        acknowledged = [(int(line.split()[0]), line.split()[1]) for line in told]
        # The last change may be on the disk without having been told.
        following = acknowledged[-1][0] % 50 + 1
        expected.update(acknowledged)
        found = dict(enumerate(labels_now(made), start=1))
        assert {i: n for i, n in found.items() if n != expected[i]}.keys() <= {following}
        expected = found
        with closing(sqlite3.connect(made.database)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    assert Path(made.database).is_file()
