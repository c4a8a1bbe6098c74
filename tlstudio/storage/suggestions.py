"""What a model suggests for images without a class. Derived, so no change in the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tlstudio.domain.labels import Suggestion
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class NewSuggestion:
    """As the model gives it: class by id, so that it follows a class that gets another name."""

    image: int
    class_id: int
    confidence: float
    priority: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The suggestions as a whole. waiting: those whose image still has no class. labeled_since: labels given since they were
    made. at: seconds since the epoch."""

    run: str
    at: float
    waiting: int
    labeled_since: int


def put_suggestions(project: Project, run: str, suggestions: Sequence[NewSuggestion]) -> None:
    """Takes the place of all earlier suggestions."""
    now = time.time()
    with project.write() as db:
        db.execute("DELETE FROM suggestions")
        db.executemany(
            "INSERT INTO suggestions (image_id, class_id, confidence, priority, run, at) VALUES (?, ?, ?, ?, ?, ?)",
            [(s.image, s.class_id, s.confidence, s.priority, run, now) for s in suggestions],
        )


def list_suggestions(project: Project, images: Sequence[int] | None = None) -> list[Suggestion]:
    """Suggestions for images that have no class and are not left out, in their order of priority; only of `images`, if given.

    Those of a class that was removed since are passed over.
    """
    some = "" if images is None else " AND image_id IN (SELECT value FROM json_each(?))"
    sql = (
        "SELECT image_id, name, confidence, priority FROM suggestions JOIN images ON images.id = image_id"
        " JOIN classes ON classes.id = suggestions.class_id"
        f" WHERE images.class_id IS NULL AND NOT images.excluded AND NOT removed{some} ORDER BY priority"
    )
    with project.read() as db:
        db.row_factory = None
        return [Suggestion(*row) for row in db.execute(sql, () if images is None else (json.dumps(list(images)),))]


def standing(project: Project) -> Standing | None:
    """How old the suggestions are and how many still wait; None without any."""
    with project.read() as db:
        row = db.execute("SELECT run, at FROM suggestions LIMIT 1").fetchone()
        if row is None:
            return None
        waiting = db.execute(
            "SELECT COUNT(*) FROM suggestions JOIN images ON images.id = image_id JOIN classes"
            " ON classes.id = suggestions.class_id WHERE images.class_id IS NULL AND NOT excluded AND NOT removed"
        ).fetchone()[0]
        since = db.execute(
            "SELECT COUNT(DISTINCT image_id) FROM label_events JOIN changes ON changes.id = change_id"
            " WHERE changes.at > ? AND kind = 'label' AND NOT undone AND after_class IS NOT before_class",
            (row["at"],),
        ).fetchone()[0]
    return Standing(row["run"], float(row["at"]), int(waiting), int(since))
