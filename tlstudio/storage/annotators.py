"""What other people say of the same images. Kept beside the labels; never a label by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tlstudio.storage.project import Project


def put_labels(project: Project, annotator: str, labels: Mapping[int, int]) -> None:
    """{image id: class id}: takes the place of all that this person said before."""
    now = time.time()
    with project.write() as db:
        db.execute("DELETE FROM other_labels WHERE annotator = ?", (annotator,))
        db.executemany(
            "INSERT INTO other_labels (annotator, image_id, class_id, at) VALUES (?, ?, ?, ?)",
            [(annotator, image, class_id, now) for image, class_id in labels.items()],
        )


def add_labels(project: Project, annotator: str, labels: Mapping[int, int]) -> None:
    """{image id: class id}: beside what this person said of other images before."""
    now = time.time()
    with project.write() as db:
        db.executemany(
            "INSERT OR REPLACE INTO other_labels (annotator, image_id, class_id, at) VALUES (?, ?, ?, ?)",
            [(annotator, image, class_id, now) for image, class_id in labels.items()],
        )


def annotators(project: Project) -> list[str]:
    """The people whose labels are here, the newest first."""
    sql = "SELECT annotator FROM other_labels GROUP BY annotator ORDER BY MAX(at) DESC, annotator"
    with project.read() as db:
        return [row["annotator"] for row in db.execute(sql)]


def labels_of(project: Project, annotator: str) -> dict[int, str]:
    """{image id: class name} of one person; classes that were removed since are passed over."""
    sql = (
        "SELECT image_id, name FROM other_labels JOIN classes ON classes.id = class_id"
        " WHERE annotator = ? AND NOT removed ORDER BY image_id"
    )
    with project.read() as db:
        return {row["image_id"]: row["name"] for row in db.execute(sql, (annotator,))}


def kept(project: Project, annotator: str) -> set[int]:
    """Images whose own label the user has kept on purpose, or given, since this person's labels came."""
    sql = (
        "SELECT DISTINCT label_events.image_id FROM label_events JOIN changes ON changes.id = change_id"
        " JOIN images ON images.id = label_events.image_id"
        " JOIN other_labels ON other_labels.image_id = images.id AND annotator = ?"
        " WHERE kind = 'label' AND NOT undone AND images.class_id = after_class AND changes.at >= other_labels.at"
    )
    with project.read() as db:
        return {row["image_id"] for row in db.execute(sql, (annotator,))}
