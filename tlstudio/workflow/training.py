"""Training a run, from its first line in the database to its last; killed at any moment, it goes on from there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tlstudio.catalog import weights
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.runs import Mode, TrainResult, TrainSettings
from tlstudio.storage import images, runs
from tlstudio.storage.clocks import working
from tlstudio.storage.holding import held
from tlstudio.storage.project import Project
from tlstudio.training import devices
from tlstudio.training.architecture import need_layers
from tlstudio.training.network import need_branches
from tlstudio.workflow.completing import Begun, complete, nothing
from tlstudio.workflow.first_results import keep_within
from tlstudio.workflow.replaced import settle
from tlstudio.workflow.run_data import collect
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
    with held(opened.folder, "tlstudio train"):
        started = working()
        if resume is None:
            settle(opened, images.list_images(opened, labeled=True), changed, reporter)
        if sentence := torn(images.list_images(opened, labeled=True)).sentence():
            reporter.report(Note(sentence))
        begun = _begin(opened, settings) if resume is None else _begin_again(opened, resume)
        at_first = partial(keep_within, opened, begun.id, begun.settings.device) if keep_first else nothing
        return complete(begun, started, reporter, at_first=at_first)


def _begin(project: Project, settings: TrainSettings) -> Begun:
    classes, samples = collect(project)
    weights.require(settings.model)
    devices.choose(settings.device)
    need_layers(weights.describe(settings.model).id, settings.layers)
    if settings.drop_path and settings.mode is not Mode.QUICK:
        need_branches(weights.describe(settings.model))
    return Begun(project, runs.start_run(project, settings, classes), settings, classes, samples)


def _begin_again(project: Project, run: str) -> Begun:
    row = runs.reopen_run(project, run)
    return Begun(project, row.id, row.settings, row.classes)
