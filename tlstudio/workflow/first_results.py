"""The first result of a training, as a run of its own: to be inspected, exported and predicted with while the training goes on.

It is a quick training on the very images that the other one learns from; what the pretrained model sees in them is known by then,
so it takes a moment. first.json in the folder of the other run names it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import RunNotFound, RunNotReady, StudioError
from tlstudio.domain.events import SILENT, Event, Note, Progress, Reporter
from tlstudio.domain.runs import Mode, RunRow, RunState, TrainResult
from tlstudio.storage import files, runs
from tlstudio.storage.clocks import awake
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.workflow.completing import Begun, complete
from tlstudio.workflow.run_data import read_samples

FILE = "first.json"


def keep_first(project: Path, run: str, reporter: Reporter = SILENT) -> TrainResult:
    """Makes a finished run of the first result of `run`, which may go on meanwhile in another process; once only.

    Without validation images the other run may hold some of the training images back to choose by; this one learns from all of
    them and is judged on images left out in turn. Raises RunNotFound, RunNotReady for a quick run, and what `train` raises.
    """
    opened = Project.open(project)
    with held(opened.folder, "tlstudio train"):
        return _keep(opened, run, reporter, compared=True)


def keep_within(project: Project, run: str, reporter: Reporter) -> None:
    """The same within the process of `run` itself, which it neither disturbs nor ends: what goes wrong is told."""
    try:
        with devices.chance_kept():
            result = _keep(project, run, _OnlyProgress(reporter), compared=False)
    except StudioError as error:
        reporter.report(Note(f"The first result could not be kept. {error.what} {error.remedy}".strip()))
    else:
        reporter.report(Note(f"The first result can be used now: it is kept as the run {result.run}."))


def _keep(project: Project, run: str, reporter: Reporter, *, compared: bool) -> TrainResult:
    parent = runs.get_run(project, run)
    if parent.mode is Mode.QUICK:
        raise RunNotReady(f"The run {run} is quick training, which is its own first result.")
    known = _known(project, run)
    if known is not None:
        return TrainResult.of(known)
    started = awake()
    samples = read_samples(project, run)
    settings = replace(parent.settings, mode=Mode.QUICK, device="auto", minutes=0.0, events=False)
    # In the list it comes after the run that it belongs to, which is the one to be gone on with.
    begun = runs.start_run(project, settings, parent.classes, created_at=parent.created_at - 0.001)
    result = complete(Begun(project, begun, settings, parent.classes, samples), started, reporter, compared=compared)
    files.write_json(project.run_folder(run) / FILE, {"run": result.run})
    return result


def _known(project: Project, run: str) -> RunRow | None:
    """The run that was made of its first result before."""
    with suppress(OSError, ValueError, KeyError, TypeError, RunNotFound):
        text = (project.run_folder(run) / FILE).read_text(encoding="utf-8")
        row = runs.get_run(project, str(json.loads(text)["run"]))
        return row if row.state is RunState.FINISHED else None
    return None


class _OnlyProgress:
    """Passes on how far it is, and the user's wish to end it; the words are those of the training around it."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def report(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._reporter.report(event)

    def stop_requested(self) -> bool:
        return False
