"""The runs of a project. Imports nothing heavy: the window calls these on its own thread."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import RunNotFound, WrongUsage
from tlstudio.domain.run_comparison import RunComparison, side_by_side
from tlstudio.domain.runs import RunRecords, RunRow, RunState, TrainSettings
from tlstudio.storage import recovery, run_records, runs
from tlstudio.storage.project import Project
from tlstudio.workflow.openings import counted


def list_runs(project: Path) -> list[RunRow]:
    """All runs, newest first, without their history, and how often the test images were opened for each."""
    there = _there(project)
    opened = counted(there)
    return [replace(row, test_openings=opened.get(row.id, 0)) for row in runs.list_runs(there)]


def run(project: Path, run_id: str) -> RunRow:
    """One run with its history; raises RunNotFound."""
    return runs.get_run(_there(project), run_id)


def need_own_settings(project: Path, run_id: str, wished: TrainSettings, names: Collection[str]) -> None:
    """Raises WrongUsage where a run that is to go on was begun with other settings than those wished for by these names."""
    own = run(project, run_id).settings.to_json()
    others = [name for name, value in wished.to_json().items() if name in names and value != own[name]]
    if others:
        told = ", ".join(f"{name.replace('_', ' ')} {own[name]}" for name in others)
        raise WrongUsage(
            f"A run that goes on keeps its own settings: {told}.",
            remedy="Leave out what it has already, or start a new run without --resume.",
        )


def records(project: Path, run_id: str | None = None) -> RunRecords:
    """The log, the mix-ups and the comparison of a run, the newest where none is named.

    Raises RunNotFound, FileTrouble or CantWrite.
    """
    opened = _there(project)
    newest = next(iter(runs.list_runs(opened)), None) if run_id is None else runs.get_run(opened, run_id)
    if newest is None:
        raise RunNotFound("No model has been trained in this project yet.", remedy="Train one first.", path=project)
    found = run_records.read_confusion(opened, newest.id)
    if len(found) != len(newest.classes):
        found = ()
    log, transfer = run_records.read_log(opened, newest.id), run_records.read_transfer(opened, newest.id)
    elsewhere = run_records.read_elsewhere(opened, newest.id)
    return RunRecords(newest.id, newest.classes, log, found, transfer, elsewhere)


def newest_finished(project: Path) -> RunRow | None:
    return runs.newest_finished(_there(project))


def resumable(project: Path) -> RunRow | None:
    """The newest run when it was interrupted or failed with something to go on from, else None."""
    newest = next(iter(runs.list_runs(_there(project))), None)
    if newest is None or newest.state not in (RunState.INTERRUPTED, RunState.FAILED):
        return None
    return newest


def need_resumable(project: Path) -> str:
    """The run that `resumable` finds. Raises RunNotFound where there is none."""
    found = resumable(project)
    if found is None:
        raise RunNotFound("The newest run was not interrupted, so there is nothing to go on with.", path=project)
    return found.id


def compare(project: Path, run_ids: Sequence[str]) -> RunComparison:
    """Runs side by side, with their curves; raises RunNotFound."""
    opened = counted(_there(project))
    found = (run(project, run_id) for run_id in run_ids)
    return side_by_side([replace(row, test_openings=opened.get(row.id, 0)) for row in found])


def _there(project: Path) -> Project:
    """Raises NotAProject, or ProjectDamaged where only the database is gone."""
    recovery.require_present(project)
    return Project(project)
