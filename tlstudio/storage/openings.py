"""The book of openings of the test images: openings.jsonl in the project folder, a line for each, never rewritten.

It lies beside the database, not in it: restoring an earlier state of the labels must not take a look back that somebody had, and
a command beside an open window has to enter its own, though only one of them may change the database.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tlstudio.domain.errors import from_os_error
from tlstudio.domain.openings import Opening, UseOfTest, Way
from tlstudio.domain.safe_text import parse_json
from tlstudio.storage import files, places
from tlstudio.storage.project import Project

NAME = "openings.jsonl"
MARKS = 64  # contents that are kept of an opening; of a set that changed by half, all would be missed once in 2 ** 64
MARK = 16  # characters
MEASURED = "predictions-test.json"  # what a run that was measured on them leaves, since before openings were counted


def record(project: Project, run: str, way: Way, contents: Iterable[str]) -> None:
    """Enters an opening of the test images with these contents, durably. Raises DiskFull or CantWrite; then nobody has looked."""
    distinct = sorted(set(contents))
    line = {
        "time": round(time.time(), 3),
        "who": places.user_name(),
        "run": run,
        "for": way.value,
        "images": len(distinct),
        "marks": _marks(distinct),
    }
    files.append_line(project.folder / NAME, json.dumps(line, ensure_ascii=False))


def read(project: Project) -> list[Opening]:
    """All of the project, oldest first; what a crash left of a line is skipped. Raises FileTrouble or CantWrite."""
    path = project.folder / NAME
    try:
        text = files.read_text(path, errors="replace")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise from_os_error(error, path) from error
    found = [opening for line in text.splitlines() if (opening := _opening(line)) is not None]
    counted = {opening.run for opening in found}
    found += [_earlier(file) for file in _measured(project) if file.parent.name not in counted]
    return sorted(found, key=lambda opening: opening.moment)


def use_of(project: Project, contents: Iterable[str]) -> UseOfTest:
    """The openings of these test images: of all sets that share one of the marked images with them."""
    there = {content[:MARK] for content in contents}
    return UseOfTest(tuple(o for o in read(project) if not o.marks or not there.isdisjoint(o.marks)))


def _marks(contents: list[str]) -> list[str]:
    return [content[:MARK] for content in contents[:MARKS]]


def _opening(line: str) -> Opening | None:
    try:
        data: dict[str, Any] = parse_json(line)
        marks = tuple(str(mark) for mark in data["marks"])
        way = Way(data["for"])
        return Opening(float(data["time"]), str(data["who"]), str(data["run"]), way, int(data["images"]), marks)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _measured(project: Project) -> list[Path]:
    try:
        return list((project.folder / "runs").glob(f"*/{MEASURED}"))
    except OSError:
        return []


def _earlier(file: Path) -> Opening:
    """Of a run that was measured before openings were counted: once at least, nobody knows by whom."""
    contents: list[str] = []
    try:
        contents = sorted({str(row["content"]) for row in parse_json(files.read_text(file))["predictions"]})
        moment = file.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        moment = 0.0
    return Opening(moment, "", file.parent.name, Way.EARLIER, len(contents), tuple(_marks(contents)))
