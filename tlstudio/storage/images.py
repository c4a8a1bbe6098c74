"""Images, splits and refused files in the project database."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import ImageRow, Refusal, Split
from tlstudio.storage.classes import ensure_classes
from tlstudio.storage.project import Project

SELECT_ROWS = (
    "SELECT images.id, path, content, width, height, classes.name AS label, group_name, split, excluded, unsure, note,"
    " alike, look FROM images LEFT JOIN classes ON classes.id = class_id"
)
HASH_SIGNS, HEX = 64, frozenset("0123456789abcdef")  # of SHA-256
NONE_MOVED: Mapping[int, str] = {}
_SPLITS = {split.value: split for split in Split}


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image as the import found it. `stored`: see `Project.stored`."""

    stored: str
    content: str
    width: int
    height: int
    bytes: int
    label: str | None
    group: str | None
    split: Split
    columns: dict[str, str] = field(default_factory=dict)  # what a manifest said beyond class, group and split
    look: str | None = None  # perceptual hash in hex


def add_images(
    project: Project, images: Sequence[NewImage], refused: Sequence[Refusal], moved: Mapping[int, str] = NONE_MOVED
) -> None:
    """Adds images with their labels and the refused files, in one transaction; an image already there is left alone.

    moved: {id: stored path} of images that are there and lie in another place now.
    """
    now = time.time()
    with project.write() as db:
        _move(db, moved)
        ids = ensure_classes(db, sorted({i.label for i in images if i.label is not None}))
        change = db.execute("INSERT INTO changes (kind, author, at) VALUES ('import', '', ?)", (now,)).lastrowid
        for image in images:
            class_id = None if image.label is None else ids[image.label]
            row = db.execute(
                "INSERT INTO images (path, content, width, height, bytes, class_id, group_name, split, added_at,"
                " columns, look) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO NOTHING RETURNING id",
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
                    json.dumps(image.columns, ensure_ascii=False),
                    image.look,
                ),
            ).fetchone()
            if row is not None and class_id is not None:
                db.execute(
                    "INSERT INTO label_events (change_id, image_id, before_class, after_class) VALUES (?, ?, NULL, ?)",
                    (change, row["id"], class_id),
                )
        # What is told now takes the place of what an earlier import said of the same files.
        again = [*(r.path for r in refused), *(str(project.absolute(i.stored)) for i in images)]
        # In one go: for each path by itself all refusals would be looked through.
        db.execute("DELETE FROM refusals WHERE path IN (SELECT value FROM json_each(?))", (json.dumps(again),))
        db.executemany("INSERT INTO refusals VALUES (?, ?, ?)", [(r.path, r.reason, now) for r in refused])


def move_images(project: Project, moved: Mapping[int, str]) -> None:
    """Images lie in another place now: {id: stored path}. No change in the journal: nothing that the user said of them
    changes.
    """
    with project.write() as db:
        _move(db, moved)


def _move(db: sqlite3.Connection, moved: Mapping[int, str]) -> None:
    db.executemany(
        "UPDATE OR IGNORE images SET path = ? WHERE id = ?", [(path, number) for number, path in moved.items()]
    )


@dataclass(frozen=True, slots=True)
class Renewed:
    """What an image's file holds by now. number: of the image."""

    number: int
    content: str
    width: int
    height: int
    bytes: int
    look: str | None


def renew_images(project: Project, renewed: Sequence[Renewed], title: str, author: str) -> None:
    """Exchanges what these images are, in one transaction; labels, groups and parts stay, and what a model said of them goes."""
    with project.write() as db:
        db.execute(
            "INSERT INTO changes (kind, author, at, title) VALUES ('import', ?, ?, ?)", (author, time.time(), title)
        )
        db.executemany(
            "UPDATE images SET content = ?, width = ?, height = ?, bytes = ?, look = ?, alike = NULL WHERE id = ?",
            [(r.content, r.width, r.height, r.bytes, r.look, r.number) for r in renewed],
        )
        db.executemany("DELETE FROM suggestions WHERE image_id = ?", [(r.number,) for r in renewed])


def list_images(project: Project, *, split: Split | None = None, labeled: bool = False) -> list[ImageRow]:
    """Images in import order; only those of `split`, if asked.

    labeled: only those with a class that the user has not left out: what training and figures are made of.
    """
    where = ["1"]
    values: list[str] = []
    if split is not None:
        where.append("images.split = ?")
        values.append(split.value)
    if labeled:
        where.append("images.class_id IS NOT NULL AND NOT images.excluded")
    query = f"{SELECT_ROWS} WHERE {' AND '.join(where)} ORDER BY images.id"
    with project.read() as db:
        db.row_factory = None  # plain tuples: this list may be a hundred thousand long
        return [image_row(project, row) for row in db.execute(query, values)]


def _content(text: str) -> str:
    """The hash of a file, hex. What is none, because somebody wrote into the database, becomes one that no file has: it is a name
    of files in the cache, and must not lead out of it.
    """
    if len(text) == HASH_SIGNS and HEX.issuperset(text):
        return text
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def image_row(project: Project, row: tuple[Any, ...]) -> ImageRow:
    """A row of `SELECT_ROWS`."""
    number, path, content, width, height, label, group, part, excluded, unsure, note, alike, look = row
    return ImageRow(
        id=number,
        path=project.absolute(path),
        content=_content(content),
        width=width if isinstance(width, int) and width > 0 else 1,  # by hand, anything can be written there
        height=height if isinstance(height, int) and height > 0 else 1,
        label=label,
        group=group,
        split=_SPLITS[part],
        excluded=bool(excluded),
        unsure=bool(unsure),
        note=note,
        alike=alike,
        look=look,
    )


def list_columns(project: Project) -> dict[int, dict[str, str]]:
    """What a manifest said of each image beyond class, group and split: {image id: {column: text}}, those with any."""
    with project.read() as db:
        rows = db.execute("SELECT id, columns FROM images WHERE columns <> '{}'")
        return {int(row["id"]): told for row in rows if (told := _columns(row["columns"]))}


def _columns(text: str) -> dict[str, str]:
    """Empty where it can't be read: no model and no figure depends on it."""
    with suppress(ValueError, TypeError):
        found = parse_json(text)
        if isinstance(found, dict):
            return {str(name): str(value) for name, value in found.items()}
    return {}


def set_looks(project: Project, looks: dict[int, str]) -> None:
    """Keeps perceptual hashes (hex) by image id. Derived from the pixels, so no change in the journal."""
    with project.write() as db:
        db.executemany("UPDATE images SET look = ? WHERE id = ?", [(look, number) for number, look in looks.items()])


def forget_looks(project: Project) -> None:
    """Forgets all near-duplicates and that images were ever compared."""
    with project.write() as db:
        db.execute("UPDATE images SET look = NULL, alike = NULL WHERE look IS NOT NULL OR alike IS NOT NULL")


def set_alike(project: Project, alike: dict[int, int | None]) -> None:
    """Keeps near-duplicates: {image id: id of the first of them, its own if it is the first, None where it has none}."""
    with project.write() as db:
        db.executemany("UPDATE images SET alike = ? WHERE id = ?", [(first, number) for number, first in alike.items()])


def list_refusals(project: Project, most: int = -1) -> list[Refusal]:
    """The files that were not imported, in the order of the imports; only the first `most`, if asked."""
    with project.read() as db:
        return [
            Refusal(row["path"], row["reason"])
            for row in db.execute("SELECT path, reason FROM refusals ORDER BY rowid LIMIT ?", (most,))
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
        # Each from an index of its own, without a look at the table: this is asked after every label.
        found = {
            row["split"]: int(row["n"]) for row in db.execute("SELECT split, COUNT(*) AS n FROM images GROUP BY split")
        }
        unlabeled = db.execute("SELECT COUNT(*) FROM images WHERE class_id IS NULL").fetchone()[0]
        groups = db.execute("SELECT COUNT(DISTINCT group_name) FROM images").fetchone()[0]
        refused = db.execute("SELECT COUNT(*) FROM refusals").fetchone()[0]
    return Counts(sum(found.values()), unlabeled, groups, refused, {s.value: found.get(s.value, 0) for s in Split})


def count_unlabeled(project: Project) -> int:
    with project.read() as db:
        return int(db.execute("SELECT COUNT(*) FROM images WHERE class_id IS NULL").fetchone()[0])


def sample_contents(project: Project, n: int) -> list[str]:
    """The contents of up to `n` images, spread over the project, for the start page."""
    with project.read() as db:
        first, last = db.execute("SELECT (SELECT MIN(id) FROM images), (SELECT MAX(id) FROM images)").fetchone()
        if first is None:
            return []
        places = [first + (last + 1 - first) * i // n for i in range(n)]
        sql = "SELECT id, content FROM images WHERE id >= ? ORDER BY id LIMIT 1"
        found = [db.execute(sql, (place,)).fetchone() for place in places]
    return list({row["id"]: row["content"] for row in found}.values())
