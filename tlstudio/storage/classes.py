"""Classes in the project database. What the user does to them goes through the journal; a removed class keeps its row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from tlstudio.domain.class_names import class_name
from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.values import ImageClass
from tlstudio.storage import journal
from tlstudio.storage.journal import Edit
from tlstudio.storage.labels import class_id
from tlstudio.storage.project import Project


def list_classes(project: Project) -> list[ImageClass]:
    """Classes in the user's order with the number of images that carry each."""
    query = (
        "SELECT id, name, position, (SELECT COUNT(*) FROM images WHERE class_id = classes.id) AS n FROM classes"
        " WHERE NOT removed ORDER BY position"
    )
    with project.read() as db:
        return [ImageClass(row["id"], row["name"], row["position"], row["n"]) for row in db.execute(query)]


def ensure_classes(db: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    """Ids of classes by name; those that are not there are added at the end. For imports: not a change in the journal."""
    known = {row["name"]: int(row["id"]) for row in db.execute("SELECT id, name FROM classes")}
    for name in names:
        if name not in known:
            known[name] = _insert(db, name, removed=False)
        db.execute("UPDATE classes SET removed = 0 WHERE id = ?", (known[name],))
    return known


def add_in_order(project: Project, names: Iterable[str]) -> None:
    """Adds the classes of a new project, in this order; not a change in the journal."""
    with project.write() as db:
        ensure_classes(db, names)


def add_class(project: Project, name: str, author: str) -> int:
    """Adds a class at the end of the order and returns its id. Raises WrongUsage for an empty or known name."""
    clean = _clean(name)
    with project.write() as db:
        row = db.execute("SELECT id, removed FROM classes WHERE name = ?", (clean,)).fetchone()
        if row is not None and not row["removed"]:
            raise _taken(clean)
        number = _insert(db, clean, removed=True) if row is None else int(row["id"])
        journal.record_in(db, Edit(f"New class {clean}", classes=[(number, "removed", 0)]), author)
    return number


def rename_class(project: Project, old: str, new: str, author: str) -> None:
    """Gives a class another name. Raises WrongUsage when `old` is unknown or `new` is taken or empty."""
    clean = _clean(new)
    with project.write() as db:
        number = class_id(db, old)
        other = db.execute("SELECT id, removed FROM classes WHERE name = ? AND id <> ?", (clean, number)).fetchone()
        edits: list[tuple[int, str, journal.Value]] = [(number, "name", clean)]
        if other is not None:
            if not other["removed"]:
                raise _taken(clean)
            # The removed class of that name steps aside, and comes back under its name when this is undone.
            edits.insert(0, (int(other["id"]), "name", f"{clean} (removed, {other['id']})"))
        journal.record_in(db, Edit(f"{old} renamed to {clean}", classes=edits), author)


def merge_class(project: Project, source: str, target: str, author: str) -> int:
    """Moves all images of one class to another and removes the emptied one, as one change; returns how many moved."""
    return merge_classes(project, {source: target}, author)


def merge_classes(project: Project, merged: Mapping[str, str], author: str) -> int:
    """`merge_class` for several at once, {source: target}: one change."""
    if any(source == target for source, target in merged.items()):
        raise WrongUsage("A class can't be merged with itself.")
    with project.write() as db:
        moves: list[tuple[int, int | None]] = []
        gone: list[tuple[int, str, journal.Value]] = []
        for source, target in merged.items():
            number, kept = class_id(db, source), class_id(db, target)
            moves += [(i, kept) for i in _members(db, number)]
            gone.append((number, "removed", 1))
        title = "; ".join(f"{source} merged into {target}" for source, target in merged.items())
        journal.record_in(db, Edit(title, moves, classes=gone), author)
        return len(moves)


def remove_class(project: Project, name: str, author: str, *, with_images: bool = False) -> int:
    """Removes a class; its images lose their label, and the number of them is returned.

    Raises WrongUsage for a class that still has images unless `with_images` says that this is meant.
    """
    with project.write() as db:
        number = class_id(db, name)
        members = _members(db, number)
        if members and not with_images:
            raise WrongUsage(f"“{name}” still has images.", remedy="Move them to another class first.")
        edit = Edit(f"{name} removed", [(i, None) for i in members], classes=[(number, "removed", 1)])
        journal.record_in(db, edit, author)
        return len(members)


def _members(db: sqlite3.Connection, number: int) -> list[int]:
    return [int(row["id"]) for row in db.execute("SELECT id FROM images WHERE class_id = ?", (number,))]


def _insert(db: sqlite3.Connection, name: str, *, removed: bool) -> int:
    cursor = db.execute(
        "INSERT INTO classes (name, position, removed)"
        " VALUES (?, (SELECT COALESCE(MAX(position) + 1, 0) FROM classes), ?)",
        (_clean(name), int(removed)),
    )
    return int(cursor.lastrowid or 0)


def _clean(name: str) -> str:
    clean = class_name(name) if name.strip() else ""
    if not clean:
        raise WrongUsage("A class needs a name.")
    return clean


def _taken(name: str) -> WrongUsage:
    return WrongUsage(f"There is already a class called “{name}”.")
