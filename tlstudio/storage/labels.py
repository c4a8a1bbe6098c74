"""Label changes as events: who, when, from, to. Undo and redo survive a restart, and nothing is ever overwritten."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from tlstudio.domain.errors import WrongUsage
from tlstudio.storage.project import Project

Moves = list[tuple[int, int | None]]  # image id, class id


def set_label(project: Project, image_ids: Sequence[int], class_name: str | None, author: str) -> int:
    """Gives images a class (None takes it away) as one change; returns how many really changed.

    Raises WrongUsage for a class that does not exist.
    """
    with project.write() as db:
        class_id = None if class_name is None else _class_id(db, class_name)
        present = _present(db, image_ids)
        moves: Moves = [(i, class_id) for i in dict.fromkeys(image_ids) if i in present and present[i] != class_id]
        if not moves:
            return 0
        db.execute("UPDATE changes SET discarded = 1 WHERE undone = 1")
        _apply(db, "label", moves, author, None)
        return len(moves)


def undo(project: Project, author: str = "") -> tuple[int, str | None] | None:
    """Takes the newest label change back. Returns how many images and the class they went to (None if mixed), or None."""
    with project.write() as db:
        row = db.execute(
            "SELECT id FROM changes WHERE kind = 'label' AND undone = 0 ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        moves = [
            (int(e["image_id"]), e["before_class"])
            for e in db.execute("SELECT image_id, before_class FROM label_events WHERE change_id = ?", (row["id"],))
        ]
        db.execute("UPDATE changes SET undone = 1 WHERE id = ?", (row["id"],))
        _apply(db, "undo", moves, author, row["id"])
        return len(moves), _common_class(db, moves)


def redo(project: Project, author: str = "") -> tuple[int, str | None] | None:
    """Does the last undone change again; answers like `undo`."""
    with project.write() as db:
        row = db.execute(
            "SELECT id FROM changes WHERE kind = 'label' AND undone = 1 AND discarded = 0 ORDER BY id LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        moves = [
            (int(e["image_id"]), e["after_class"])
            for e in db.execute("SELECT image_id, after_class FROM label_events WHERE change_id = ?", (row["id"],))
        ]
        db.execute("UPDATE changes SET undone = 0 WHERE id = ?", (row["id"],))
        _apply(db, "redo", moves, author, row["id"])
        return len(moves), _common_class(db, moves)


def can_undo(project: Project) -> bool:
    return _exists(project, "kind = 'label' AND undone = 0")


def can_redo(project: Project) -> bool:
    return _exists(project, "kind = 'label' AND undone = 1 AND discarded = 0")


def _exists(project: Project, condition: str) -> bool:
    with project.read() as db:
        return db.execute(f"SELECT 1 FROM changes WHERE {condition} LIMIT 1").fetchone() is not None


def _class_id(db: sqlite3.Connection, name: str) -> int:
    row = db.execute("SELECT id FROM classes WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise WrongUsage(f"There is no class called “{name}”.")
    return int(row["id"])


def _present(db: sqlite3.Connection, image_ids: Sequence[int]) -> dict[int, int | None]:
    """The classes that the images carry now."""
    found: dict[int, int | None] = {}
    for start in range(0, len(image_ids), 500):  # SQLite limits the number of parameters
        part = list(image_ids[start : start + 500])
        marks = ",".join("?" * len(part))
        rows = db.execute(f"SELECT id, class_id FROM images WHERE id IN ({marks})", part)
        found.update({int(row["id"]): row["class_id"] for row in rows})
    return found


def _apply(db: sqlite3.Connection, kind: str, moves: Moves, author: str, of_change: int | None) -> None:
    """Writes the change, its events and the images' present classes."""
    change = db.execute(
        "INSERT INTO changes (kind, author, at, of_change) VALUES (?, ?, ?, ?)", (kind, author, time.time(), of_change)
    ).lastrowid
    present = _present(db, [image for image, _ in moves])
    db.executemany(
        "INSERT INTO label_events (change_id, image_id, before_class, after_class) VALUES (?, ?, ?, ?)",
        [(change, image, present.get(image), class_id) for image, class_id in moves],
    )
    db.executemany("UPDATE images SET class_id = ? WHERE id = ?", [(class_id, image) for image, class_id in moves])


def _common_class(db: sqlite3.Connection, moves: Moves) -> str | None:
    targets = {class_id for _, class_id in moves}
    if len(targets) != 1 or None in targets:
        return None
    row = db.execute("SELECT name FROM classes WHERE id = ?", (targets.pop(),)).fetchone()
    return None if row is None else str(row["name"])
