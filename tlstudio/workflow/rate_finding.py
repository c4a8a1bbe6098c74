"""Which learning rate suits these images: the training that is wished for is begun with rates that rise, and thrown away."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from tlstudio.catalog import weights
from tlstudio.domain.errors import WrongUsage, from_device_error
from tlstudio.domain.events import SILENT, Note, Reporter
from tlstudio.domain.rates import RateCurve
from tlstudio.domain.runs import Mode, TrainSettings
from tlstudio.storage.project import Project
from tlstudio.training import devices, rate_finder
from tlstudio.training.architecture import need_layers
from tlstudio.workflow.preparing import Preparation
from tlstudio.workflow.run_data import collect

log = logging.getLogger(__name__)


def find_rate(project: Path, settings: TrainSettings, reporter: Reporter = SILENT) -> RateCurve:
    """Tries learning rates for a training with these settings, whose own rate has no say. Makes no run and keeps no model.

    Pixels and features are kept, for the training that follows. Raises WrongUsage for the quick mode, which has no rate, and
    what `train` raises before its first step: NotEnoughImages, WeightsMissing, DeviceMissing, OutOfMemory …
    """
    if settings.mode is Mode.QUICK:
        raise WrongUsage("The quick mode has no learning rate.", remedy="Choose the balanced or the thorough mode.")
    opened = Project.open(project)
    classes, samples = collect(opened)
    need_layers(weights.describe(settings.model).id, settings.layers)
    free = replace(settings, learning_rate=0.0)
    way = Preparation(opened, free, classes=classes, samples=samples, reporter=reporter)
    try:
        return _search(way, reporter)
    except Exception as error:
        named = from_device_error(error)
        if named is None:
            raise
        log.exception("looking for a rate")
        raise named from error
    finally:
        devices.release(way.device)


def _search(way: Preparation, reporter: Reporter) -> RateCurve:
    ready = way.probed()
    look = way.look(ready.network, ready.probe.head, ready.data, ready.unseen)
    recipe = way.planned(ready.network, ready.data, look, images=len(ready.train), budget=None)
    reporter.report(Note("Trying learning rates, from one too small to one too large."))
    return rate_finder.find(ready.network, ready.data, recipe, device=way.device, reporter=reporter)
