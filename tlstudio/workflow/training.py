"""Training a run, from its first line in the database to its last; killed at any moment, it goes on from there."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from tlstudio.catalog import weights
from tlstudio.domain.errors import Cancelled, StudioError, from_device_error
from tlstudio.domain.events import SILENT, Reporter, Started
from tlstudio.domain.runs import Mode, RunState, TrainResult, TrainSettings
from tlstudio.storage import runs
from tlstudio.storage.clocks import awake
from tlstudio.storage.files import remove_leftovers
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.training import devices, keeping
from tlstudio.training.network import need_branches
from tlstudio.workflow import rehearsing
from tlstudio.workflow.fitting import Fitting
from tlstudio.workflow.run_data import Sample, collect, read_samples, write_samples
from tlstudio.workflow.run_log import LoggingReporter
from tlstudio.workflow.transfer import compare_when_trained

logger = logging.getLogger(__name__)


def train(
    project: Path, settings: TrainSettings, resume: str | None = None, reporter: Reporter = SILENT
) -> TrainResult:
    """Trains a model and returns what it reached on the validation images.

    `resume` names an interrupted run, whose own settings then count. Raises NotEnoughImages, WeightsMissing, DeviceMissing,
    DiskFull, OutOfMemory …; the run is marked failed and can be resumed. Cancelling marks it interrupted. Raises ProjectBusy
    before anything is begun while another program holds the project.
    """
    opened = Project.open(project)
    with held(opened.folder, "tlstudio train"):
        return _train(opened, settings, resume, reporter)


def _train(opened: Project, settings: TrainSettings, resume: str | None, reporter: Reporter) -> TrainResult:
    started = awake()
    samples: list[Sample] | None = None
    if resume is not None:
        row = runs.reopen_run(opened, resume)
        settings, run_id, classes = row.settings, row.id, row.classes
    else:
        classes, samples = collect(opened)
        weights.require(settings.model)
        devices.choose(settings.device)
        if settings.drop_path and settings.mode is not Mode.QUICK:
            need_branches(weights.describe(settings.model))
        run_id = runs.start_run(opened, settings, classes)
    folder = opened.run_folder(run_id)
    log = LoggingReporter(reporter, opened, run_id)
    try:
        _clear(folder)
        if samples is None:
            samples = read_samples(opened, run_id)
        else:
            write_samples(opened, run_id, samples)
        log.report(Started(run_id, devices.describe(devices.choose(settings.device))))
        job = Fitting(opened, run_id, settings, classes=classes, samples=samples, reporter=log)
        result = job.run(started)
        runs.finish_run(opened, result)
    except Cancelled:
        _mark(opened, run_id, "The training was interrupted.", log, RunState.INTERRUPTED)
        raise
    except StudioError as error:
        _mark(opened, run_id, f"{error.what} {error.remedy}".strip(), log)
        raise
    except Exception as error:
        named = from_device_error(error)
        if named is None:
            _mark(opened, run_id, "The training ended because of an error in the program.", log)
            raise
        logger.exception("training %s", run_id)
        _mark(opened, run_id, f"{named.what} {named.remedy}", log)
        raise named from error
    keeping.remove(folder)
    rehearsing.remove(folder)
    log.write(f"Training is done. {result.reason}")
    compare_when_trained(opened, run_id, log)
    return result


def _mark(project: Project, run_id: str, message: str, log: LoggingReporter, state: RunState = RunState.FAILED) -> None:
    """Marks a run that did not end well. On a full disk even that fails; a run without a live process counts as interrupted."""
    log.write(message)
    with suppress(StudioError):
        runs.fail_run(project, run_id, message, state)


def _clear(folder: Path) -> None:
    """Removes what a killed process left half-written in a run's folder."""
    remove_leftovers(folder)
    remove_leftovers(folder / "model")
