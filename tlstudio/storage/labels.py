"""Labels: which class an image carries, set through the journal so that every change can be taken back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tlstudio.domain.errors import WrongUsage
from tlstudio.storage import journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.project import Project


def set_label(project: Project, image_ids: Sequence[int], class_name: str | None, author: str) -> int:
    """Gives images a class (None takes it away) as one change; returns how many really changed.

    Raises WrongUsage for a class that does not exist.
    """
    with project.write() as db:
        target = None if class_name is None else class_id(db, class_name)
        return journal.record_in(db, Edit(moves=[(image, target) for image in image_ids]), author)


def class_id(db: sqlite3.Connection, name: str) -> int:
    """The id of a class that is there. Raises WrongUsage for another name."""
    row = db.execute("SELECT id FROM classes WHERE name = ? AND NOT removed", (name,)).fetchone()
    if row is None:
        raise WrongUsage(f"There is no class called “{name}”.")
    return int(row["id"])
