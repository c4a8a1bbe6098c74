"""Runs: their rows in the database and their files under runs/<run-id>/."""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import psutil

from tlstudio.domain.errors import RunNotFound, RunNotReady, WrongUsage, from_os_error
from tlstudio.domain.runs import EpochRow, Mode, RunRow, RunState, TrainResult, TrainSettings
from tlstudio.domain.safe_text import parse_json
from tlstudio.domain.values import Interval
from tlstudio.storage import files
from tlstudio.storage.processes import started_at
from tlstudio.storage.project import Project

log = logging.getLogger(__name__)

METRICS = "metrics.jsonl"
BEFORE = 0.001  # seconds by which a first result counts as begun before its training


def start_run(
    project: Project, settings: TrainSettings, classes: tuple[str, ...], *, first_of: RunRow | None = None
) -> str:
    """Registers a run as running in this process and writes its config.json; returns the run's id, sortable by time.

    first_of: the run whose first result this one is. In lists it comes after that one, which is the one to be gone on with.
    """
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{settings.mode.value}-{secrets.token_hex(2)}"
    folder = project.run_folder(run_id)
    files.write_json(folder / "config.json", {"settings": settings.to_json(), "classes": list(classes)})
    pid, started = _this_process()
    with project.write() as db:
        ids = {row["name"]: int(row["id"]) for row in db.execute("SELECT id, name FROM classes")}
        known = [{"id": ids.get(name, 0), "name": name} for name in classes]
        db.execute(
            "INSERT INTO runs (id, created_at, model, mode, state, settings, classes, process, process_started,"
            " result)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run_id,
                time.time() if first_of is None else first_of.created_at - BEFORE,
                settings.model,
                settings.mode.value,
                RunState.RUNNING.value,
                json.dumps(settings.to_json()),
                json.dumps(known),
                pid,
                started,
                json.dumps({} if first_of is None else {"first_of": first_of.id}),
            ),
        )
    return run_id


def reopen_run(project: Project, run_id: str) -> RunRow:
    """Takes an interrupted or failed run over into this process. Raises RunNotReady when it is finished or still running."""
    row = get_run(project, run_id)
    if row.state is RunState.DAMAGED:
        raise _damaged(project, run_id)
    mine = row.state is RunState.RUNNING and _is_mine(project, run_id)  # left behind by an error in this very process
    if row.state in (RunState.FINISHED, RunState.RUNNING) and not mine:
        word = "finished" if row.state is RunState.FINISHED else "still running"
        raise RunNotReady(f"The run {run_id} is {word}.", remedy="Only an interrupted run can be resumed.")
    pid, started = _this_process()
    with project.write() as db:
        db.execute(
            "UPDATE runs SET state = ?, message = '', process = ?, process_started = ? WHERE id = ?",
            (RunState.RUNNING.value, pid, started, run_id),
        )
    return row


def finish_run(project: Project, result: TrainResult) -> None:
    """Marks a run as finished with what it reached."""
    _end(project, result.run, RunState.FINISHED, "", result.to_json())


def fail_run(project: Project, run_id: str, message: str, state: RunState = RunState.FAILED) -> None:
    """Marks a run as failed or interrupted, with the sentence that the user saw."""
    _end(project, run_id, state, message, None)


def _end(project: Project, run_id: str, state: RunState, message: str, result: dict[str, Any] | None) -> None:
    with project.write() as db:
        db.execute(
            "UPDATE runs SET state = ?, message = ?, result = COALESCE(?, result), process = 0 WHERE id = ?",
            (state.value, message, None if result is None else json.dumps(result), run_id),
        )


def told_of(project: Project, run_id: str) -> dict[str, Any]:
    """The record of a run as JSON, to be taken to another project; see `take_in`. Raises RunNotFound."""
    with project.read() as db:
        row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run called “{run_id}” in this project.", path=project.folder)
    kept = {name: row[name] for name in ("id", "created_at", "model", "mode", "state", "message")}
    names = [each["name"] for each in parse_json(row["classes"])]
    return {**kept, "settings": parse_json(row["settings"]), "result": parse_json(row["result"]), "classes": names}


def foreign(told: dict[str, Any], classes: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """The row of a run that was trained in another project, from `told_of` there; for `take_in`.

    classes: id and name here, in the order of its outputs. One that was running there is interrupted. Raises ValueError for what
    is no such record.
    """
    try:
        state = RunState(told["state"])
        row = {
            "id": _text(told["id"]),
            "created_at": _number(told["created_at"]),
            "model": _text(told["model"]),
            "mode": Mode(told["mode"]).value,
            "state": (RunState.INTERRUPTED if state is RunState.RUNNING else state).value,
            "settings": json.dumps(TrainSettings.from_json(told["settings"]).to_json()),
            "classes": json.dumps([{"id": number, "name": name} for number, name in classes]),
            "result": json.dumps(told["result"]),
            "message": _text(told["message"]),
            "process": 0,
            "process_started": 0.0,
        }
        _sound_row(row, {}, ())
    except _UNREADABLE as error:
        raise ValueError("no record of a run") from error
    return row


def take_in(project: Project, row: dict[str, Any]) -> None:
    """Enters a run, whose files are there already. Raises DiskFull, CantWrite …"""
    with project.write() as db:
        db.execute(
            f"INSERT INTO runs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()),
        )


def list_runs(project: Project) -> list[RunRow]:
    """All runs, newest first, without their history. A running one whose process is gone is interrupted."""
    with project.read() as db:
        names = _class_names(db)
        return [_row(row, names) for row in db.execute("SELECT * FROM runs ORDER BY created_at DESC, id DESC")]


def get_run(project: Project, run_id: str) -> RunRow:
    """One run with its history; raises RunNotFound."""
    with project.read() as db:
        names = _class_names(db)
        row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run called “{run_id}” in this project.", path=project.folder)
    return _row(row, names, history=read_history(project, run_id))


def newest_finished(project: Project) -> RunRow | None:
    return next((r for r in list_runs(project) if r.state is RunState.FINISHED), None)


def choose_run(project: Project, run_id: str | None) -> RunRow:
    """The named run, or the newest finished one. Raises RunNotFound, or RunNotReady when it is not finished."""
    if run_id is None:
        newest = newest_finished(project)
        if newest is None:
            raise RunNotFound(
                "No model has been trained in this project yet.", remedy="Train one first.", path=project.folder
            )
        return newest
    row = get_run(project, run_id)
    if row.state is RunState.DAMAGED:
        raise _damaged(project, run_id)
    if row.state is not RunState.FINISHED:
        raise RunNotReady(f"The run {run_id} is not finished.", remedy="Resume it, or choose another run.")
    return row


def append_epoch(project: Project, run_id: str, row: EpochRow) -> None:
    """Adds one line to metrics.jsonl; epochs at or after this one (from before a crash) are dropped first."""
    path = project.run_folder(run_id) / METRICS
    kept = [r for r in read_history(project, run_id) if r.epoch < row.epoch]
    text = "".join(json.dumps(asdict(r)) + "\n" for r in (*kept, row))
    files.write_text(path, text)


def read_history(project: Project, run_id: str) -> tuple[EpochRow, ...]:
    """The epochs of a run; a damaged line ends the list."""
    path = project.run_folder(run_id) / METRICS
    rows: list[EpochRow] = []
    try:
        lines = files.read_text(path, errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise from_os_error(error, path) from error
    for line in lines:
        try:
            rows.append(EpochRow.from_json(parse_json(line)))
        except (ValueError, TypeError, AttributeError):
            break
    return tuple(rows)


def _class_names(db: sqlite3.Connection) -> dict[int, str]:
    return {int(row["id"]): str(row["name"]) for row in db.execute("SELECT id, name FROM classes")}


def trained_classes(project: Project, run_id: str) -> tuple[str, ...]:
    """The classes of a run as they were called when it was begun, in the order of its outputs. Raises RunNotFound."""
    with project.read() as db:
        row = db.execute("SELECT classes FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run called “{run_id}” in this project.", path=project.folder)
    try:
        return tuple(str(each["name"]) for each in parse_json(row["classes"]))
    except _UNREADABLE as error:
        raise _damaged(project, run_id) from error


# What reading a row raises that somebody else has written: no JSON, another shape, too deep, no number.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, WrongUsage)


def _damaged(project: Project, run_id: str) -> RunNotReady:
    return RunNotReady(
        f"What the project keeps of the run {run_id} can't be read.",
        remedy="Restore a backup of the project, or train again.",
        path=project.folder,
    )


def _row(row: sqlite3.Row, names: dict[int, str], history: tuple[EpochRow, ...] = ()) -> RunRow:
    """`names`: the classes as they are called now; a run follows a class that was renamed after it.

    A run whose record can't be read is a damaged one: it must not hide the others.
    """
    try:
        return _sound_row(row, names, history)
    except _UNREADABLE as error:
        log.warning("the record of run %s can't be read: %s", row["id"], error)
        model, created = str(row["model"]), row["created_at"]
        return RunRow(
            id=str(row["id"]),
            model=model,
            mode=Mode.QUICK,
            state=RunState.DAMAGED,
            created_at=float(created) if isinstance(created, int | float) and math.isfinite(created) else 0.0,
            settings=TrainSettings(model, Mode.QUICK),
            message="What is kept of this run can't be read.",
        )


def _sound_row(row: sqlite3.Row | dict[str, Any], names: dict[int, str], history: tuple[EpochRow, ...]) -> RunRow:
    result: dict[str, Any] = parse_json(row["result"])
    val = result.get("val", {})
    state = RunState(row["state"])
    if state is RunState.RUNNING and not _alive(int(row["process"]), float(row["process_started"])):
        state = RunState.INTERRUPTED
    return RunRow(
        id=row["id"],
        model=row["model"],
        mode=Mode(row["mode"]),
        state=state,
        created_at=_number(row["created_at"]),
        settings=TrainSettings.from_json(parse_json(row["settings"])),
        classes=tuple(names.get(c["id"], _text(c["name"])) for c in parse_json(row["classes"])),
        epochs=int(_number(result.get("epochs", 0))),
        accuracy=_interval(val.get("interval")),
        balanced_accuracy=None if val.get("balanced_accuracy") is None else _share(val["balanced_accuracy"]),
        chosen=_text(result.get("chosen", "")),
        reason=_text(result.get("reason", "")),
        seconds=_number(result.get("seconds", 0.0)),
        message=_text(row["message"]),
        first_of=_text(result.get("first_of", "")),
        measured=_interval(val.get("measured")),
        history=history,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a number")
    return number


def _share(value: Any) -> float:
    share = _number(value)
    if not 0 <= share <= 1:
        raise ValueError("not a share")
    return share


def _interval(data: Any) -> Interval | None:
    if data is None:
        return None
    found = Interval.from_json(data)
    for each in (found.value, found.low, found.high):
        _share(each)
    return found


def _this_process() -> tuple[int, float]:
    return os.getpid(), psutil.Process().create_time()


def _is_mine(project: Project, run_id: str) -> bool:
    with project.read() as db:
        row = db.execute("SELECT process FROM runs WHERE id = ?", (run_id,)).fetchone()
    return row is not None and int(row["process"]) == os.getpid()


def _alive(pid: int, started: float) -> bool:
    """True when that very process still lives; ids are reused, so its start time must agree."""
    found = started_at(pid) if pid else None
    return found is not None and abs(found - started) < 2.0
