"""What a project holds class by class: amounts, parts and a few images of each, without a look at all the others."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import defaultdict

from tlstudio.domain.values import ClassOverview, Split
from tlstudio.storage.project import Project
from tlstudio.storage.queries import ids_of_class


def overview(project: Project, samples: int) -> list[ClassOverview]:
    """Every class in the user's order, and at last the images without one, if there are any.

    samples: of how many images of each class the content is told: a random handful that stays the same while the images do.
    """
    with project.read() as db:
        db.row_factory = None
        classes: list[tuple[int | None, str | None]] = [
            *db.execute("SELECT id, name FROM classes WHERE NOT removed ORDER BY position"),
            (None, None),
        ]
        chosen: dict[int | None, list[int]] = {}
        counts: dict[int | None, int] = {}
        for number, name in classes:
            ids = ids_of_class(db, number)
            counts[number] = len(ids)
            chosen[number] = random.Random(name or "").sample(ids, min(samples, len(ids)))
        contents = _contents(db, [image for images in chosen.values() for image in images])
        splits = _splits(db, counts)
    return [
        ClassOverview(name, counts[number], splits[number], tuple(contents[image] for image in chosen[number]))
        for number, name in classes
        if name is not None or counts[number]
    ]


def _contents(db: sqlite3.Connection, ids: list[int]) -> dict[int, str]:
    sql = "SELECT id, content FROM images WHERE id IN (SELECT value FROM json_each(?))"
    return dict(db.execute(sql, (json.dumps(ids),)))


def _splits(db: sqlite3.Connection, counts: dict[int | None, int]) -> dict[int | None, dict[Split, int]]:
    """{class id: {split: how many}}. Only the images outside the largest split are looked at: it has what they leave."""
    sizes = dict(db.execute("SELECT split, COUNT(*) FROM images GROUP BY split"))
    largest, *others = sorted((split.value for split in Split), key=lambda name: -sizes.get(name, 0))
    marks = ", ".join("?" * len(others))
    sql = f"SELECT class_id, split, COUNT(*) FROM images WHERE split IN ({marks}) GROUP BY class_id, split"
    found: dict[int | None, dict[str, int]] = defaultdict(dict)
    for number, split, amount in db.execute(sql, others):
        found[number][split] = amount
    for number, count in counts.items():
        found[number][largest] = count - sum(found[number].values())
    return {number: {split: mine.get(split.value, 0) for split in Split} for number, mine in found.items()}
