"""The project database's tables, and how an older file becomes one of today.

The schema version is kept in `PRAGMA user_version` as major * 100 + minor. A newer minor version only adds what an older
program may ignore; a newer major one is refused by name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from tlstudio.domain.errors import NotAProject, ProjectTooNew

MAJOR, MINOR = 1, 2
READABLE = 101  # an older file from this version on holds all that is asked for: its tables are those of today
APPLICATION_ID = 0x544C5331  # "TLS1": tells our database from any other SQLite file

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- A removed class keeps its row: the label history refers to it, and undo brings it back.
CREATE TABLE classes (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    position INTEGER NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0
);

-- class_id is the present label; the journal's events hold how it and the fields below it came to be.
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
    added_at REAL NOT NULL,
    excluded INTEGER NOT NULL DEFAULT 0, -- left out of training and figures, by the user
    unsure INTEGER NOT NULL DEFAULT 0,   -- the user wants to look again
    note TEXT NOT NULL DEFAULT '',
    columns TEXT NOT NULL DEFAULT '{}',  -- JSON {column: text} of what a manifest said beyond class, group and split
    look TEXT,                           -- perceptual hash in hex, NULL until computed
    alike INTEGER                        -- id of the first image of its near-duplicates, NULL where there is none
);
CREATE INDEX images_content ON images (content);
CREATE INDEX images_class ON images (class_id);
-- A window counts parts and groups after every change: without these two it would read the whole table.
CREATE INDEX images_split ON images (split);
CREATE INDEX images_group ON images (group_name);

-- One row for each thing the user did (kind `label`: any edit, to labels, other fields or classes); `undone` and `discarded`
-- make undo and redo survive a restart.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('import', 'label', 'undo', 'redo')),
    author TEXT NOT NULL,
    at REAL NOT NULL,
    of_change INTEGER REFERENCES changes (id),
    undone INTEGER NOT NULL DEFAULT 0,
    discarded INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL DEFAULT ''       -- what it was, for people: "Left out 3 copies"
);
CREATE TABLE label_events (
    id INTEGER PRIMARY KEY,
    change_id INTEGER NOT NULL REFERENCES changes (id),
    image_id INTEGER NOT NULL REFERENCES images (id),
    before_class INTEGER REFERENCES classes (id),
    after_class INTEGER REFERENCES classes (id)
);
CREATE INDEX label_events_change ON label_events (change_id);

CREATE TABLE field_events (
    id INTEGER PRIMARY KEY,
    change_id INTEGER NOT NULL REFERENCES changes (id),
    image_id INTEGER NOT NULL REFERENCES images (id),
    field TEXT NOT NULL,
    before,
    after
);
CREATE INDEX field_events_change ON field_events (change_id);
CREATE TABLE class_events (
    id INTEGER PRIMARY KEY,
    change_id INTEGER NOT NULL REFERENCES changes (id),
    class_id INTEGER NOT NULL REFERENCES classes (id),
    field TEXT NOT NULL,
    before,
    after
);

-- Findings of the data check that the user has looked at and set aside; `key` names what exactly.
CREATE TABLE dismissals (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- What another person says of the same images; never a label by itself.
CREATE TABLE other_labels (
    annotator TEXT NOT NULL,
    image_id INTEGER NOT NULL REFERENCES images (id),
    class_id INTEGER REFERENCES classes (id),
    at REAL NOT NULL,
    PRIMARY KEY (annotator, image_id)
) WITHOUT ROWID;

-- What a model says of unlabeled images; never a label by itself. priority: 1 teaches most.
CREATE TABLE suggestions (
    image_id INTEGER PRIMARY KEY REFERENCES images (id),
    class_id INTEGER NOT NULL REFERENCES classes (id),
    confidence REAL NOT NULL,
    priority INTEGER NOT NULL,
    run TEXT NOT NULL,
    at REAL NOT NULL
);

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


def _to_1_1(db: sqlite3.Connection) -> None:
    """Notes, exclusions, near-duplicates, second annotators, suggestions and dismissed findings."""
    for column in (
        "excluded INTEGER NOT NULL DEFAULT 0",
        "unsure INTEGER NOT NULL DEFAULT 0",
        "note TEXT NOT NULL DEFAULT ''",
        "columns TEXT NOT NULL DEFAULT '{}'",
        "look TEXT",
        "alike INTEGER",
    ):
        db.execute(f"ALTER TABLE images ADD COLUMN {column}")
    db.execute("ALTER TABLE classes ADD COLUMN removed INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE changes ADD COLUMN title TEXT NOT NULL DEFAULT ''")
    for table in ("field_events", "class_events", "dismissals", "other_labels", "suggestions"):
        db.execute(_statement(table))
    db.execute("CREATE INDEX field_events_change ON field_events (change_id)")


def _to_1_2(db: sqlite3.Connection) -> None:
    """Indexes for the counts of a large project."""
    db.execute("CREATE INDEX images_split ON images (split)")
    db.execute("CREATE INDEX images_group ON images (group_name)")


def _statement(table: str) -> str:
    """The statement of `TABLES` that makes this table; for tables that have not changed since they were added."""
    start = TABLES.index(f"CREATE TABLE {table} (")
    return TABLES[start : TABLES.index(";", start)]


# version -> function that brings a database from the version before it; run in order inside one transaction, which a function
# must not end (`executescript` would).
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {101: _to_1_1, 102: _to_1_2}


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
