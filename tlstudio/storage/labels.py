"""Labels: which class an image carries, set through the journal so that every change can be taken back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

from tlstudio.domain.errors import WrongUsage
from tlstudio.storage import journal
from tlstudio.storage.journal import Edit, Value
from tlstudio.storage.project import Project


def set_label(project: Project, image_ids: Sequence[int], class_name: str | None, author: str) -> int:
    """Gives images a class (None takes it away) as one change; returns how many really changed.

    Raises WrongUsage for a class that does not exist.
    """
    with project.write() as db:
        target = None if class_name is None else class_id(db, class_name)
        return journal.record_in(db, Edit(moves=[(image, target) for image in image_ids]), author)


def set_field(
    project: Project, image_ids: Sequence[int], field: str, value: Value, *, author: str, title: Callable[[int], str]
) -> int:
    """Sets one field (see `journal.IMAGE_FIELDS`) of images as one change; returns how many really changed.

    title: what to call the change, given that number.
    """
    with project.write() as db:
        n = journal.count_differing(db, image_ids, field, value)
        return journal.record_in(db, Edit(title(n), fields=[(image, field, value) for image in image_ids]), author)


def accept_suggestions(project: Project, image_ids: Sequence[int], author: str) -> int:
    """Gives images that have no class the class suggested for them, as one change; returns how many got one."""
    sql = (
        "SELECT image_id, suggestions.class_id FROM suggestions JOIN images ON images.id = image_id"
        " JOIN classes ON classes.id = suggestions.class_id"
        " WHERE images.class_id IS NULL AND NOT removed AND image_id IN (SELECT value FROM json_each(?))"
    )
    with project.write() as db:
        moves = [(int(row[0]), int(row[1])) for row in db.execute(sql, (json.dumps(list(image_ids)),))]
        title = f"{len(moves):,} suggestions accepted" if len(moves) != 1 else "1 suggestion accepted"
        return journal.record_in(db, Edit(title, moves), author)


def settle(project: Project, image: int, class_name: str, author: str, *, unsure: bool, title: str) -> int:
    """Gives an image a class, or records that it keeps it, and marks it as unsure or sure, as one change."""
    with project.write() as db:
        edit = Edit(title, [(image, class_id(db, class_name))], [(image, "unsure", int(unsure))], kept=[image])
        return journal.record_in(db, edit, author)


def class_id(db: sqlite3.Connection, name: str) -> int:
    """The id of a class that is there. Raises WrongUsage for another name."""
    row = db.execute("SELECT id FROM classes WHERE name = ? AND NOT removed", (name,)).fetchone()
    if row is None:
        raise WrongUsage(f"There is no class called “{name}”.")
    return int(row["id"])
