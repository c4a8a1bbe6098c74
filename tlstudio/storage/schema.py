"""The project database's tables, and how an older file becomes one of today.

The schema version is kept in `PRAGMA user_version` as major * 100 + minor. A newer minor version only adds what an older
program may ignore; a newer major one is refused by name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from tlstudio.domain.errors import NotAProject, ProjectTooNew

MAJOR, MINOR = 1, 0
APPLICATION_ID = 0x544C5331  # "TLS1": tells our database from any other SQLite file

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE classes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL
);

-- class_id is the present label; label_events hold how it came to be.
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,           -- absolute, or relative to the project when copied into it
    content TEXT NOT NULL,               -- SHA-256 of the file
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    class_id INTEGER REFERENCES classes (id),
    group_name TEXT,
    split TEXT NOT NULL CHECK (split IN ('train', 'val', 'test')),
    added_at REAL NOT NULL
);
CREATE INDEX images_content ON images (content);
CREATE INDEX images_class ON images (class_id);

-- One row for each thing the user did to labels; `undone` and `discarded` make undo and redo survive a restart.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('import', 'label', 'undo', 'redo')),
    author TEXT NOT NULL,
    at REAL NOT NULL,
    of_change INTEGER REFERENCES changes (id),
    undone INTEGER NOT NULL DEFAULT 0,
    discarded INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE label_events (
    id INTEGER PRIMARY KEY,
    change_id INTEGER NOT NULL REFERENCES changes (id),
    image_id INTEGER NOT NULL REFERENCES images (id),
    before_class INTEGER REFERENCES classes (id),
    after_class INTEGER REFERENCES classes (id)
);
CREATE INDEX label_events_change ON label_events (change_id);

CREATE TABLE refusals (path TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL);

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    model TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    settings TEXT NOT NULL,              -- JSON of TrainSettings
    classes TEXT NOT NULL,               -- JSON list of {id, name}, in the order of the outputs
    result TEXT NOT NULL DEFAULT '{}',   -- JSON of what a finished run reached
    message TEXT NOT NULL DEFAULT '',
    process INTEGER NOT NULL DEFAULT 0,  -- who trains it now, to tell a live run from an interrupted one
    process_started REAL NOT NULL DEFAULT 0
);
"""

# version -> function that brings a database from the version before it; run in order inside one transaction, which a function
# must not end (`executescript` would).
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {}


def version() -> int:
    return MAJOR * 100 + MINOR


def create(db: sqlite3.Connection) -> None:
    """Makes the tables in an empty database."""
    db.executescript(
        f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version()}; COMMIT;"
    )


def check(db: sqlite3.Connection, path: str) -> int:
    """The file's schema version. Raises NotAProject or ProjectTooNew, naming `path`."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if int(db.execute("PRAGMA application_id").fetchone()[0]) != APPLICATION_ID:
        raise NotAProject(
            "This folder's project.db was not made by Transfer Learning Studio.",
            remedy="Choose another folder, or import the images into a new project.",
            path=path,
        )
    if found // 100 > MAJOR:
        raise ProjectTooNew(
            f"This project was made by a newer version of the program (format {found // 100}, this one reads {MAJOR}).",
            remedy="Install the newest version of Transfer Learning Studio, or restore an older copy from “backups”.",
            path=path,
        )
    return found


def migrate(db: sqlite3.Connection, found: int) -> None:
    """Brings the tables up to `version()`; all or nothing."""
    steps = [number for number in sorted(MIGRATIONS) if number > found]
    if not steps:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for number in steps:
            MIGRATIONS[number](db)
            db.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        db.rollback()
        raise
    db.commit()
