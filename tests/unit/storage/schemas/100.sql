-- The tables of schema version 1.0, as its program made them.
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
PRAGMA application_id = 1414288177;
PRAGMA user_version = 100;
