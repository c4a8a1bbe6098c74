"""A run that stands in the database, carried to its end: finished, interrupted or failed, and never without a word why."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tlstudio.domain.errors import Cancelled, StudioError, from_device_error
from tlstudio.domain.events import Reporter, Started
from tlstudio.domain.runs import RunState, TrainResult, TrainSettings
from tlstudio.storage import runs
from tlstudio.storage.files import remove_leftovers
from tlstudio.storage.project import Project
from tlstudio.training import devices, keeping, ranks
from tlstudio.workflow import rehearsing
from tlstudio.workflow.fitting import Fitting
from tlstudio.workflow.run_data import Sample, read_samples, write_samples
from tlstudio.workflow.run_log import LoggingReporter
from tlstudio.workflow.spent import Spent
from tlstudio.workflow.transfer import compare_when_trained

logger = logging.getLogger(__name__)

FIRST = "This is the first result of another training; the pretrained model itself stays as it is."

AtFirst = Callable[[Reporter], None]


def nothing(_reporter: Reporter) -> None:
    """What `at_first` does where nobody waits for the first result."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that is marked as running in this process. samples: what it learns from; None where it has kept that already.
    first_of: the run whose first result this one is.
    """

    project: Project
    id: str
    settings: TrainSettings
    classes: tuple[str, ...]
    samples: list[Sample] | None = None
    first_of: str = ""

    @property
    def folder(self) -> Path:
        return self.project.run_folder(self.id)


def complete(
    begun: Begun,
    started: float,
    reporter: Reporter,
    *,
    at_first: AtFirst = nothing,
    compared: bool = True,
) -> TrainResult:
    """Trains, and marks the run as what came of it. Raises what ended it, a device's own error by its name.

    started: the time on `working` that the user's time counts from. at_first: called once the first result of a training that
    goes on is there and told, with the reporter that also writes the log. compared: with simpler ways, once it is finished; else
    that is done when somebody asks for it.
    """
    spent = Spent(reporter, begun.folder, started)
    log = LoggingReporter(spent, begun.project, begun.id)
    try:
        result = _fit(begun, started, log, at_first)
        result = replace(result, seconds=spent.before + result.seconds)
        runs.finish_run(begun.project, result)
    except Cancelled:
        spent.keep()
        _mark(begun, "The training was interrupted.", log, RunState.INTERRUPTED)
        raise
    except StudioError as error:
        spent.keep()
        _mark(begun, f"{error.what} {error.remedy}".strip(), log)
        raise
    except Exception as error:
        begun.project.require_there()  # what could not be read or written has gone with the project
        spent.keep()
        named = from_device_error(error)
        if named is None:
            _mark(begun, "The training ended because of an error in the program.", log)
            raise
        logger.exception("training %s", begun.id)
        _mark(begun, f"{named.what} {named.remedy}", log)
        raise named from error
    spent.remove()
    keeping.remove(begun.folder)
    rehearsing.remove(begun.folder)
    log.write(f"Training is done. {result.reason}")
    if compared:
        compare_when_trained(begun.project, begun.id, log)
    return result


def _fit(begun: Begun, started: float, log: LoggingReporter, at_first: AtFirst) -> TrainResult:
    project, settings = begun.project, begun.settings
    remove_leftovers(begun.folder)  # what a killed process left half-written
    remove_leftovers(begun.folder / "model")
    samples = begun.samples
    if samples is None:
        samples = read_samples(project, begun.id)
    else:
        write_samples(project, begun.id, samples)
    log.report(Started(begun.id, ranks.describe(devices.choose(settings.device))))
    fitting = Fitting(project, begun.id, settings, classes=begun.classes, samples=samples, reporter=log)
    result = fitting.run(started, partial(at_first, log))
    return replace(result, first_of=begun.first_of, reason=FIRST) if begun.first_of else result


def _mark(begun: Begun, message: str, log: LoggingReporter, state: RunState = RunState.FAILED) -> None:
    """Marks a run that did not end well. On a full disk even that fails; a run without a live process counts as interrupted."""
    log.write(message)
    with suppress(StudioError):
        runs.fail_run(begun.project, begun.id, message, state)
