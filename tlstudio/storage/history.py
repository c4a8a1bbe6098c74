"""What happened to one image, read from the journal."""

from __future__ import annotations

from typing import Any

from tlstudio.domain.labels import Deed
from tlstudio.storage.project import Project

_LABELS = (
    "SELECT changes.id, at, author, kind, 'class', before.name, after.name FROM label_events"
    " JOIN changes ON changes.id = change_id LEFT JOIN classes AS before ON before.id = before_class"
    " LEFT JOIN classes AS after ON after.id = after_class WHERE image_id = :image"
)
_FIELDS = (
    "SELECT changes.id, at, author, kind, field, before, after FROM field_events"
    " JOIN changes ON changes.id = change_id WHERE image_id = :image"
)


def history(project: Project, image: int) -> list[Deed]:
    """Everything that was done to an image, newest first. Classes are called as they are now."""
    with project.read() as db:
        db.row_factory = None
        rows = db.execute(f"{_LABELS} UNION ALL {_FIELDS} ORDER BY 1 DESC", {"image": image})
        return [_deed(row) for row in rows]


def _deed(row: tuple[Any, ...]) -> Deed:
    _, at, author, kind, field, before, after = row
    return Deed(at, author, kind, field, _text(before), _text(after))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
