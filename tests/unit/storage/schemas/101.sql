-- The tables of schema version 1.1, as its program made them.
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
PRAGMA application_id = 1414288177;
PRAGMA user_version = 101;
