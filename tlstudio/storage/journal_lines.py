"""The whole journal as lines, for whoever must show how labels came to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One change to one thing. at: seconds since the epoch. kind: `import`, `label` (an edit), `undo` or `redo`.

    object: the image's path as it is stored, or the class's name. before, after: as text, empty for nothing.
    """

    change: int
    at: float
    author: str
    kind: str
    title: str
    object: str
    field: str
    before: str
    after: str
    taken_back: bool


_CHANGE = "changes.id, at, author, kind, title"
_LINES = f"""
SELECT {_CHANGE}, path, 'class', old.name, new.name, undone, 0, label_events.id FROM label_events
  JOIN changes ON changes.id = change_id JOIN images ON images.id = image_id
  LEFT JOIN classes AS old ON old.id = before_class LEFT JOIN classes AS new ON new.id = after_class
UNION ALL
SELECT {_CHANGE}, path, field, before, after, undone, 1, field_events.id FROM field_events
  JOIN changes ON changes.id = change_id JOIN images ON images.id = image_id
UNION ALL
SELECT {_CHANGE}, classes.name, 'class ' || field, before, after, undone, 2, class_events.id FROM class_events
  JOIN changes ON changes.id = change_id JOIN classes ON classes.id = class_id
ORDER BY 1, 11, 12
"""


def journal_lines(project: Project) -> Iterator[JournalLine]:
    """Every change there ever was, oldest first. Classes are called as they are now."""
    with project.read() as db:
        db.row_factory = None
        for change, at, author, kind, title, thing, field, before, after, undone, _, _ in db.execute(_LINES):
            yield JournalLine(
                change, at, author, kind, title, thing, field, _text(before), _text(after), taken_back=bool(undone)
            )


def last_labelers(project: Project) -> dict[int, tuple[str, float]]:
    """{image id: (author, seconds since the epoch)} of the change that gave each image its present class."""
    sql = (
        "SELECT image_id, author, at FROM label_events JOIN changes ON changes.id = change_id ORDER BY label_events.id"
    )
    with project.read() as db:
        return {row["image_id"]: (row["author"], row["at"]) for row in db.execute(sql)}


def _text(value: object) -> str:
    return "" if value is None else str(value)
