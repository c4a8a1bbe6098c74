"""Finding images by what the user asks for, so that a list of a hundred thousand is only their ids, and rows come when seen."""

from __future__ import annotations

import json
import os
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tlstudio.domain.labels import ImageQuery, Mark
from tlstudio.domain.values import ImageRow
from tlstudio.storage.images import SELECT_ROWS, image_row
from tlstudio.storage.project import Project

_MARKS = {
    Mark.UNSURE: "images.unsure",
    Mark.LEFT_OUT: "images.excluded",
    Mark.NOTE: "images.note <> ''",
    Mark.SUGGESTED: "images.class_id IS NULL AND EXISTS (SELECT 1 FROM suggestions WHERE image_id = images.id)",
}
FOLDER_MARKS = tuple(filter(None, (os.sep, os.altsep)))  # what ends a folder's name in a path
MANY = 2000  # ids that are wanted from which on it is faster to sort out the others here
ALL = "1"  # the condition that every image meets


@dataclass(frozen=True, slots=True)
class Found:
    """The images of one class that a query finds. label: None for those without a class. ids: signed 64-bit, in order."""

    label: str | None
    ids: array[int]


def find(project: Project, query: ImageQuery) -> list[Found]:
    """The images that the query asks for by class, in the user's order of classes; those without a class come first.

    Within a class they are in import order; images without one that a model has looked at come in the order in which they would
    teach it most. Classes without a match have no ids; the first entry (no class) is there only if it has some.
    """
    if query.only is not None and len(query.only) > MANY:
        wanted_ids = set(query.only)
        every = find(project, replace(query, only=None))
        kept = [Found(part.label, array("q", filter(wanted_ids.__contains__, part.ids))) for part in every]
        return [part for part in kept if part.label is not None or part.ids]
    condition, values = _condition(query)
    found: list[Found] = []
    with project.read() as db:
        db.row_factory = None
        db.create_function("named", 2, _named, deterministic=True)
        db.create_function("has", 2, _has, deterministic=True)
        classes = db.execute("SELECT id, name FROM classes WHERE NOT removed ORDER BY position").fetchall()
        waiting = _ids(
            db,
            "SELECT images.id FROM images LEFT JOIN suggestions ON image_id = images.id WHERE images.class_id IS NULL"
            f" AND {condition} ORDER BY priority IS NULL, priority, images.id",
            values,
        )
        if waiting:
            found.append(Found(None, waiting))
        wanted = [number for number, name in classes if not query.unlabeled and query.label in (None, name)]
        ids = _by_class(db, wanted, condition, values)
        found += [Found(name, ids.get(number, array("q"))) for number, name in classes]
    return found


def rows_of(project: Project, ids: Sequence[int]) -> list[ImageRow]:
    """The rows of these images, in this order; images that are not there are passed over."""
    with project.read() as db:
        db.row_factory = None
        values = (json.dumps(list(ids)),)
        rows = db.execute(f"{SELECT_ROWS} WHERE images.id IN (SELECT value FROM json_each(?))", values)
        known = {row[0]: image_row(project, row) for row in rows}
    return [known[number] for number in ids if number in known]


def sizes_of(project: Project, ids: Sequence[int]) -> dict[int, int]:
    """{image id: bytes of its file}."""
    with project.read() as db:
        db.row_factory = None
        found = db.execute(
            "SELECT id, bytes FROM images WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return dict(found.fetchall())


def ids_of_paths(project: Project, paths: Iterable[str]) -> dict[str, int]:
    """The images at these absolute paths: {path: id}, those that are in the project."""
    stored = {name: path for path in paths for name in _stored_names(project, path)}
    with project.read() as db:
        db.row_factory = None
        sql = "SELECT id, path FROM images WHERE path IN (SELECT value FROM json_each(?))"
        found = db.execute(sql, (json.dumps(list(stored)),))
        return {stored[name]: number for number, name in found}


def content_at(project: Project, path: Path) -> str | None:
    """The content of the image at this absolute path; None where the project has none there."""
    with project.read() as db:
        sql = "SELECT content FROM images WHERE path IN (SELECT value FROM json_each(?))"
        row = db.execute(sql, (json.dumps(_stored_names(project, str(path))),)).fetchone()
    return None if row is None else str(row["content"])


def ids_of_contents(project: Project, contents: Iterable[str]) -> dict[str, list[int]]:
    """The images with these contents (SHA-256 in hex): {content: ids}; copies of one file share a content."""
    found: dict[str, list[int]] = {}
    with project.read() as db:
        db.row_factory = None
        sql = "SELECT id, content FROM images WHERE content IN (SELECT value FROM json_each(?)) ORDER BY id"
        for number, content in db.execute(sql, (json.dumps(list(contents)),)):
            found.setdefault(content, []).append(number)
    return found


def _stored_names(project: Project, path: str) -> list[str]:
    """How the database may call a file: by its absolute path or, where it is near, from the project on."""
    near = project.stored(path)
    return [path] if near == path else [path, near]


def ids_of_class(db: sqlite3.Connection, number: int | None) -> array[int]:
    """The images of a class, by its id, in import order; None for those without one."""
    return _ids(db, "SELECT id FROM images WHERE class_id IS ? ORDER BY id", [number])


def _ids(db: sqlite3.Connection, sql: str, values: Sequence[object]) -> array[int]:
    # As one piece of JSON: a hundred thousand rows one by one would take several times as long.
    (found,) = db.execute(f"SELECT json_group_array(id) FROM ({sql})", values).fetchone()
    return array("q", json.loads(found))


def _by_class(
    db: sqlite3.Connection, classes: Sequence[int], condition: str, values: list[object]
) -> dict[int, array[int]]:
    """{class id: the images of it that meet the condition}. With one to look at, the images are gone through once for all."""
    if len(classes) < 2 or condition == ALL:
        sql = f"SELECT images.id FROM images WHERE images.class_id = ? AND {condition} ORDER BY images.id"
        return {number: _ids(db, sql, [number, *values]) for number in classes}
    sql = f"SELECT class_id, images.id FROM images WHERE class_id IS NOT NULL AND {condition} ORDER BY class_id, images.id"
    found = db.execute(f"SELECT class_id, json_group_array(id) FROM ({sql}) GROUP BY class_id", values)
    return {number: array("q", json.loads(ids)) for number, ids in found}


def _condition(query: ImageQuery) -> tuple[str, list[object]]:
    """The WHERE of a query, class aside, and its values."""
    parts, values = [ALL], list[object]()
    if query.label is not None:
        parts.append("images.class_id = (SELECT id FROM classes WHERE name = ? AND NOT removed)")
        values.append(query.label)
    if query.split is not None:
        parts.append("images.split = ?")
        values.append(query.split.value)
    if query.mark is not None:
        parts.append(_MARKS[query.mark])
    if query.only is not None:
        parts.append("images.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(query.only))
    text = query.text.strip()
    if text:
        condition, more = _text_condition(text)
        parts.append(condition)
        values += more
    return " AND ".join(parts), values


def _text_condition(text: str) -> tuple[str, list[object]]:
    """Text in the file name, the group or the note, in any case.

    The database's own comparison knows the case of ASCII letters only, but is ten times as fast as a function of ours: that is
    asked only where the database can't tell, which is of names beyond ASCII, and of text that a folder's name has as well.
    """
    folded = text.casefold()
    if not folded.isascii():
        beyond = (
            "{0} GLOB '*[^' || char(1) || '-' || char(127) || ']*'"  # a text with a letter beyond ASCII is in no other
        )
        asked = (("named", "images.path"), ("has", "group_name"), ("has", "note"))
        parts = [f"({beyond.format(column)} AND {function}({column}, ?))" for function, column in asked]
        return f"({' OR '.join(parts)})", [folded] * 3
    if not text.isascii():
        return "(named(images.path, ?) OR has(group_name, ?) OR has(note, ?))", [folded] * 3
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    like, pattern = "LIKE ? ESCAPE '!'", f"%{escaped}%"
    if any(mark in text for mark in FOLDER_MARKS):
        return f"(group_name {like} OR note {like})", [pattern] * 2  # no file is called so
    in_folder = " OR ".join(f"images.path {like}" for _ in FOLDER_MARKS)
    in_name = f"images.path {like} AND (NOT ({in_folder}) OR named(images.path, ?))"
    folders = [f"{pattern}{mark}%" for mark in FOLDER_MARKS]
    return f"({in_name} OR group_name {like} OR note {like})", [pattern, *folders, text.lower(), pattern, pattern]


def _named(path: str, text: str) -> bool:
    return text in os.path.basename(path).casefold()  # noqa: PTH119 - a path object for each row takes ten times as long


def _has(words: str | None, text: str) -> bool:
    return words is not None and text in words.casefold()
