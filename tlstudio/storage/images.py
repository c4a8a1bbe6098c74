"""Images, classes, splits and refused files in the project database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tlstudio.domain.errors import WrongUsage
from tlstudio.domain.values import ImageClass, ImageRow, Refusal, Split
from tlstudio.storage.project import Project


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image as the import found it. `stored`: absolute path, or relative to the project for a copy."""

    stored: str
    content: str
    width: int
    height: int
    bytes: int
    label: str | None
    group: str | None
    split: Split


def add_images(project: Project, images: Sequence[NewImage], refused: Sequence[Refusal]) -> None:
    """Adds images with their labels and the refused files, in one transaction; an image already there is left alone."""
    now = time.time()
    with project.write() as db:
        ids = _ensure_classes(db, sorted({i.label for i in images if i.label is not None}))
        change = db.execute("INSERT INTO changes (kind, author, at) VALUES ('import', '', ?)", (now,)).lastrowid
        for image in images:
            class_id = None if image.label is None else ids[image.label]
            row = db.execute(
                "INSERT INTO images (path, content, width, height, bytes, class_id, group_name, split, added_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO NOTHING RETURNING id",
                (
                    image.stored,
                    image.content,
                    image.width,
                    image.height,
                    image.bytes,
                    class_id,
                    image.group,
                    image.split.value,
                    now,
                ),
            ).fetchone()
            if row is not None and class_id is not None:
                db.execute(
                    "INSERT INTO label_events (change_id, image_id, before_class, after_class) VALUES (?, ?, NULL, ?)",
                    (change, row["id"], class_id),
                )
        # What is told now takes the place of what an earlier import said of the same files.
        again = [*(r.path for r in refused), *(i.stored for i in images)]
        db.executemany("DELETE FROM refusals WHERE path = ?", [(path,) for path in again])
        db.executemany("INSERT INTO refusals VALUES (?, ?, ?)", [(r.path, r.reason, now) for r in refused])


def _ensure_classes(db: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    known = {row["name"]: int(row["id"]) for row in db.execute("SELECT id, name FROM classes")}
    for name in names:
        if name not in known:
            known[name] = insert_class(db, name)
    return known


def insert_class(db: sqlite3.Connection, name: str) -> int:
    """Adds a class at the end of the order and returns its id. Raises WrongUsage for an empty or known name."""
    clean = name.strip()
    if not clean:
        raise WrongUsage("A class needs a name.")
    try:
        cursor = db.execute(
            "INSERT INTO classes (name, position) VALUES (?, (SELECT COALESCE(MAX(position) + 1, 0) FROM classes))",
            (clean,),
        )
    except sqlite3.IntegrityError as error:
        raise WrongUsage(f"There is already a class called “{clean}”.") from error
    return int(cursor.lastrowid or 0)


def list_images(project: Project, *, split: Split | None = None, labeled: bool = False) -> list[ImageRow]:
    """Images in import order; only those of `split`, only labeled ones, if asked."""
    where = ["1"]
    values: list[str] = []
    if split is not None:
        where.append("images.split = ?")
        values.append(split.value)
    if labeled:
        where.append("images.class_id IS NOT NULL")
    query = (
        "SELECT images.id, path, content, width, height, classes.name AS label, group_name, split FROM images"
        f" LEFT JOIN classes ON classes.id = class_id WHERE {' AND '.join(where)} ORDER BY images.id"
    )
    parts = {s.value: s for s in Split}
    with project.read() as db:
        db.row_factory = None  # plain tuples: this list may be a hundred thousand long
        return [
            ImageRow(number, project.absolute(path), content, width, height, label, group, parts[part])
            for number, path, content, width, height, label, group, part in db.execute(query, values)
        ]


def list_classes(project: Project) -> list[ImageClass]:
    """Classes in the user's order with the number of images that carry each."""
    query = (
        "SELECT classes.id, name, position, COUNT(images.id) AS n FROM classes"
        " LEFT JOIN images ON images.class_id = classes.id GROUP BY classes.id ORDER BY position"
    )
    with project.read() as db:
        return [ImageClass(row["id"], row["name"], row["position"], row["n"]) for row in db.execute(query)]


def rename_class(project: Project, old: str, new: str) -> None:
    """Gives a class another name. Raises WrongUsage when `old` is unknown or `new` is taken or empty."""
    clean = new.strip()
    if not clean:
        raise WrongUsage("A class needs a name.")
    with project.write() as db:
        if clean != old and db.execute("SELECT 1 FROM classes WHERE name = ?", (clean,)).fetchone():
            raise WrongUsage(f"There is already a class called “{clean}”.")
        if db.execute("UPDATE classes SET name = ? WHERE name = ?", (clean, old)).rowcount == 0:
            raise WrongUsage(f"There is no class called “{old}”.")


def remove_class(project: Project, name: str) -> None:
    """Removes a class that no image carries and no earlier label refers to; raises WrongUsage otherwise."""
    with project.write() as db:
        row = db.execute("SELECT id FROM classes WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise WrongUsage(f"There is no class called “{name}”.")
        used = db.execute("SELECT 1 FROM images WHERE class_id = ? LIMIT 1", (row["id"],)).fetchone()
        if used:
            raise WrongUsage(f"“{name}” still has images.", remedy="Move them to another class first.")
        past = db.execute(
            "SELECT 1 FROM label_events WHERE before_class = ? OR after_class = ? LIMIT 1", (row["id"], row["id"])
        ).fetchone()
        if past:
            raise WrongUsage(f"“{name}” is part of the label history and stays, empty.")
        db.execute("DELETE FROM classes WHERE id = ?", (row["id"],))


def list_refusals(project: Project) -> list[Refusal]:
    with project.read() as db:
        return [
            Refusal(row["path"], row["reason"])
            for row in db.execute("SELECT path, reason FROM refusals ORDER BY rowid")
        ]


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals for summaries, read in one go."""

    images: int
    unlabeled: int
    groups: int
    refused: int
    splits: dict[str, int]


def counts(project: Project) -> Counts:
    with project.read() as db:
        images, unlabeled, groups = db.execute(
            "SELECT COUNT(*), COALESCE(SUM(class_id IS NULL), 0), COUNT(DISTINCT group_name) FROM images"
        ).fetchone()
        refused = db.execute("SELECT COUNT(*) FROM refusals").fetchone()[0]
        found = dict(db.execute("SELECT split, COUNT(*) FROM images GROUP BY split").fetchall())
    return Counts(images, unlabeled, groups, refused, {s.value: int(found.get(s.value, 0)) for s in Split})


def sample_contents(project: Project, n: int) -> list[str]:
    """The contents of up to `n` images, spread over the project, for the start page."""
    with project.read() as db:
        total = int(db.execute("SELECT COUNT(*) FROM images").fetchone()[0])
        step = max(1, total // max(1, n))
        rows = db.execute("SELECT content FROM images ORDER BY id").fetchall()[::step]
    return [row["content"] for row in rows[:n]]
