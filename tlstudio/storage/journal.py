"""Every edit as one change in the journal: who, when, from, to. Undo and redo survive a restart, and nothing is overwritten.

A change may move images to classes, set fields of images and rename or remove classes, all at once: one deed, one undo.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tlstudio.storage.project import Project

Moves = Sequence[tuple[int, int | None]]  # image id, class id
Value = str | int | None

# What an edit may set besides the class. The names are columns: nothing else ever reaches the SQL text.
IMAGE_FIELDS = frozenset({"excluded", "unsure", "note", "split", "group_name", "alike"})
PART_FIELDS = frozenset({"split", "group_name"})
CLASS_FIELDS = frozenset({"name", "removed", "position"})


@dataclass(frozen=True, slots=True)
class Edit:
    """One deed. fields: (image id, field, value). classes: (class id, field, value). title: what it was, for people.

    kept: images whose label the user has looked at and keeps; recorded as an event from a class to itself.
    """

    title: str = ""
    moves: Moves = ()
    fields: Sequence[tuple[int, str, Value]] = ()
    classes: Sequence[tuple[int, str, Value]] = field(default=())
    kept: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Turned:
    """What undo or redo did: how many images, the class they went to (None if mixed or untouched), and the deed's title.

    first: one of the images, for showing it again; None where none was touched. parts: whether images have come to another part
    or group.
    """

    images: int
    class_name: str | None
    title: str = ""
    first: int | None = field(default=None, compare=False)
    parts: bool = field(default=False, compare=False)


def record(project: Project, edit: Edit, author: str) -> int:
    """Applies an edit as one change, unless nothing would differ; returns how many images it touched."""
    with project.write() as db:
        return record_in(db, edit, author)


def record_in(db: sqlite3.Connection, edit: Edit, author: str) -> int:
    """`record` inside a transaction that is open already."""
    real = _differing(db, edit)
    if not (real.moves or real.fields or real.classes):
        return 0
    db.execute("UPDATE changes SET discarded = 1 WHERE undone = 1")
    _apply(db, "label", real, author, None)
    return len({image for image, _ in real.moves} | {image for image, _, _ in real.fields})


def undo(project: Project, author: str = "") -> Turned | None:
    """Takes the newest change back; None when there is none."""
    return _turn(project, author, "undo", "kind = 'label' AND undone = 0", "id DESC")


def redo(project: Project, author: str = "") -> Turned | None:
    """Does the change that was undone last again; None when there is none."""
    return _turn(project, author, "redo", "kind = 'label' AND undone = 1 AND discarded = 0", "id")


def can_undo(project: Project) -> bool:
    return _exists(project, "kind = 'label' AND undone = 0")


def can_redo(project: Project) -> bool:
    return _exists(project, "kind = 'label' AND undone = 1 AND discarded = 0")


def size_of_turn(project: Project, *, back: bool) -> int:
    """How many images and fields the next `undo` (back) or `redo` would change; 0 where there is nothing to turn."""
    condition = "undone = 0" if back else "undone = 1 AND discarded = 0"
    newest = f"SELECT {'MAX' if back else 'MIN'}(id) FROM changes WHERE kind = 'label' AND {condition}"
    events = " + ".join(
        f"(SELECT COUNT(*) FROM {table} WHERE change_id = ({newest}))" for table in ("label_events", "field_events")
    )
    with project.read() as db:
        return int(db.execute(f"SELECT {events}").fetchone()[0])


def _exists(project: Project, condition: str) -> bool:
    with project.read() as db:
        return db.execute(f"SELECT 1 FROM changes WHERE {condition} LIMIT 1").fetchone() is not None


def _turn(project: Project, author: str, kind: str, condition: str, order: str) -> Turned | None:
    back = kind == "undo"
    with project.write() as db:
        change = db.execute(f"SELECT id, title FROM changes WHERE {condition} ORDER BY {order} LIMIT 1").fetchone()
        if change is None:
            return None
        edit = _recorded(db, change["id"], change["title"], back=back)
        db.execute("UPDATE changes SET undone = ? WHERE id = ?", (int(back), change["id"]))
        _apply(db, kind, edit, author, change["id"])
        touched = {image for image, _ in edit.moves} | {image for image, _, _ in edit.fields}
        first = min(touched, default=None)
        parts = any(name in PART_FIELDS for _, name, _ in edit.fields)
        return Turned(len(touched), _common_class(db, edit.moves), change["title"], first, parts)


def _recorded(db: sqlite3.Connection, change: int, title: str, *, back: bool) -> Edit:
    """The edit that a change stands for, or the one that takes it back."""
    side = "before" if back else "after"
    order = "id DESC" if back else "id"
    where = f"WHERE change_id = ? ORDER BY {order}"
    return Edit(
        title,
        [tuple(r) for r in db.execute(f"SELECT image_id, {side}_class FROM label_events {where}", (change,))],
        [tuple(r) for r in db.execute(f"SELECT image_id, field, {side} FROM field_events {where}", (change,))],
        _with_free_names(
            db, [tuple(r) for r in db.execute(f"SELECT class_id, field, {side} FROM class_events {where}", (change,))]
        ),
    )


def _with_free_names(db: sqlite3.Connection, edits: Sequence[tuple[int, str, Value]]) -> list[tuple[int, str, Value]]:
    """Since the change, an import may have brought a class of the name that one is to get back: it gets a name beside it."""
    own = {number for number, name, _ in edits if name == "name"}
    taken = {row[1] for row in db.execute("SELECT id, name FROM classes") if row[0] not in own}

    def free(name: str, wanted: Value) -> Value:
        if name != "name" or wanted not in taken:
            return wanted
        return next(other for n in itertools.count(2) if (other := f"{wanted} ({n})") not in taken)

    return [(number, name, free(name, to)) for number, name, to in edits]


def _differing(db: sqlite3.Connection, edit: Edit) -> Edit:
    """The part of an edit that changes something; images and classes that are not there are passed over."""
    classes = present_classes(db, [image for image, _ in edit.moves])
    moves = {image: to for image, to in edit.moves if image in classes and classes[image] != to}
    for image, own in present_classes(db, edit.kept).items():
        moves.setdefault(image, own)
    fields: dict[tuple[int, str], Value] = {(image, name): to for image, name, to in edit.fields}
    kept = []
    for name in sorted({name for _, name in fields}):
        now = _present(db, "images", name, [image for image, f in fields if f == name])
        kept += [(i, f, to) for (i, f), to in fields.items() if f == name and i in now and now[i] != to]
    renamed = []
    for number, name, to in edit.classes:
        now = _present(db, "classes", name, [number])
        if number in now and now[number] != to:
            renamed.append((number, name, to))
    return Edit(edit.title, list(moves.items()), kept, renamed)


def count_differing(db: sqlite3.Connection, image_ids: Iterable[int], name: str, value: Value) -> int:
    """How many of these images have another value in a field."""
    return sum(now != value for now in _present(db, "images", name, image_ids).values())


def present_classes(db: sqlite3.Connection, image_ids: Iterable[int]) -> dict[int, int | None]:
    """The classes that the images carry now, for those that exist."""
    return _present(db, "images", "class_id", image_ids)


def _present(db: sqlite3.Connection, table: str, name: str, ids: Iterable[int]) -> dict[int, Any]:
    allowed = CLASS_FIELDS if table == "classes" else IMAGE_FIELDS | {"class_id"}
    if name not in allowed:
        raise ValueError(f"{name} is not a field that an edit of {table} may set")
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples: there may be a hundred thousand
    sql = f"SELECT id, {name} FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
    return dict(cursor.execute(sql, (json.dumps(list(ids)),)))


def _apply(db: sqlite3.Connection, kind: str, edit: Edit, author: str, of_change: int | None) -> None:
    """Writes the change, its events and the present state."""
    change = db.execute(
        "INSERT INTO changes (kind, author, at, of_change, title) VALUES (?, ?, ?, ?, ?)",
        (kind, author, time.time(), of_change, edit.title),
    ).lastrowid
    present = present_classes(db, [image for image, _ in edit.moves])
    db.executemany(
        "INSERT INTO label_events (change_id, image_id, before_class, after_class) VALUES (?, ?, ?, ?)",
        [(change, image, present.get(image), to) for image, to in edit.moves],
    )
    db.executemany("UPDATE images SET class_id = ? WHERE id = ?", [(to, image) for image, to in edit.moves])
    _apply_fields(db, change, "images", edit.fields)
    _apply_fields(db, change, "classes", edit.classes)


def _apply_fields(
    db: sqlite3.Connection, change: int | None, table: str, edits: Sequence[tuple[int, str, Value]]
) -> None:
    events, owner = ("field_events", "image_id") if table == "images" else ("class_events", "class_id")
    for name in dict.fromkeys(name for _, name, _ in edits):
        mine = [(number, to) for number, f, to in edits if f == name]
        now = _present(db, table, name, [number for number, _ in mine])
        db.executemany(
            f"INSERT INTO {events} (change_id, {owner}, field, before, after) VALUES (?, ?, ?, ?, ?)",
            [(change, number, name, now.get(number), to) for number, to in mine],
        )
        db.executemany(f"UPDATE {table} SET {name} = ? WHERE id = ?", [(to, number) for number, to in mine])


def _common_class(db: sqlite3.Connection, moves: Moves) -> str | None:
    targets = {class_id for _, class_id in moves}
    if len(targets) != 1 or None in targets:
        return None
    row = db.execute("SELECT name FROM classes WHERE id = ?", (targets.pop(),)).fetchone()
    return None if row is None else str(row["name"])
