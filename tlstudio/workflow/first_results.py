"""The first result of a training, as a run of its own: to be inspected, exported and predicted with while the training goes on.

It is a quick training on the very images that the other one learns from; what the pretrained model sees in them is known by then,
so it takes a moment.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tlstudio.domain.errors import RunNotReady, StudioError
from tlstudio.domain.events import SILENT, Event, FirstKept, Note, PassingReporter, Progress, Reporter
from tlstudio.domain.runs import Mode, RunState, TrainResult
from tlstudio.storage import runs
from tlstudio.storage.clocks import working
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.workflow import depth_range
from tlstudio.workflow.completing import Begun, complete
from tlstudio.workflow.run_data import read_samples

logger = logging.getLogger(__name__)


def keep_first(project: Path, run: str, reporter: Reporter = SILENT) -> TrainResult:
    """Makes a finished run of the first result of `run`, which may go on meanwhile in another process; once only.

    Without validation images the other run may hold some of the training images back to choose by; this one learns from all of
    them and is judged on images left out in turn. Raises RunNotFound, RunNotReady for a quick run or while it is being made, and
    what `train` raises.
    """
    opened = Project.open(project)
    with held(opened.folder, "tlstudio train"):
        return _keep(opened, run, reporter, device="auto", compared=True)


def keep_within(project: Project, run: str, device: str, reporter: Reporter) -> None:
    """The same within the process of `run` itself, which it neither disturbs nor ends: what goes wrong is told."""
    try:
        with devices.chance_kept():
            result = _keep(project, run, _Within(reporter), device=device, compared=False)
    except StudioError as error:
        reporter.report(Note(f"The first result could not be kept. {error.what} {error.remedy}".strip()))
    except Exception:
        logger.exception("keeping the first result of %s", run)
        reporter.report(Note("The first result could not be kept, because of an error in the program."))
    else:
        reporter.report(FirstKept(result.run))


def _keep(project: Project, run: str, reporter: Reporter, *, device: str, compared: bool) -> TrainResult:
    """compared: with simpler ways at once; else when it is measured for the first time."""
    parent = runs.get_run(project, run)
    if parent.mode is Mode.QUICK:
        raise RunNotReady(f"The run {run} is quick training, which is its own first result.")
    known = next((row for row in runs.list_runs(project) if row.first_of == run), None)
    if known is not None and known.state is RunState.FINISHED:
        return TrainResult.of(known)
    started = working()
    samples = read_samples(project, run)
    settings = replace(parent.settings, mode=Mode.QUICK, device=device, minutes=0.0, events=False)
    if known is None:
        kept = runs.start_run(project, settings, parent.classes, first_of=parent)
    else:
        kept = runs.reopen_run(project, known.id).id  # what was cut short
    with suppress(FileNotFoundError):  # the range that the images were prepared with, where one was measured
        shutil.copy(project.run_folder(run) / depth_range.FILE, project.run_folder(kept))
    begun = Begun(project, kept, settings, parent.classes, samples, first_of=run)
    return complete(begun, started, reporter, compared=compared)


class _Within(PassingReporter):
    """Passes on how far it is; the words and the end are those of the training around it."""

    def report(self, event: Event) -> None:
        if isinstance(event, Progress):
            super().report(event)

    def stop_requested(self) -> bool:
        self.check_cancelled()
        return False
