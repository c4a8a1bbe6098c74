"""How large the files of a project's images were when they were imported."""

from __future__ import annotations

from tlstudio.storage.project import Project


def list_bytes(project: Project) -> dict[int, int]:
    """{image id: bytes of its file}."""
    with project.read() as db:
        return {int(row["id"]): int(row["bytes"]) for row in db.execute("SELECT id, bytes FROM images")}
