"""Findings of the data check that the user has set aside, with the reason. Each has a key that names exactly what was seen."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tlstudio.storage.project import Project


def list_reasons(project: Project) -> dict[tuple[str, str], str]:
    """{(kind, key): reason} of all that are set aside."""
    with project.read() as db:
        return {
            (row["kind"], row["key"]): row["reason"] for row in db.execute("SELECT kind, key, reason FROM dismissals")
        }


def set_aside(project: Project, kind: str, keys: Sequence[str], reason: str, author: str) -> None:
    """Sets findings of one kind aside; a new reason takes the place of an earlier one."""
    now = time.time()
    with project.write() as db:
        db.executemany(
            "INSERT INTO dismissals (kind, key, reason, author, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, key)"
            " DO UPDATE SET reason = excluded.reason, author = excluded.author, at = excluded.at",
            [(kind, key, reason, author, now) for key in keys],
        )


def take_back(project: Project, kind: str, keys: Sequence[str]) -> int:
    """Lets findings count again; returns how many of these were set aside."""
    with project.write() as db:
        return sum(
            db.execute("DELETE FROM dismissals WHERE kind = ? AND key = ?", (kind, key)).rowcount for key in keys
        )
