"""Training a run, from its first line in the database to its last; killed at any moment, it goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tlstudio.catalog import weights
from tlstudio.domain.errors import StudioError
from tlstudio.domain.events import SILENT, Event, Note, PassingReporter, Progress, Reporter, Started
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.storage import images, runs
from tlstudio.storage.clocks import working
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.architecture import need_layers
from tlstudio.training.branches import need_branches
from tlstudio.workflow.completing import Begun, complete, nothing
from tlstudio.workflow.first_results import keep_within
from tlstudio.workflow.input_sizes import size_for
from tlstudio.workflow.replaced import settle
from tlstudio.workflow.run_data import Sample, collect
from tlstudio.workflow.torn import torn


def train(
    project: Path,
    settings: TrainSettings,
    resume: str | None = None,
    reporter: Reporter = SILENT,
    *,
    keep_first: bool = False,
    changed: str = "take",
) -> TrainResult:
    """Trains a model and returns what it reached on the validation images.

    `resume` names an interrupted run, whose own settings then count. keep_first: the first result also becomes a finished run of
    its own, at once. changed: what is done about images whose files were exchanged since the import, see `replaced.settle`; a
    resumed run goes on with what it began with. Raises NotEnoughImages, WeightsMissing, DeviceMissing, DiskFull, OutOfMemory …;
    the run is marked failed and can be resumed. Cancelling marks it interrupted. Before anything is begun, raises ProjectBusy
    while another program holds the project, and ImagesChanged where `changed` is `ask` and some have.
    """
    opened = Project.open(project)
    with held(opened.folder, "tlstudio train"), _opening(reporter) as told:
        started = working()
        if resume is None:
            settle(opened, images.list_images(opened, labeled=True), changed, told)
        if sentence := torn(images.list_images(opened, labeled=True)).sentence():
            told.report(Note(sentence))
        begun = _begin(opened, settings) if resume is None else _begin_again(opened, resume)
        at_first = partial(keep_within, opened, begun.id, begun.settings.device) if keep_first else nothing
        return complete(begun, started, told, at_first=at_first)


class _Opening(PassingReporter):
    """A training opens with the news that it has: sentences from before wait for it, and only what takes long is told at once."""

    PATIENCE_SECONDS = 2.0

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(reporter)
        self._waiting: list[Event] | None = []
        self._until = working() + self.PATIENCE_SECONDS

    def report(self, event: Event) -> None:
        if self._waiting is None or (isinstance(event, Progress) and working() > self._until):
            super().report(event)
        elif isinstance(event, Started):
            super().report(event)
            self.open()
        elif not isinstance(event, Progress):
            self._waiting.append(event)
        self.check_cancelled()

    def open(self) -> None:
        """Tells what has waited."""
        waiting, self._waiting = self._waiting, None
        for event in waiting or ():
            super().report(event)


@contextmanager
def _opening(reporter: Reporter) -> Iterator[Reporter]:
    """See `_Opening`. Where no training began, the sentences come before the reason."""
    made = _Opening(reporter)
    try:
        yield made
    except StudioError:
        made.open()
        raise


def _begin(project: Project, settings: TrainSettings) -> Begun:
    beginning = begin(project, settings)
    devices.choose(settings.device)
    classes, samples, settings = beginning.classes, beginning.samples, beginning.settings
    return Begun(project, runs.start_run(project, settings, classes), settings, classes, samples)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a training of these settings would learn from, and the settings with the size of the pictures that they come to."""

    classes: tuple[str, ...]
    samples: list[Sample]
    settings: TrainSettings


def begin(project: Project, settings: TrainSettings) -> Beginning:
    """Whether a training can begin, on whatever device. Raises NotEnoughImages, WeightsMissing, WrongUsage …"""
    classes, samples = collect(project)
    weights.require(settings.model)
    settings = _sized(project, settings)
    need_layers(weights.describe(settings.model).id, settings.layers)
    if settings.drop_path and settings.mode is not Mode.QUICK:
        need_branches(weights.describe(settings.model))
    return Beginning(classes, samples, settings)


def _sized(project: Project, settings: TrainSettings) -> TrainSettings:
    """Settings that say how large the pictures are that the model looks at, where that is not its own size."""
    if settings.input_size:
        return settings
    card = weights.describe(settings.model)
    size = size_for(project, card)
    return settings if size == card.input_size else replace(settings, input_size=size)


def _begin_again(project: Project, run: str) -> Begun:
    row = runs.reopen_run(project, run)
    return Begun(project, row.id, row.settings, row.classes)
