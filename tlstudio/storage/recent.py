"""The projects opened lately, newest first, in the user's data folder."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from tlstudio.domain.errors import StudioError
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import backups, files
from tlstudio.storage.places import data_dir
from tlstudio.storage.project import DATABASE

LIMIT = 24


def _file() -> Path:
    return data_dir() / "recent.json"


def read() -> list[tuple[Path, float]]:
    """Folders that still hold a project, or backups of it, with the time they were opened (seconds since the epoch)."""
    try:
        rows = parse_json(files.read_text(_file()))
        found = [(Path(row["folder"]), float(row["opened_at"])) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [(folder, at) for folder, at in found if (folder / DATABASE).is_file() or backups.newest(folder) is not None]


def remember(folder: Path) -> None:
    """Puts a project on top of the list. A list that can't be written is no reason to stop the user."""
    rest = [(f, at) for f, at in read() if f != folder]
    _write([(folder, time.time()), *rest][:LIMIT])


def forget(folder: Path) -> None:
    """Takes a project off the list; its files stay."""
    _write([(f, at) for f, at in read() if f != folder])


def _write(rows: list[tuple[Path, float]]) -> None:
    files.remove_orphans(data_dir())
    with suppress(StudioError):
        files.write_json(_file(), [{"folder": str(folder), "opened_at": at} for folder, at in rows])
