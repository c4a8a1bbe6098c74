"""What a run tells beside its curve: a log with the time of each line, what its best model takes for what, whether it helps, and
whether it was trained elsewhere.

log.jsonl grows by a line, and what a crash left of one is skipped on reading; confusion.json is replaced as a whole.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from tlstudio.domain.errors import StudioError, from_os_error
from tlstudio.domain.events import Confusion
from tlstudio.domain.packing import Elsewhere, Machine
from tlstudio.domain.runs import LogLine
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.transfer import Transfer
from tlstudio.storage import files
from tlstudio.storage.project import Project

LOG, CONFUSION, TRANSFER = "log.jsonl", "confusion.json", "transfer.json"
ELSEWHERE = "elsewhere.json"


def append_line(project: Project, run_id: str, line: LogLine) -> None:
    """Adds one line to a run's log and syncs it. Raises DiskFull or CantWrite; the lines before it stay."""
    text = json.dumps({"time": round(line.moment, 3), "text": line.text}, ensure_ascii=False)
    files.append_line(project.run_folder(run_id) / LOG, text)


def read_log(project: Project, run_id: str) -> tuple[LogLine, ...]:
    """All lines that are whole, oldest first; none for a run of an earlier version. Raises FileTrouble or CantWrite."""
    lines: list[LogLine] = []
    for raw in _text(project.run_folder(run_id) / LOG).splitlines():
        try:
            data = parse_json(raw)
            lines.append(LogLine(float(data["time"]), str(data["text"])))
        except (ValueError, KeyError, TypeError):
            continue
    return tuple(lines)


def write_confusion(project: Project, run_id: str, counts: Confusion) -> None:
    """Keeps what the best model so far takes for what. Raises DiskFull or CantWrite, the one before staying."""
    files.write_text(project.run_folder(run_id) / CONFUSION, json.dumps({"confusion": counts}) + "\n")


def read_confusion(project: Project, run_id: str) -> Confusion:
    """Square; empty where there is none or it is damaged. Raises FileTrouble or CantWrite."""
    try:
        rows = parse_json(_text(project.run_folder(run_id) / CONFUSION))["confusion"]
        found = tuple(tuple(int(n) for n in row) for row in rows)
    except (ValueError, KeyError, TypeError, OverflowError):
        return ()
    return found if all(len(row) == len(found) for row in found) else ()


def read_transfer(project: Project, run_id: str) -> Transfer | None:
    """How the run does against simpler ways; None where there is nothing, or nothing that can be read."""
    try:
        data = parse_json(_text(project.run_folder(run_id) / TRANSFER))
        return Transfer.from_json(data["baselines"], data["transfer"])
    except (StudioError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def write_elsewhere(project: Project, run_id: str, found: Elsewhere) -> None:
    """Notes that a run was trained on another machine. Raises DiskFull or CantWrite."""
    files.write_json(project.run_folder(run_id) / ELSEWHERE, asdict(found))


def read_elsewhere(project: Project, run_id: str) -> Elsewhere | None:
    """Where a run was trained; None for one of this project's own, or where that can't be read."""
    try:
        data = parse_json(_text(project.run_folder(run_id) / ELSEWHERE))
        machine = Machine.from_json(data["machine"])
        return Elsewhere(str(data["pack"]), machine, float(data["packed_at"]), float(data["back_at"]))
    except (StudioError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _text(path: Path) -> str:
    try:
        return files.read_text(path, errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise from_os_error(error, path) from error
